// Playing the carrier: callbacks that are forged, replayed, late, early, out of order, or another call's.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gateOn, type Person, shownCodeOn, stateOf } from '../flow/person.ts'
import type { Visited } from '../support/cookie-browser.ts'
import { type Forgery, onPhonePage, type Scene, startScene, told, wrongCodes } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ people: 14 })
})
afterAll(() => scene.end())

interface Answered {
  who: Person
  page: Visited
  /** Our id of the call, and the carrier's. */
  call: string
  sid: string
  challenge: string
  /** The gate, or in mode `keyed` the code. */
  digits: string
}

/** Somebody whose call is answered and asks for keys: the step with number 1. */
async function answered(mode: 'spoken' | 'keyed'): Promise<Answered> {
  const who = scene.somebody()
  const asked = await onPhonePage(who, scene)
  const calling = await who.beCalled(asked.page, { mode })
  const { sid } = await who.phone.answer()
  const page = await who.until(calling, 'answered')
  return { who, page, sid, ...(await scene.newest()), digits: mode === 'spoken' ? gateOn(page) : shownCodeOn(page) }
}

const otherGate = (gate: string) => wrongCodes(gate, 1)[0] ?? ''
const noCode = /\d \d/

describe('a forged callback (T-5.25)', () => {
  let victim: Answered
  beforeAll(async () => {
    victim = await answered('spoken')
  })

  const publicUrl = () => scene.ringback.config.voice.publicUrl
  const forgeries: [string, (victim: Answered) => Forgery][] = [
    ['no signature', () => ({ signature: null })],
    ['an empty signature', () => ({ signature: '' })],
    ['a signature of nonsense', () => ({ signature: 'bm9uc2Vuc2U=' })],
    ["somebody else's token", () => ({ token: '0123456789abcdef0123456789abcdef' })],
    ['no token', () => ({ token: '' })],
    ['a signature for another host', ({ call }) => ({ signedUrl: `https://evil.example/voice/calls/${call}/keys/1` })],
    ['a signature for another call', () => ({ signedUrl: `${publicUrl()}/calls/another.1/keys/1` })],
    ['a signature for another step', ({ call }) => ({ signedUrl: `${publicUrl()}/calls/${call}/keys/2` })],
    ['other keys than were signed', ({ digits, sid }) => ({ params: { Digits: otherGate(digits) }, body: `CallSid=${sid}&Digits=${digits}` })],
    ['keys added to what was signed', ({ digits, sid }) => ({ body: `CallSid=${sid}&Digits=${digits}` })],
    ['an account that is not ours', () => ({ params: { AccountSid: `AC${'0'.repeat(32)}` } })],
    ['a call reference of no form', () => ({ params: { CallSid: 'CA; DROP TABLE records' } })],
    ['keys that no telephone has', () => ({ params: { Digits: '4x' } })],
    ['more keys than anybody presses', () => ({ params: { Digits: '1'.repeat(5000) } })],
  ]
  it.each(forgeries)('with %s is 403, and nothing happens', async (_, forge) => {
    const before = await scene.auditOf()
    const forgery = forge(victim)
    const answer = await scene.callBack(victim.call, 'keys/1', victim.sid, { ...forgery, params: { Digits: victim.digits, ...forgery.params } })
    expect(answer).toEqual({ status: 403, body: '' })
    expect(await scene.auditOf()).toEqual(before)
    expect(stateOf(await victim.who.reload(victim.page))).toBe('answered')
  })

  it.each([
    ['x-forwarded-host', 'evil.example'],
    ['x-original-url', '/voice/calls/another.1/keys/1'],
    ['forwarded', 'host=evil.example;proto=https'],
  ])('is not made genuine by %s (ZITADEL GHSA-2wmj-46rj-qm2w)', async (name, value) => {
    const answer = await fetch(`${publicUrl()}/calls/${victim.call}/keys/1`, {
      method: 'POST',
      headers: { [name]: value, 'x-twilio-signature': 'bm9uc2Vuc2U=' },
      body: new URLSearchParams({ Digits: victim.digits, CallSid: victim.sid }),
    })
    expect(answer.status).toBe(403)
  })

  it('is no GET, and has no other address', async () => {
    expect((await fetch(`${publicUrl()}/calls/${victim.call}/keys/1?Digits=${victim.digits}`)).status).toBe(405)
    for (const rest of ['keys', 'keys/-1', 'keys/1/', 'keys/01x', 'keys/1?Digits=42', 'told', '../answered', 'keys/99999999999'])
      expect((await scene.callBack(victim.call, rest, victim.sid, { params: { Digits: victim.digits } })).status).toBe(404)
    expect(stateOf(await victim.who.reload(victim.page))).toBe('answered')
  })

  it('of more than anybody sends is not read', async () => {
    expect((await scene.callBack(victim.call, 'keys/1', victim.sid, { body: `Digits=${'1'.repeat(100_000)}` })).status).toBe(413)
  })
})

