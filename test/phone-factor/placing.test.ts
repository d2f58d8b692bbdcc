// Calls that are placed, and calls that cannot be.
import { beforeEach, describe, expect, it } from 'vitest'
import type { CallStep, CarrierOutcome } from '../../src/domain/call-script.ts'
import { CallRefused } from '../../src/ports/voice-gateway.ts'
import { type Bench, bench, codeIn, elsewhere, keyed, number, otherTab, ownPage, saidIn, spoken } from './bench.ts'

let at: Bench
beforeEach(() => {
  at = bench()
})

describe('a call', () => {
  it('is placed with everything the carrier needs, and nothing that is secret', async () => {
    at.phones.splice(0, 1, { id: 'phone-1', number, extension: '12', language: 'zh-CN', label: 'Office' })
    await at.start()
    expect(at.gateway.placed).toEqual([{ id: await at.callId(), to: number, extension: '12', ringSeconds: 30, maxSeconds: 120, language: 'zh-CN' }])
    expect(at.audit.map(({ type }) => type)).toEqual(['challenge.opened', 'call.requested', 'call.placed'])
  })

  it.each<[string, string | undefined, string | undefined, string]>([
    ['the phone’s', 'zh', 'en', 'zh'],
    ['the page’s, where the phone has none', undefined, 'zh', 'zh'],
    ['English, where neither has one', undefined, undefined, 'en'],
  ])('is held in the language of its owner: %s', async (_, ofPhone, ofPage, language) => {
    at.phones.splice(0, 1, { id: 'phone-1', number, language: ofPhone })
    await at.start(ownPage, { ...spoken, language: ofPage })
    expect(at.gateway.placed[0]?.language).toBe(language)
    const step = await at.hear({ type: 'answered' })
    expect(step.say[0]).toMatchObject({ language: language === 'zh' ? 'cmn-CN' : 'en-US' })
    expect(saidIn(step).join(' ')).toContain('Demo Bank')
    expect(saidIn(step).join(' ')).toContain('Ringback')
  })

  it('has an id that nobody can guess, and that is safe in a URL', async () => {
    await at.start()
    const id = await at.callId()
    expect(id).toMatch(/^[\w-]{22}\.1$/)
    await at.hear({ type: 'over', outcome: 'busy' })
    await at.start()
    expect(await at.callId()).toBe(id.replace(/1$/, '2'))
  })

  it('rings, is answered, asks for the gate on the page, tells the code twice, and is confirmed on the page', async () => {
    await at.start()
    await at.hear({ type: 'ringing' })
    expect(await at.state()).toBe('ringing')
    const asked = await at.hear({ type: 'answered' })
    expect(asked).toMatchObject({ sequence: 1, next: { do: 'gather', digits: 2 } })
    const { gate = '' } = await at.factor.see(ownPage)
    const told = await at.key(gate)
    const code = codeIn(told)
    expect(saidIn(told).filter((text) => text === [...code].join(' '))).toHaveLength(2)
    expect(told).toMatchObject({ sequence: 2, next: { do: 'gather', digits: 6 } })
    const typed = await at.factor.typeCode(ownPage, code)
    expect(typed).toMatchObject({ confirmed: { state: 'confirmed', purpose: 'step-up' } })
    expect(await at.state()).toBe('confirmed')
    expect((await at.stored()).confirmations).toMatchObject([{ phone: 'phone-1', cid: 'cid-own', sessionUid: 'session-own', at: at.clock.now() }])
  })

  it('may be answered before the carrier has even said that it takes it', async () => {
    let step: CallStep | undefined
    at.gateway.answerPlace = async ({ id }) => {
      step = await at.factor.takeVoiceEvent({ call: id, type: 'answered', by: 'person', carrierReference: 'CA1' })
      return 'CA1'
    }
    await at.start()
    expect(step).toMatchObject({ sequence: 1, next: { do: 'gather', digits: 2 } })
    expect(await at.state()).toBe('answered')
  })

  it('for another purpose says so in what it confirms', async () => {
    await at.start(ownPage, { ...keyed, purpose: 'enrol' })
    await at.hear({ type: 'answered' })
    await at.key((await at.factor.see(ownPage)).shownCode ?? '')
    expect((await at.stored()).confirmations).toMatchObject([{ purpose: 'enrol', mode: 'keyed' }])
  })
})

