// The right digits on the wrong side, at the wrong moment, or in the wrong ear. A spoken code is typed, a keyed one keyed; nothing else is anything.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { gateOn, shownCodeOn, stateOf, textOf } from '../flow/person.ts'
import { type HeardCall, spokenCode } from '../support/handset.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { callback, errorOf } from '../support/relying-party.ts'
import { onPhonePage, post, type Scene, startScene, told } from './scene.ts'

let clock: ManualClock
let scene: Scene
beforeAll(async () => {
  clock = manualClock(Date.now())
  scene = await startScene({ people: 16, clock, change: (config) => addClient(config, 'spoken-only', { policy: { modes: ['spoken'] } }) })
})
afterAll(() => scene.end())

const hasEnded = (call: HeardCall) => call.status === 'completed'
const toldDigits = (call: HeardCall) => call.heard.some(({ text }) => /^\d( \d)+$/.test(text))

describe('the code on the other side', () => {
  it('a keyed code typed on the page does nothing; keyed in its call it confirms', async () => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    const calling = await victim.beCalled(asked.page, { mode: 'keyed' })
    await victim.phone.answer()
    const page = await victim.until(calling, 'answered')
    const code = shownCodeOn(page)
    expect(code).toMatch(/^\d{6}$/)
    for (let turn = 0; turn < 5; turn += 1) expect((await post(victim.browser, page.url, { action: 'verify', code })).status).toBe(409)
    const { challenge } = await scene.newest()
    expect(await scene.count('code.wrong', challenge)).toBe(0)
    expect(await scene.count('code.right', challenge)).toBe(0)
    await victim.phone.key(code)
    await victim.phone.until('the call has ended', hasEnded)
    const back = await victim.reload(page)
    expect((await asked.finish(back)).claims()).toMatchObject({ acr: 'urn:ringback:acr:phone' })
  })

  it('a spoken code keyed on the telephone confirms nothing, counts nothing and blocks nobody', async () => {
    const victim = scene.somebody()
    const { asked, page, code, challenge } = await told(victim, scene)
    const { call } = await scene.newest()
    const [{ sid } = { sid: '' }] = await victim.phone.calls()
    // As a carrier reports it that waits for a whole entry, and key by key.
    await scene.callBack(call, 'keys/2', sid, { params: { Digits: code } })
    await victim.phone.key('5')
    expect(stateOf(await victim.reload(page))).toBe('told')
    for (const type of ['code.right', 'code.wrong', 'challenge.reported', 'factor.blocked']) expect(await scene.count(type, challenge)).toBe(0)
    expect((await asked.finish(await victim.type(page, code))).claims()).toMatchObject({ acr: 'urn:ringback:acr:phone' })
  })

  it('a spoken code that begins with a nine, keyed on the telephone, is no lone nine: it reports nothing', async () => {
    const victim = scene.somebody()
    const { page, challenge } = await told(victim, scene)
    await victim.phone.key('912345')
    expect(stateOf(await victim.reload(page))).toBe('told')
    expect(await scene.count('factor.blocked', challenge)).toBe(0)
  })

  it('the gate typed as a code, and the code keyed as a gate, are neither', async () => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    const calling = await victim.beCalled(asked.page, { mode: 'spoken' })
    await victim.phone.answer()
    const page = await victim.until(calling, 'answered')
    expect((await post(victim.browser, page.url, { action: 'verify', code: gateOn(page) })).status).toBe(422)
    expect((await post(victim.browser, page.url, { action: 'verify', code: gateOn(page).repeat(3) })).status).toBe(409)
    expect(stateOf(await victim.reload(page))).toBe('answered')
  })

  it('a way of confirming that this client does not take is not offered, and not done when it is asked for', async () => {
    const attacker = scene.somebody()
    const asked = await attacker.askAndSignIn(await scene.client('spoken-only'), { acr_values: 'urn:ringback:acr:phone' })
    expect((await post(attacker.browser, asked.page.url, { action: 'call', mode: 'keyed' })).status).toBe(400)
    expect(await attacker.phone.calls()).toEqual([])
    // Confirmed by keys for the bank, in the same session, it still is not confirmed for this one.
    const bank = await attacker.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone' })
    const calling = await attacker.beCalled(bank.page, { mode: 'keyed' })
    await attacker.phone.answer()
    await attacker.phone.key(shownCodeOn(await attacker.until(calling, 'answered')))
    await attacker.phone.until('the call has ended', hasEnded)
    expect((await attacker.reload(calling)).url).toContain(`${callback}?code=`)
    expect(stateOf(await attacker.reload(asked.page))).toBe('idle')
  })
})

