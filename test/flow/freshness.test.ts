// How long a password and a call count, for whom, and what auth_time says.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { errorOf } from '../support/relying-party.ts'
import { acr, addClient, amr, type Flow, startFlow } from './flow.ts'
import { isPhone, isSignIn } from './person.ts'

const phoneLevel = { acr_values: acr.phone }
const minute = 60_000
const hour = 60 * minute
let clock: ManualClock
let flow: Flow
beforeAll(async () => {
  clock = manualClock(Date.now())
  flow = await startFlow({
    people: 16,
    clock,
    change(config) {
      addClient(config, 'hourly', { policy: { phoneMaxAge: 3600 } })
      addClient(config, 'impatient', { defaultMaxAgeSeconds: 300 })
      addClient(config, 'every-time', { policy: { phoneMaxAge: 0 } })
      addClient(config, 'forgetful', { policy: { passwordMaxAge: 3600 } })
    },
  })
})
afterAll(() => flow.end())

function now(): number {
  return Math.floor(clock.now() / 1000)
}

describe('a session that', () => {
  it('already has the password is only called', async () => {
    const person = flow.somebody()
    await person.go(flow.bank)
    const { page, finish } = await person.ask(flow.bank, phoneLevel)
    expect(isPhone(page)).toBe(true)
    expect((await finish(await person.confirm(page))).claims()).toMatchObject({ acr: acr.phone, amr: amr.phone })
  })

  it('already has the call is not called again, and auth_time stays that of the call', async () => {
    const person = flow.somebody()
    await person.go(flow.bank)
    await clock.advance(5 * minute)
    const first = await person.go(flow.bank, phoneLevel)
    expect(first.claims()?.auth_time).toBe(now())
    await clock.advance(5 * minute)
    const second = await person.go(flow.bank, phoneLevel)
    expect(second.claims()?.auth_time).toBe(first.claims()?.auth_time)
    expect(await person.phone.calls()).toHaveLength(1)
  })
})

describe('a call counts as long as', () => {
  it('the policy of the client says, and not a second longer', async () => {
    const person = flow.somebody()
    const hourly = await flow.client('hourly')
    await person.go(hourly, phoneLevel)
    await clock.advance(hour)
    expect((await person.ask(hourly, phoneLevel)).page.url).toContain('code=')
    await clock.advance(1000)
    const { page, finish } = await person.ask(hourly, phoneLevel)
    expect(isPhone(page)).toBe(true)
    expect((await finish(await person.confirm(page))).claims()).toMatchObject({ acr: acr.phone, auth_time: now() })
    expect(await person.phone.calls()).toHaveLength(2)
  })

  it('max_age of the request says: then a call is made, and the password is not asked for', async () => {
    const person = flow.somebody()
    await person.go(flow.bank, phoneLevel)
    await clock.advance(6 * minute)
    expect((await person.ask(flow.bank, { ...phoneLevel, max_age: '360' })).page.url).toContain('code=')
    const { page, finish } = await person.ask(flow.bank, { ...phoneLevel, max_age: '300' })
    expect(isPhone(page)).toBe(true)
    const claims = (await finish(await person.confirm(page))).claims()
    expect(claims).toMatchObject({ acr: acr.phone, amr: amr.phone, auth_time: now() })
  })

  it('the default_max_age of the client says', async () => {
    const person = flow.somebody()
    const impatient = await flow.client('impatient')
    await person.go(impatient, phoneLevel)
    expect((await person.ask(impatient, phoneLevel)).page.url).toContain('code=')
    await clock.advance(5 * minute + 1000)
    const { page, finish } = await person.ask(impatient, phoneLevel)
    expect(isPhone(page)).toBe(true)
    expect((await finish(await person.confirm(page))).claims()).toMatchObject({ auth_time: now() })
    // Another client, with another opinion of what is fresh, in the same session.
    expect((await person.ask(flow.bank, phoneLevel)).page.url).toContain('code=')
  })

  it('with prompt=none a stale call is interaction_required', async () => {
    const person = flow.somebody()
    await person.go(flow.bank, phoneLevel)
    await clock.advance(6 * minute)
    const { page } = await person.ask(flow.bank, { ...phoneLevel, max_age: '300', prompt: 'none' })
    expect(errorOf(page.url)).toBe('interaction_required')
  })
})