describe('a call that cannot be started', () => {
  it.each<[string, Bench['phones'], object]>([
    ['the account has no phone', [], { refused: 'no-phone' }],
    ['its phones are blocked', [{ id: 'phone-1', number, blockedAt: 0 }], { refused: 'no-phone' }],
    ['the phone is somebody else’s', [{ id: 'phone-2', number }], { refused: 'unknown-phone' }],
    [
      'the phone is blocked',
      [
        { id: 'phone-1', number, blockedAt: 0 },
        { id: 'phone-2', number },
      ],
      { refused: 'unknown-phone' },
    ],
  ])('%s: nobody is rung, and nothing is stored', async (_, phones, refusal) => {
    at.phones.splice(0, 1, ...phones)
    expect(await at.factor.start(ownPage, spoken)).toEqual(refusal)
    await at.clock.advance(0)
    expect(at.gateway.placed).toEqual([])
    expect(await countOf(at, 'challenge')).toBe(0)
    expect(await countOf(at, 'account-factor')).toBe(0)
  })

  it('a refused start leaves no trace but its audit line', async () => {
    await at.start()
    expect(await at.factor.start(elsewhere, spoken)).toEqual({ refused: 'challenge-elsewhere' })
    expect(await at.factor.start(ownPage, spoken)).toMatchObject({ started: 'already-calling' })
    await at.clock.advance(0)
    expect(at.gateway.placed).toHaveLength(1)
    expect(await countOf(at, 'challenge')).toBe(1)
    expect(at.audit.at(-1)).toMatchObject({ type: 'challenge.contested', accountId: 'ada' })
    expect((await at.factor.see(ownPage)).challenge?.contestedAt).toBe(at.clock.now())
  })
})

describe('a gateway that fails', () => {
  it('is an outage that the page tells and the log explains', async () => {
    at.gateway.answerPlace = () => Promise.reject(new Error('connect ECONNREFUSED'))
    await at.start()
    expect(await at.state()).toBe('gateway-down')
    expect((await at.stored()).challenge).toMatchObject({ state: 'open', call: { lineOpen: false } })
    expect(at.logged.join()).toContain('ECONNREFUSED')
    expect(at.audit.at(-1)).toMatchObject({ type: 'call.over', outcome: 'gateway-down' })
  })

  it.each<CarrierOutcome>(['busy', 'declined', 'no-answer', 'unreachable', 'invalid-number', 'forwarded', 'gateway-down'])(
    'a carrier that refuses says why, and that is no fault of ours: %s',
    async (outcome) => {
      at.gateway.answerPlace = () => Promise.reject(new CallRefused(outcome, 'no'))
      await at.start()
      expect(await at.state()).toBe(outcome)
      expect(at.logged).toEqual([])
    },
  )

  it('another call may be asked for at once', async () => {
    at.gateway.answerPlace = () => Promise.reject(new Error('down'))
    await at.start()
    at.gateway.answerPlace = async () => 'CA2'
    await at.start()
    expect(await at.state()).toBe('dialling')
  })

  it('fails the call that it was to place, and not the one that took its place', async () => {
    const first = Promise.withResolvers<string>()
    at.gateway.answerPlace = () => first.promise
    await at.start()
    at.gateway.answerPlace = async () => 'CA2'
    await at.start(otherTab)
    first.reject(new Error('down'))
    await at.clock.advance(0)
    expect(await at.state(otherTab)).toBe('dialling')
  })

  it('that cannot end a call is logged, and the person’s request is carried out all the same', async () => {
    await at.start()
    at.gateway.answerContinue = () => Promise.reject(new Error('carrier is away'))
    await at.factor.cancel(ownPage)
    await at.clock.advance(0)
    expect(await at.state()).toBe('cancelled')
    expect(at.logged.join()).toContain('carrier is away')
  })
})

describe('the carrier’s reference', () => {
  it('that an event brought first is the one that is used', async () => {
    const accepted = Promise.withResolvers<string>()
    at.gateway.answerPlace = () => accepted.promise
    await at.start()
    const call = await at.callId()
    await at.factor.takeVoiceEvent({ call, type: 'ringing', carrierReference: 'CA-event' })
    accepted.resolve('CA-answer')
    await at.clock.advance(0)
    expect((await at.stored()).challenge?.call.carrierReference).toBe('CA-event')
  })
})

async function countOf(on: Bench, kind: string): Promise<number> {
  let count = 0
  for await (const _ of on.openRecords(kind).list()) count += 1
  return count
}
