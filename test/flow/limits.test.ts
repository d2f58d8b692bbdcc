// Limits in time, as production has them: how often we ring, how often somebody may guess, how long an attempt lasts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Visited } from '../support/cookie-browser.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { errorOf } from '../support/relying-party.ts'
import { acr, type Flow, startFlow } from './flow.ts'
import { buttonsOn, isSignIn, type Person, stateOf, textOf } from './person.ts'

const phoneLevel = { acr_values: acr.phone }
const minute = 60_000
let clock: ManualClock
let flow: Flow
beforeAll(async () => {
  clock = manualClock(Date.now())
  flow = await startFlow({
    people: 8,
    clock,
    change(config) {
      config.factor.limits.callsPerTenMinutes = 3
      config.factor.limits.callsPerDay = 10
    },
  })
})
afterAll(() => flow.end())

async function calledAndDeclined(person: Person, page: Visited): Promise<Visited> {
  await person.beCalled(page)
  await person.until(page, 'ringing')
  await person.phone.act('decline')
  return person.until(page, 'declined')
}

describe('calls to one account', () => {
  it('are at most three within ten minutes; the fourth is refused and the page says when', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    let now = page
    for (let calls = 0; calls < 3; calls += 1) now = await calledAndDeclined(person, now)
    expect(buttonsOn(now)).not.toContain('call')
    expect(textOf(now)).toContain('You can ask for a call again in 10 minutes.')

    const refused = await person.send(page, { action: 'call' })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(600)
    expect(textOf(refused)).toContain('We have called you several times already. You can ask for the next call in 10 minutes.')
    expect(await person.phone.calls()).toHaveLength(3)

    // Another browser, another request: it is the account that is counted.
    expect(errorOf((await person.browser.submit(refused, { action: 'cancel' })).url)).toBe('access_denied')
    const other = person.elsewhere()
    const elsewhere = await other.askAndSignIn(flow.bank, phoneLevel)
    expect((await other.send(elsewhere.page, { action: 'call' })).status).toBe(429)

    await clock.advance(10 * minute)
    const later = await person.askAndSignIn(flow.bank, { ...phoneLevel, prompt: 'login' })
    expect((await person.confirm(later.page)).url).toContain('code=')
  })

  it('are at most ten a day', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    for (let calls = 0; calls < 10; calls += 1) {
      await person.phone.behave('busy')
      await person.beCalled(await person.reload(page))
      await person.until(page, 'busy')
      await clock.advance(4 * minute)
    }
    const refused = await person.send(page, { action: 'call' })
    expect(refused.status).toBe(429)
    expect(textOf(refused)).toMatch(/in 2[34] hours/)
  })
})

describe('wrong codes', () => {
  it('five in a row, over several attempts, block the phone for fifteen minutes', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    let wrong = page
    for (const tries of [3, 2]) {
      const code = await person.hearCode(await person.beCalled(wrong))
      wrong = await person.reload(page)
      for (let count = 0; count < tries; count += 1) wrong = await person.type(wrong, code === '000000' ? '000001' : '000000')
      expect(stateOf(wrong)).toBe('wrong-code')
    }
    expect(textOf(wrong)).toContain('Confirming by phone is blocked for your account. You can try again in 15 minutes.')
    expect(buttonsOn(wrong)).not.toContain('call')
    expect((await person.send(page, { action: 'call' })).status).toBe(403)
    expect(errorOf((await person.browser.submit(wrong, { action: 'cancel' })).url)).toBe('unmet_authentication_requirements')
    expect(errorOf((await person.ask(flow.bank, { ...phoneLevel, prompt: 'none' })).page.url)).toBe('unmet_authentication_requirements')

    await clock.advance(15 * minute)
    expect((await person.go(flow.bank, phoneLevel)).claims()).toMatchObject({ acr: acr.phone })
  })

  it('are forgotten by a right one', async () => {
    const person = flow.somebody()
    for (let rounds = 0; rounds < 3; rounds += 1) {
      const { page } = await person.ask(flow.bank, { ...phoneLevel, prompt: 'login' })
      const phonePage = await person.signIn(page)
      const code = await person.hearCode(await person.beCalled(phonePage))
      let typed = await person.reload(phonePage)
      for (let count = 0; count < 2; count += 1) typed = await person.type(typed, code === '000000' ? '000001' : '000000')
      expect((await person.type(typed, code)).url).toContain('code=')
    }
  })
})

describe('an attempt', () => {
  it('runs out three minutes after its call began: the code no longer works, another call brings a new one', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const code = await person.hearCode(await person.beCalled(page))
    await clock.advance(3 * minute - 1000)
    expect(stateOf(await person.reload(page))).toBe('told')
    await clock.advance(1000)
    const expired = await person.until(page, 'expired')
    expect(textOf(expired)).toContain('The time has run out')
    expect(expired.$('input[name="code"]')).toHaveLength(0)
    const late = await person.send(page, { action: 'verify', code })
    expect(late.status).toBe(409)
    expect(textOf(late)).toContain('That attempt has ended. Ask for another call.')
    expect((await person.confirm(await person.reload(page))).url).toContain('code=')
  })

  it('that was reported blocks the phone for a day, and not longer', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    await person.beCalled(page)
    await person.phone.answer()
    await person.phone.key('9')
    // In the gate's place a lone 9 is a command once no second key follows.
    await clock.advance(5000)
    await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(errorOf((await person.reload(page)).url)).toBe('access_denied')

    await clock.advance(23 * 60 * minute)
    const blocked = await person.ask(flow.bank, phoneLevel)
    const signedIn = isSignIn(blocked.page) ? await person.signIn(blocked.page) : blocked.page
    expect(textOf(signedIn)).toContain('Confirming by phone is blocked for your account')
    await clock.advance(60 * minute)
    expect((await person.confirm(await person.reload(signedIn))).url).toContain('code=')
  })
})