describe('a password counts', () => {
  it('no longer than max_age for the password level: then it is asked for, and nobody is called', async () => {
    const person = flow.somebody()
    await person.go(flow.bank)
    await clock.advance(6 * minute)
    const { page, finish } = await person.ask(flow.bank, { acr_values: acr.password, max_age: '300' })
    expect(isSignIn(page)).toBe(true)
    expect((await finish(await person.signIn(page))).claims()).toMatchObject({ acr: acr.password, auth_time: now() })
    expect(await person.phone.calls()).toEqual([])
  })

  it('as long as the policy says, also behind a call: then the password alone is asked for, and makes the call look no younger', async () => {
    const person = flow.somebody()
    const forgetful = await flow.client('forgetful')
    await person.go(forgetful, phoneLevel)
    const calledAt = now()
    await clock.advance(hour + minute)
    const { page, finish } = await person.ask(forgetful, phoneLevel)
    expect(isSignIn(page)).toBe(true)
    expect((await finish(await person.signIn(page))).claims()).toMatchObject({ acr: acr.phone, amr: amr.phone, auth_time: calledAt })
    expect(await person.phone.calls()).toHaveLength(1)
  })
})

describe('asking for everything anew', () => {
  it.each([
    ['prompt=login', { prompt: 'login' }],
    ['max_age=0', { max_age: '0' }],
  ])('by %s with the phone level means the password and a new call, however fresh both are', async (_, anew) => {
    const person = flow.somebody()
    await person.go(flow.bank, phoneLevel)
    await clock.advance(minute)
    const { page, finish } = await person.ask(flow.bank, { ...phoneLevel, ...anew })
    expect(isSignIn(page)).toBe(true)
    const phonePage = await person.signIn(page)
    expect(isPhone(phonePage)).toBe(true)
    expect((await finish(await person.confirm(phonePage))).claims()).toMatchObject({ acr: acr.phone, amr: amr.phone, auth_time: now() })
    expect(await person.phone.calls()).toHaveLength(2)
  })

  it('by prompt=login without a level asks for the password only, and the call of before is not claimed', async () => {
    const person = flow.somebody()
    await person.go(flow.bank, phoneLevel)
    const { page, finish } = await person.ask(flow.bank, { prompt: 'login' })
    expect(isSignIn(page)).toBe(true)
    expect((await finish(await person.signIn(page))).claims()).toMatchObject({ acr: acr.password, amr: amr.password })
    // The session as a whole has lost nothing by it.
    expect((await person.go(flow.bank, phoneLevel)).claims()).toMatchObject({ acr: acr.phone })
    expect(await person.phone.calls()).toHaveLength(1)
  })
})

describe('a client that is called for every time', () => {
  it('gets a new call with each request, and none of them raises the session', async () => {
    const person = flow.somebody()
    const everyTime = await flow.client('every-time')
    for (const calls of [1, 2]) {
      const claims = (await person.go(everyTime, phoneLevel)).claims()
      expect(claims).toMatchObject({ acr: acr.phone, amr: amr.phone, auth_time: now() })
      expect(await person.phone.calls()).toHaveLength(calls)
      await clock.advance(minute)
    }
    expect((await person.go(everyTime)).claims()).toMatchObject({ acr: acr.password, amr: amr.password })
    expect((await person.go(flow.bank)).claims()).toMatchObject({ acr: acr.password })
    expect(isPhone((await person.ask(flow.bank, phoneLevel)).page)).toBe(true)
  })

  it('is not satisfied by a call that another client asked for', async () => {
    const person = flow.somebody()
    await person.go(flow.bank, phoneLevel)
    expect(isPhone((await person.ask(await flow.client('every-time'), phoneLevel)).page)).toBe(true)
  })
})

describe('two clients in one session', () => {
  it('each get what they ask for, and the lower one does not erase the higher', async () => {
    const person = flow.somebody()
    const hourly = await flow.client('hourly')
    const high = await person.go(flow.bank, phoneLevel)
    await clock.advance(minute)
    expect((await person.go(hourly, { acr_values: acr.password })).claims()).toMatchObject({ acr: acr.password, amr: amr.password })
    await clock.advance(minute)
    expect((await person.go(flow.bank, phoneLevel)).claims()).toMatchObject({ acr: acr.phone, auth_time: high.claims()?.auth_time })
    // A new password in between does not erase it either.
    const relogin = await person.ask(hourly, { acr_values: acr.password, prompt: 'login' })
    await relogin.finish(await person.signIn(relogin.page))
    expect((await person.ask(flow.bank, { ...phoneLevel, prompt: 'none' })).page.url).toContain('code=')
    expect(await person.phone.calls()).toHaveLength(1)
  })
})