describe('keys at the wrong moment', () => {
  it('pressed while it rings, or into a greeting, they are lost: a greeting with tones hears no code (T-5.21, Vigo)', async () => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    await victim.phone.behave('greeting-with-tones')
    const calling = await victim.beCalled(asked.page, { mode: 'spoken' })
    const call = await victim.phone.until('it is asked for keys', ({ gathering }) => gathering !== null)
    expect(toldDigits(call)).toBe(false)
    const page = await victim.until(calling, 'answered')
    // Nobody keys anything from here on.
    await clock.advance(21_000)
    const ended = await victim.phone.until('the call has ended', hasEnded)
    expect(toldDigits(ended)).toBe(false)
    expect(stateOf(await victim.until(page, 'nothing-keyed'))).toBe('nothing-keyed')
    expect(await scene.count('code.told', (await scene.newest()).challenge)).toBe(0)
  })

  it('pressed before the answer they are not taken', async () => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    const calling = await victim.beCalled(asked.page, { mode: 'spoken' })
    await victim.until(calling, 'ringing')
    expect((await victim.phone.key('0123456789')).status).toBe(409)
    expect(stateOf(await victim.reload(calling))).toBe('ringing')
  })

  it('a voicemail hears not one digit (T-5.20)', async () => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    await victim.phone.behave('voicemail')
    const calling = await victim.beCalled(asked.page, { mode: 'spoken' })
    const call = await victim.phone.until('it has ended', hasEnded)
    expect(call.heard.map(({ text }) => text).join(' ')).not.toMatch(/\d/)
    const page = await victim.until(calling, 'machine')
    expect(gateOn(page)).toBe('')
    expect(textOf(page)).toContain('A machine answered')
  })

  it.each(['spoken', 'keyed'])('a voicemail that passes for a person hears not one digit either (%s)', async (mode) => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    await victim.phone.behave('answer')
    const calling = await victim.beCalled(asked.page, { mode })
    await victim.phone.until('it is asked for keys', ({ gathering }) => gathering !== null)
    await victim.until(calling, 'answered')
    await clock.advance(21_000)
    const ended = await victim.phone.until('the call has ended', hasEnded)
    expect(ended.heard.map(({ text }) => text).join(' ')).not.toMatch(/\d/)
    const page = await victim.until(calling, 'nothing-keyed')
    expect([gateOn(page), shownCodeOn(page)]).toEqual(['', ''])
  })

  it('a wrong gate ends the call: one try, nothing told, nothing counted as a wrong code', async () => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    const calling = await victim.beCalled(asked.page, { mode: 'spoken' })
    await victim.phone.answer()
    const gate = gateOn(await victim.until(calling, 'answered'))
    await victim.phone.key(String((Number(gate) + 1) % 100).padStart(2, '0'))
    const ended = await victim.phone.until('the call has ended', hasEnded)
    expect(spokenCode(ended)).toBeUndefined()
    expect(stateOf(await victim.reload(calling))).toBe('wrong-gate')
    expect((await victim.phone.key(gate)).status).toBe(409)
    const { challenge } = await scene.newest()
    expect(await scene.count('code.told', challenge)).toBe(0)
    expect(await scene.count('code.wrong', challenge)).toBe(0)
  })
})

describe('"this was not me"', () => {
  it('a lone nine in the call ends the sign-in that started it and blocks the account for a day', async () => {
    const attacker = scene.somebody()
    const asked = await onPhonePage(attacker, scene)
    const calling = await attacker.beCalled(asked.page, { mode: 'spoken' })
    await attacker.phone.answer()
    const gate = gateOn(await attacker.until(calling, 'answered'))
    await attacker.phone.key('9')
    await clock.advance(5_000)
    const ended = await attacker.phone.until('the call has ended', hasEnded)
    expect(spokenCode(ended)).toBeUndefined()
    expect((await attacker.phone.key(gate)).status).toBe(409)
    const { challenge } = await scene.newest()
    expect(await scene.count('challenge.reported', challenge)).toBe(1)
    expect(errorOf((await attacker.reload(calling)).url)).toBe('access_denied')

    const elsewhere = attacker.elsewhere()
    const again = await onPhonePage(elsewhere, scene)
    const refused = await post(elsewhere.browser, again.page.url, { action: 'call' })
    expect(refused.status).toBe(403)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(86_000)
    await clock.advance(24 * 60 * 60 * 1000)
    const later = attacker.elsewhere()
    expect(stateOf((await onPhonePage(later, scene)).page)).toBe('idle')
  })

  it('is heard although the code was typed a moment before: what that gained is taken back', async () => {
    const attacker = scene.somebody()
    const { page, code, challenge } = await told(attacker, scene)
    const { call } = await scene.newest()
    const [{ sid } = { sid: '' }] = await attacker.phone.calls()
    // The key was pressed before the voice could say goodbye.
    const [, nine] = await Promise.all([
      post(attacker.browser, page.url, { action: 'verify', code }),
      scene.callBack(call, 'keys/2', sid, { params: { Digits: '9' } }),
    ])
    expect(nine.status).toBe(200)
    expect(await scene.count('challenge.reported', challenge)).toBe(1)
    expect(errorOf((await attacker.reload(page)).url)).toBe('access_denied')
    const silent = await attacker.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone', prompt: 'none' })
    expect(errorOf(silent.page.url)).toBe('unmet_authentication_requirements')
  })

  it('clicked at the moment in which the code is typed, wins', async () => {
    const attacker = scene.somebody()
    const { page, code, challenge } = await told(attacker, scene)
    await Promise.all([
      ...Array.from({ length: 5 }, () => post(attacker.browser, page.url, { action: 'verify', code })),
      post(attacker.browser, page.url, { action: 'not-me' }),
      ...Array.from({ length: 5 }, () => post(attacker.browser, page.url, { action: 'verify', code })),
    ])
    expect(await scene.count('challenge.reported', challenge)).toBe(1)
    const back = await attacker.reload(page)
    expect(back.url).not.toContain('code=')
    const silent = await attacker.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone', prompt: 'none' })
    expect(errorOf(silent.page.url)).toBe('unmet_authentication_requirements')
  })
})
