// Calls that have to be cut: given up while they are being placed, replaced, or decided on the page.
import { beforeEach, describe, expect, it } from 'vitest'
import type { CallStep } from '../../src/domain/call-script.ts'
import { type Bench, bench, elsewhere, keyed, otherTab, ownPage, saidIn, wrong } from './bench.ts'

let at: Bench
beforeEach(() => {
  at = bench()
})

const hangUp: CallStep = { sequence: 0, say: [], next: { do: 'hang-up' } }
const ending = expect.objectContaining({ next: { do: 'hang-up' } })

describe('while the carrier is still being asked', () => {
  let accepted: PromiseWithResolvers<string>
  beforeEach(async () => {
    accepted = Promise.withResolvers()
    at.gateway.answerPlace = () => accepted.promise
    await at.start()
  })
  async function accept(): Promise<void> {
    accepted.resolve('CA-late')
    await at.clock.advance(0)
  }

  it.each<[string, () => Promise<unknown>]>([
    ['the person gives up', () => at.factor.cancel(ownPage)],
    ['the person says that this was not me', () => at.factor.report(ownPage)],
    ['the call is given up, because the carrier says no word', () => at.clock.advance(45_000)],
  ])('%s: the phone does not ring on', async (_, end) => {
    const id = await at.callId()
    await end()
    expect(at.gateway.continued).toEqual([])
    await accept()
    expect(at.gateway.continued).toEqual([{ call: { id, carrierReference: 'CA-late' }, step: ending }])
  })

  it('another call takes its place: the phone does not ring on, and the other does', async () => {
    const id = await at.callId()
    at.gateway.answerPlace = async () => 'CA2'
    await at.start(otherTab)
    await accept()
    expect(at.gateway.continued).toEqual([{ call: { id, carrierReference: 'CA-late' }, step: ending }])
    expect((await at.stored()).challenge?.call).toMatchObject({ carrierReference: 'CA2', state: 'dialling' })
  })

  it('it is answered: the event comes before the reference, and the call goes on', async () => {
    expect(await at.hear({ type: 'answered' })).toMatchObject({ sequence: 1, next: { do: 'gather' } })
    await accept()
    expect((await at.stored()).challenge?.call).toMatchObject({ state: 'answered', carrierReference: 'CA-late' })
    expect(at.gateway.continued).toEqual([])
  })

  it('it has already been busy: nothing is taken back', async () => {
    await at.hear({ type: 'over', outcome: 'busy' })
    await accept()
    expect(await at.state()).toBe('busy')
  })
})

describe('a call that is replaced', () => {
  it('is cut while it rings, without a word', async () => {
    await at.start()
    const id = await at.callId()
    await at.start(otherTab)
    expect(at.gateway.continued).toEqual([{ call: { id, carrierReference: 'CA1' }, step: hangUp }])
  })
  it('is told so once it is answered', async () => {
    await at.answered()
    await at.start(ownPage, keyed)
    expect(at.gateway.continued.map(({ step }) => saidIn(step))).toEqual([['This attempt was ended on the page. Goodbye.']])
    expect(at.gateway.continued[0]?.step).toEqual(ending)
  })
  it('is left alone where its line is closed', async () => {
    await at.start()
    await at.hear({ type: 'over', outcome: 'busy' })
    await at.start()
    expect(at.gateway.continued).toEqual([])
  })
  it('changes nothing by what it still reports', async () => {
    await at.answered()
    const { gate = '' } = await at.factor.see(ownPage)
    const call = await at.callId()
    await at.start(ownPage, keyed)
    const before = await at.stored()
    expect(await at.factor.takeVoiceEvent({ call, type: 'keys', sequence: 1, keys: gate })).toEqual(hangUp)
    expect(await at.factor.takeVoiceEvent({ call, type: 'over', outcome: 'ended' })).toEqual(hangUp)
    expect(await at.stored()).toEqual(before)
  })
})

describe('a call that was replaced while its callee said no', () => {
  it('still says it: the live challenge ends, the factor is blocked', async () => {
    await at.answered()
    const call = await at.callId()
    await at.start(ownPage, keyed)
    expect(saidIn(await at.factor.takeVoiceEvent({ call, type: 'keys', sequence: 1, keys: '9' })).join()).toMatch(/Thank you for telling us/)
    expect(await at.state()).toBe('reported')
    expect((await at.stored()).block).toMatchObject({ reason: 'reported' })
  })

  it('and the call that took its place does not ring on', async () => {
    await at.answered()
    const call = await at.callId()
    await at.start(ownPage, keyed)
    at.gateway.continued.length = 0
    await at.factor.takeVoiceEvent({ call, type: 'keys', sequence: 1, keys: '9' })
    await at.clock.advance(0)
    expect(at.gateway.continued).toEqual([{ call: { id: await at.callId(), carrierReference: 'CA2' }, step: ending }])
  })

  it('but what was said yesterday does not end what is begun today', async () => {
    await at.answered()
    const call = await at.callId()
    await at.hear({ type: 'over', outcome: 'ended' })
    await at.clock.advance(24 * 3_600_000)
    await at.start()
    await at.factor.takeVoiceEvent({ call, type: 'keys', sequence: 1, keys: '9' })
    expect(await at.state()).toBe('dialling')
  })
})

describe('what the page decided is said into the call', () => {
  it.each<[string, (code: string) => Promise<unknown>, RegExp]>([
    ['confirmed', (code) => at.factor.typeCode(ownPage, code), /You are confirmed/],
    ['given up', () => at.factor.cancel(ownPage), /ended on the page/],
    ['reported', () => at.factor.report(ownPage), /Thank you for telling us/],
    [
      'the third wrong code',
      async (code) => {
        for (const serial of [1, 2, 3]) await at.factor.typeCode(ownPage, wrong(code, serial))
      },
      /too many times/,
    ],
  ])('%s', async (_, decide, words) => {
    const code = await at.told()
    await decide(code)
    await at.clock.advance(0)
    expect(at.gateway.continued).toEqual([{ call: { id: await at.callId(), carrierReference: 'CA1' }, step: ending }])
    expect(saidIn(at.gateway.continued[0]?.step ?? hangUp).join(' ')).toMatch(words)
  })

  it('but not that there are tries left, nor a code that was refused', async () => {
    const code = await at.told()
    await at.factor.typeCode(ownPage, wrong(code))
    await at.factor.typeCode(elsewhere, code)
    await at.factor.typeCode(ownPage, 'abc')
    expect(at.gateway.continued).toEqual([])
  })

  it('nothing, once nobody is on the line', async () => {
    const code = await at.told()
    await at.hear({ type: 'over', outcome: 'ended' })
    await at.factor.typeCode(ownPage, code)
    expect(at.gateway.continued).toEqual([])
  })

  it('giving up ends a call that still rings, without a word', async () => {
    await at.start()
    await at.factor.cancel(ownPage)
    expect(at.gateway.continued).toEqual([{ call: { id: await at.callId(), carrierReference: 'CA1' }, step: hangUp }])
  })

  it('giving up twice says it once', async () => {
    await at.answered()
    await at.factor.cancel(ownPage)
    await at.factor.cancel(ownPage)
    expect(at.gateway.continued).toHaveLength(1)
  })
})