describe("another call's callback, validly signed", () => {
  it("does not move a call, and is not told its code: keys under the victim's call with the attacker's reference", async () => {
    const victim = await answered('spoken')
    const attacker = await answered('spoken')
    const before = await scene.auditOf()
    const keys = await scene.callBack(victim.call, 'keys/1', attacker.sid, { params: { Digits: victim.digits } })
    expect(keys.body).toContain('<Hangup/>')
    expect(keys.body).not.toMatch(noCode)
    for (const status of ['completed', 'busy', 'failed'])
      await scene.callBack(victim.call, 'status', attacker.sid, { params: { CallStatus: status } })
    expect((await scene.callBack(victim.call, 'answered', attacker.sid)).body).not.toContain('<Gather')
    expect(await scene.auditOf()).toEqual(before)
    expect(stateOf(await victim.who.reload(victim.page))).toBe('answered')
    // The victim's own telephone goes on as if nothing had been.
    await victim.who.phone.key(victim.digits)
    await victim.who.until(victim.page, 'told')
  })

  it('of a call that is not there, or not any more, hangs up and says nothing', async () => {
    const victim = await answered('spoken')
    const again = await victim.who.elsewhere()
    expect(again.username).toBe(victim.who.username)
    for (const call of ['nobody.1', `${victim.challenge}.2`, `${victim.challenge}`, `.1`, '__proto__.1']) {
      const answer = await scene.callBack(call, 'answered', victim.sid)
      expect(answer.body).toContain('<Hangup/>')
      expect(answer.body).not.toContain('<Say')
    }
    expect(stateOf(await victim.who.reload(victim.page))).toBe('answered')
  })
})

describe('a replayed callback', () => {
  it('for the gate does not move the call and does not use up its one try', async () => {
    const { who, page, call, sid, digits, challenge } = await answered('spoken')
    await who.phone.key(digits)
    await who.phone.until('the code is told', ({ heard }) => heard.some(({ text }) => noCode.test(text)))
    const before = await scene.auditOf(challenge)
    for (const Digits of [digits, otherGate(digits), '9', '']) await scene.callBack(call, 'keys/1', sid, { params: { Digits } })
    await scene.callBack(call, 'silence/1', sid)
    await scene.callBack(call, 'answered', sid)
    expect(await scene.auditOf(challenge)).toEqual(before)
    expect(stateOf(await who.reload(page))).toBe('told')
  })

  it('of a wrong keyed code, 20 times at once, is one failure, and the right one under its number is none and no success', async () => {
    const { who, page, call, sid, digits, challenge } = await answered('keyed')
    const wrong = { params: { Digits: wrongCodes(digits, 1)[0] ?? '' } }
    await Promise.all(Array.from({ length: 20 }, () => scene.callBack(call, 'keys/1', sid, wrong)))
    expect(await scene.count('code.wrong', challenge)).toBe(1)
    await scene.callBack(call, 'keys/1', sid, { params: { Digits: digits } })
    expect(await scene.count('code.right', challenge)).toBe(0)
    expect(stateOf(await who.reload(page))).toBe('answered')
    await Promise.all(Array.from({ length: 20 }, () => scene.callBack(call, 'keys/2', sid, { params: { Digits: digits } })))
    expect(await scene.count('code.right', challenge)).toBe(1)
    expect(await scene.count('code.wrong', challenge)).toBe(1)
  })

  it('fetches no code once the carrier has said that the call is over', async () => {
    const { who, page, call, sid, digits } = await answered('spoken')
    await who.phone.key(digits)
    await who.phone.until('the code is told', ({ heard }) => heard.some(({ text }) => noCode.test(text)))
    await who.phone.act('hang-up')
    await expect.poll(() => scene.count('call.over', call.slice(0, -2))).toBe(1)
    for (const [rest, params] of [
      ['keys/1', { Digits: digits }],
      ['answered', {}],
      ['silence/1', {}],
      ['silence/2', {}],
      ['keys/2', { Digits: '1' }],
    ] as const)
      expect((await scene.callBack(call, rest, sid, { params })).body).not.toMatch(noCode)
    expect(stateOf(await who.reload(page))).toBe('told')
  })

  it('of an earlier call changes nothing in the present one, and hears nothing', async () => {
    const victim = scene.somebody()
    const { page, challenge } = await told(victim, scene)
    const first = await scene.newest()
    const [{ sid } = { sid: '' }] = await victim.phone.calls()
    const again = await victim.beCalled(page, { mode: 'spoken' })
    await victim.until(again, 'ringing')
    expect((await scene.newest()).call).not.toBe(first.call)
    const before = await scene.auditOf(challenge)
    for (const rest of ['answered', 'keys/1', 'silence/1']) {
      const answer = await scene.callBack(first.call, rest, sid, { params: { Digits: '42' } })
      expect(answer.body).toContain('<Hangup/>')
      expect(answer.body).not.toContain('<Say')
    }
    await scene.callBack(first.call, 'status', sid, { params: { CallStatus: 'completed' } })
    expect(await scene.auditOf(challenge)).toEqual(before)
    expect(stateOf(await victim.reload(again))).toBe('ringing')
  })
})

