// Saying no: to the client in the protocol's words, to the person in ours.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spokenCode } from '../support/handset.ts'
import { callback, errorOf } from '../support/relying-party.ts'
import { acr, type Flow, startFlow } from './flow.ts'
import { buttonsOn, gateOn, isPhone, isSignIn, type Person, stateOf, textOf } from './person.ts'

const phoneLevel = { acr_values: acr.phone }
let flow: Flow
beforeAll(async () => {
  flow = await startFlow({ people: 14 })
})
afterAll(() => flow.end())

function errorTextOf(url: string): string | null {
  return new URL(url).searchParams.get('error_description')
}

describe('a person who gives up', () => {
  it('at the sign-in: the client is told access_denied', async () => {
    const person = flow.somebody()
    const { page } = await person.ask(flow.bank, phoneLevel)
    const back = await person.browser.submit(page, { action: 'cancel' })
    expect(back.url.startsWith(callback)).toBe(true)
    expect(errorOf(back.url)).toBe('access_denied')
    expect(isSignIn((await person.ask(flow.bank)).page)).toBe(true)
  })

  it('before the call: access_denied, and the session keeps the password', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    expect(errorOf((await person.browser.submit(page, { action: 'cancel' })).url)).toBe('access_denied')
    expect((await person.go(flow.bank)).claims()).toMatchObject({ acr: acr.password })
    expect(await person.phone.calls()).toEqual([])
  })

  it('while the phone rings: it stops ringing, and access_denied', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const ringing = await person.until(await person.beCalled(page), 'ringing')
    expect(errorOf((await person.browser.submit(ringing, { action: 'cancel' })).url)).toBe('access_denied')
    await person.phone.until('it stops ringing', ({ status }) => status === 'canceled')
  })

  it('during the call: the voice says so and hangs up, and access_denied', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page)
    await person.phone.answer()
    const back = await person.browser.submit(await person.reload(calling), { action: 'cancel' })
    expect(errorOf(back.url)).toBe('access_denied')
    const call = await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(call.heard.at(-1)?.text).toContain('ended on the page')
  })
})

describe('wrong credentials', () => {
  it('are told apart by nothing: an unknown user and a wrong password get the same answer', async () => {
    const person = flow.somebody()
    const { page } = await person.ask(flow.bank)
    const wrong = await person.browser.submit(page, { username: person.username, password: 'not this one', action: 'sign-in' })
    const unknown = await person.browser.submit(page, { username: 'nobody-here', password: 'not this one', action: 'sign-in' })
    expect([wrong.status, unknown.status]).toEqual([401, 401])
    expect(textOf(wrong)).toContain('User name and password do not belong together')
    expect(textOf(unknown)).toBe(textOf(wrong))
    expect((await person.signIn(wrong)).url).toContain('code=')
  })

  it('that are missing are asked for', async () => {
    const person = flow.demo('demo')
    const { page } = await person.ask(flow.bank)
    const missing = await person.browser.submit(page, { username: 'demo', password: '', action: 'sign-in' })
    expect(missing.status).toBe(422)
    expect(textOf(missing)).toContain('Fill in every field')
    expect(missing.$('input[name="username"]').attr('value')).toBe('demo')
  })
})

describe('"this was not me"', () => {
  async function expectBlocked(person: Person): Promise<void> {
    // Whoever has the password still signs in, but nobody is called any more.
    const { page } = await person.ask(flow.bank, phoneLevel)
    expect(isPhone(page)).toBe(true)
    expect(textOf(page)).toContain('Confirming by phone is blocked for your account. You can try again in 24 hours.')
    expect(buttonsOn(page)).not.toContain('call')
    const calls = (await person.phone.calls()).length
    const refused = await person.send(page, { action: 'call', mode: 'spoken' })
    expect(refused.status).toBe(403)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(23 * 60 * 60)
    expect(await person.phone.calls()).toHaveLength(calls)
    expect(errorOf((await person.browser.submit(page, { action: 'cancel' })).url)).toBe('unmet_authentication_requirements')
  }

  it('on the page ends the sign-in and blocks the phone for a day', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const ringing = await person.until(await person.beCalled(page), 'ringing')
    const back = await person.browser.submit(ringing, { action: 'not-me' })
    expect(errorOf(back.url)).toBe('access_denied')
    expect(errorTextOf(back.url)).toBe('the End-User did not start this')
    await person.phone.until('it stops ringing', ({ status }) => status === 'canceled')
    await expectBlocked(person)
  })

  it('as key 9 in the call ends the sign-in and blocks the phone for a day', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page)
    const code = await person.hearCode(calling)
    await person.phone.key('9')
    const call = await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(call.heard.at(-1)?.text).toContain('The sign-in was stopped')

    const shown = await person.browser.request(calling.url)
    const html = await shown.text()
    expect(html).toContain('data-state="reported"')
    expect(html).toContain('We stopped it')
    const typed = await person.send(calling, { action: 'verify', code })
    expect(typed.body).not.toContain('code=')
    expect(errorOf((await person.reload(calling)).url)).toBe('access_denied')
    await expectBlocked(person)
  })
})