describe('callbacks out of order', () => {
  it('keys of a step to come, and of none, do nothing', async () => {
    const { who, page, call, sid, digits, challenge } = await answered('spoken')
    const before = await scene.auditOf(challenge)
    for (const sequence of [0, 2, 3, 999_999_999]) {
      const answer = await scene.callBack(call, `keys/${sequence}`, sid, { params: { Digits: digits } })
      expect(answer.body).not.toMatch(noCode)
    }
    expect(await scene.auditOf(challenge)).toEqual(before)
    expect(stateOf(await who.reload(page))).toBe('answered')
  })

  it('keys before the answer do nothing, whatever step they claim to be', async () => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    const calling = await victim.beCalled(asked.page, { mode: 'spoken' })
    await victim.until(calling, 'ringing')
    const { call, challenge } = await scene.newest()
    const [{ sid } = { sid: '' }] = await victim.phone.calls()
    // Every gate there is: one of them would be right.
    for (let gate = 0; gate < 100; gate += 1) {
      const answer = await scene.callBack(call, `keys/${gate % 2}`, sid, { params: { Digits: String(gate).padStart(2, '0') } })
      expect(answer.body).not.toMatch(noCode)
    }
    expect(await scene.count('code.told', challenge)).toBe(0)
    expect(stateOf(await victim.reload(calling))).not.toBe('told')
  })

  it('"completed" before "answered": the call is over, and the late answer is asked nothing', async () => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    const calling = await victim.beCalled(asked.page, { mode: 'spoken' })
    await victim.until(calling, 'ringing')
    const { call, challenge } = await scene.newest()
    const [{ sid } = { sid: '' }] = await victim.phone.calls()
    await scene.callBack(call, 'status', sid, { params: { CallStatus: 'completed' } })
    expect(stateOf(await victim.reload(calling))).toBe('no-answer')
    const late = await scene.callBack(call, 'answered', sid)
    expect(late.body).not.toContain('<Gather')
    await scene.callBack(call, 'status', sid, { params: { CallStatus: 'ringing' } })
    const shown = await victim.reload(calling)
    expect(stateOf(shown)).toBe('no-answer')
    expect(gateOn(shown)).toBe('')
    expect(await scene.count('call.answered', challenge)).toBe(0)
  })

  it('"ringing", "busy" and "failed" after the code was told do not take it back', async () => {
    const victim = scene.somebody()
    const { asked, page, code } = await told(victim, scene)
    const { call } = await scene.newest()
    const [{ sid } = { sid: '' }] = await victim.phone.calls()
    for (const CallStatus of ['ringing', 'busy', 'failed', 'no-answer', 'completed', 'queued', 'nonsense', ''])
      expect((await scene.callBack(call, 'status', sid, { params: { CallStatus } })).status).toBe(204)
    expect(stateOf(await victim.reload(page))).toBe('told')
    expect((await asked.finish(await victim.type(page, code))).claims()).toMatchObject({ acr: 'urn:ringback:acr:phone' })
  })

  it('a machine that answers is told nothing, however its answer is repeated', async () => {
    const victim = scene.somebody()
    const asked = await onPhonePage(victim, scene)
    const calling = await victim.beCalled(asked.page, { mode: 'spoken' })
    await victim.until(calling, 'ringing')
    const { call } = await scene.newest()
    const [{ sid } = { sid: '' }] = await victim.phone.calls()
    for (const AnsweredBy of ['machine_start', 'human', 'fax', 'unknown']) {
      const answer = await scene.callBack(call, 'answered', sid, { params: { AnsweredBy } })
      expect(answer.body).not.toContain('<Gather')
      expect(answer.body).not.toMatch(noCode)
    }
    expect(stateOf(await victim.reload(calling))).toBe('machine')
  })
})