describe('an account without a phone', () => {
  it('is told so, and the client that its demand is unmet', async () => {
    const person = flow.demo('nophone')
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    expect(page.status).toBe(200)
    expect(textOf(page)).toContain('There is no phone on your account')
    expect(textOf(page)).toContain('Harbour Bank asks us to confirm you by a phone call')
    const back = await person.browser.submit(page, { action: 'cancel' })
    expect(errorOf(back.url)).toBe('unmet_authentication_requirements')
    expect((await person.go(flow.bank)).claims()).toMatchObject({ acr: acr.password })
  })
})

describe('prompt=none', () => {
  const none = { ...phoneLevel, prompt: 'none' }

  it('without a session is login_required', async () => {
    expect(errorOf((await flow.somebody().ask(flow.bank, none)).page.url)).toBe('login_required')
  })

  it('is interaction_required where a call could help, and nobody is called', async () => {
    const person = flow.somebody()
    await person.go(flow.bank)
    expect(errorOf((await person.ask(flow.bank, none)).page.url)).toBe('interaction_required')
    expect(await person.phone.calls()).toEqual([])
  })

  it('is unmet where no call could help', async () => {
    const person = flow.demo('nophone')
    await person.go(flow.bank)
    expect(errorOf((await person.ask(flow.bank, none)).page.url)).toBe('unmet_authentication_requirements')
  })

  it('is answered at once, without any page, when the session has what is asked for', async () => {
    const person = flow.somebody()
    await person.go(flow.bank, phoneLevel)
    const { url, finish } = await flow.bank.request(none)
    const answer = await person.browser.request(url)
    const location = answer.headers.get('location') ?? ''
    expect(answer.status).toBe(303)
    expect(location.startsWith(`${callback}?code=`)).toBe(true)
    expect((await finish(location)).claims()).toMatchObject({ acr: acr.phone })
    expect(await person.phone.calls()).toHaveLength(1)
  })
})

describe('a call that is going on already', () => {
  it('is not disturbed from another browser: there it is refused, and both are told', async () => {
    const person = flow.somebody()
    const other = person.elsewhere()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page)
    const answered = await person.phone.answer()

    const elsewhere = await other.askAndSignIn(flow.bank, phoneLevel)
    const refused = await other.beCalled(elsewhere.page)
    expect([refused.status, stateOf(refused)]).toEqual([409, 'idle'])
    expect(textOf(refused)).toContain('A call for your account is in progress from another place')
    expect(textOf(await person.reload(calling))).toContain('Somebody just asked for another call to you, from another place')
    expect(await person.phone.calls()).toHaveLength(1)

    await person.phone.key(gateOn(await person.reload(calling)), answered.sid)
    const told = await person.phone.until('the code is told', (call) => spokenCode(call) !== undefined)
    const stolen = await other.send(refused, { action: 'verify', code: spokenCode(told) ?? '' })
    expect(stolen.status).toBe(409)
    expect((await person.type(await person.reload(calling), spokenCode(told) ?? '')).url).toContain('code=')
    // Once it has ended, it is the other's turn; what was confirmed here is nothing to the other.
    expect((await other.confirm(await other.reload(refused))).url).toContain('code=')
  })
})

describe('the form of the call', () => {
  it('calls no phone but those of the account', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    for (const phone of ['+12025550199', 'someone-elses', '']) {
      const refused = await person.send(page, { action: 'call', phone })
      expect(refused.status).toBe(400)
      expect(textOf(refused)).toContain('That phone is not on your account')
    }
    expect(await person.phone.calls()).toEqual([])
    expect(stateOf(await person.reload(page))).toBe('idle')
  })

  it('sent from another site does nothing', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const body = new URLSearchParams({ action: 'call', mode: 'spoken' })
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: flow.ringback.bankUrl }, {}]) {
      expect((await person.browser.request(page.url, { method: 'POST', body, headers })).status).toBe(403)
    }
    expect(await person.phone.calls()).toEqual([])
  })
})
