// What a carrier's reports do to a call: early, late, twice and out of order.
import { beforeEach, describe, expect, it } from 'vitest'
import type { CarrierOutcome } from '../../src/domain/call-script.ts'
import type { Outcome } from '../../src/domain/challenge.ts'
import { type AccountStory, accountStory, code, gate, seconds, storyStart, wrongCode } from './account-story.ts'

let story: AccountStory
beforeEach(() => {
  story = accountStory()
})

describe('ringing and answered', () => {
  it('come one after the other, and the page follows', () => {
    story.start()
    expect(story.state).toBe('dialling')
    story.ringing()
    expect(story.state).toBe('ringing')
    story.wait(4 * seconds)
    expect(story.answer()).toEqual({ prompt: 'gate', sequence: 1 })
    expect(story.state).toBe('answered')
    expect(story.call).toMatchObject({ answeredAt: storyStart + 4 * seconds, sequence: 1 })
    expect(story.happened).toEqual(['challenge.opened', 'call.requested', 'call.ringing', 'call.answered'])
  })

  it('an answer of which no ringing was told is an answer', () => {
    story.start()
    expect(story.answer('unknown')).toEqual({ prompt: 'gate', sequence: 1 })
    expect(story.state).toBe('answered')
  })

  it('ringing that comes late takes nothing back, and is answered with the step the call is at', () => {
    story.start()
    story.answer()
    const before = story.account
    expect(story.ringing()).toEqual({ prompt: 'gate', sequence: 1 })
    expect(story.account).toEqual(before)
  })

  it('ringing and answered that come twice count once', () => {
    story.start()
    story.ringing()
    story.ringing()
    story.answer()
    const before = story.account
    story.wait(seconds)
    expect(story.answer()).toEqual({ prompt: 'gate', sequence: 1 })
    expect(story.answer('machine')).toEqual({ prompt: 'gate', sequence: 1 })
    expect(story.account).toEqual(before)
    expect(story.happened.filter((type) => type === 'call.ringing' || type === 'call.answered')).toHaveLength(2)
  })

  it('answered that comes after the end starts nothing', () => {
    story.start()
    story.over('declined')
    const before = story.account
    expect(story.answer()).toEqual({ prompt: 'hang-up', sequence: 0 })
    expect(story.ringing()).toEqual({ prompt: 'hang-up', sequence: 0 })
    expect(story.account).toEqual(before)
  })

  it('a machine is told nothing', () => {
    story.start()
    expect(story.answer('machine')).toMatchObject({ prompt: 'hang-up' })
    expect(story.state).toBe('machine')
    expect(story.key(gate)).toMatchObject({ prompt: 'hang-up' })
    expect(story.call.toldAt).toBeUndefined()
    expect(story.happened).toContain('call.machine')
  })

  it('an answer that comes after the page was left hears that, and no gate is asked for', () => {
    story.start()
    story.cancel()
    expect(story.answer()).toMatchObject({ prompt: 'cancelled' })
    expect(story.call).toMatchObject({ state: 'over', outcome: 'hung-up' })
    expect(story.key(gate)).toMatchObject({ prompt: 'cancelled' })
    expect(story.call.toldAt).toBeUndefined()
  })

  it('an answer that comes after the factor was blocked is hung up on', () => {
    story.start()
    story.block()
    expect(story.answer()).toMatchObject({ prompt: 'cancelled' })
    expect(story.call).toMatchObject({ state: 'over', outcome: 'hung-up' })
  })

  it('an answer 45 s after the start is too late: the call was given up', () => {
    story.start()
    story.ringing()
    story.wait(45 * seconds)
    expect(story.answer()).toMatchObject({ prompt: 'hang-up' })
    expect(story.state).toBe('no-answer')
  })

  it('an answer a millisecond before that is in time', () => {
    story.start()
    story.ringing()
    story.wait(45 * seconds - 1)
    expect(story.answer()).toMatchObject({ prompt: 'gate' })
  })
})

describe('the carrier’s reference', () => {
  const from = (carrierReference?: string) => ({ call: story.call.id, carrierReference })

  it('is kept from the first event that brings one', () => {
    story.start()
    story.hear({ ...from(), type: 'ringing' })
    expect(story.call.carrierReference).toBeUndefined()
    story.hear({ ...from('CA1'), type: 'answered', by: 'person' })
    expect(story.call.carrierReference).toBe('CA1')
  })

  it('another of the carrier’s calls is not this one: it is hung up on and changes nothing', () => {
    story.start()
    story.hear({ ...from('CA1'), type: 'ringing' })
    const hangUp = { prompt: 'hang-up', sequence: 0 }
    const ringing = story.account
    expect(story.hear({ ...from('CA2'), type: 'answered', by: 'person' })).toEqual(hangUp)
    expect(story.hear({ ...from('CA2'), type: 'over', outcome: 'busy' })).toEqual(hangUp)
    expect(story.account).toBe(ringing)
    story.hear({ ...from('CA1'), type: 'answered', by: 'person' })
    const answered = story.account
    for (const keys of [gate, '9', '', '43']) expect(story.hear({ ...from('CA2'), type: 'keys', sequence: 1, keys })).toEqual(hangUp)
    expect(story.account).toBe(answered)
    expect(story.hear({ ...from('CA1'), type: 'keys', sequence: 1, keys: gate })).toMatchObject({ prompt: 'code' })
  })

  it('an event that brings none is taken as this call’s', () => {
    story.start()
    story.hear({ ...from('CA1'), type: 'ringing' })
    expect(story.answer()).toMatchObject({ prompt: 'gate' })
  })

  it('belongs to one call: the next has its own', () => {
    story.start()
    story.hear({ ...from('CA1'), type: 'over', outcome: 'busy' })
    story.start()
    expect(story.call.carrierReference).toBeUndefined()
    story.hear({ ...from('CA2'), type: 'ringing' })
    expect(story.state).toBe('ringing')
  })
})

describe('keys answer one step', () => {
  it('keys that come before the answer open nothing', () => {
    story.start()
    story.key(gate, 0)
    story.ringing()
    story.key(gate, 0)
    expect(story.call.toldAt).toBeUndefined()
    expect(['dialling', 'ringing']).toContain(story.state)
  })

  it('and a keyed code before the answer confirms nothing', () => {
    story = accountStory({ mode: 'keyed' })
    story.start()
    story.key(code, 0)
    expect(story.challenge.state).toBe('open')
    expect(story.account.confirmations).toEqual([])
  })

  it('keys for an earlier step change nothing and are answered with the step the call is at', () => {
    story.start()
    story.answer()
    story.key('4')
    const before = story.account
    expect(story.key(gate, 1)).toEqual({ prompt: 'gate-again', sequence: 2 })
    expect(story.key('9', 1)).toEqual({ prompt: 'gate-again', sequence: 2 })
    expect(story.account).toEqual(before)
  })
  it('keys for a step that was never taken change nothing', () => {
    story.start()
    story.answer()
    expect(story.key(gate, 2)).toEqual({ prompt: 'gate', sequence: 1 })
    expect(story.key(gate, -1)).toEqual({ prompt: 'gate', sequence: 1 })
    expect(story.call.toldAt).toBeUndefined()
  })
  it('a repeated report of the gate tells the code once and says it again', () => {
    story.start()
    story.answer()
    expect(story.key(gate, 1)).toEqual({ prompt: 'code', sequence: 2 })
    const before = story.account
    story.wait(seconds)
    expect(story.key(gate, 1)).toEqual({ prompt: 'code', sequence: 2 })
    expect(story.account).toEqual(before)
    expect(story.happened.filter((type) => type === 'code.told')).toHaveLength(1)
  })
  it('but once the line is closed nobody is told the code again', () => {
    story.untilCode()
    story.over()
    expect(story.key(gate, 1)).not.toMatchObject({ prompt: 'code' })
    expect(story.answer()).not.toMatchObject({ prompt: 'code' })
    expect(story.ringing()).not.toMatchObject({ prompt: 'code' })
  })

  it('a call nobody knows is hung up on', () => {
    expect(story.hear({ call: 'challenge-1.1', type: 'answered', by: 'person' })).toEqual({ prompt: 'hang-up', sequence: 0 })
    story.start()
    const before = story.account
    for (const call of ['challenge-1.2', 'challenge-1.0', 'challenge-1', '', 'challenge-2.1'])
      expect(story.hear({ call, type: 'answered', by: 'person', carrierReference: 'CA9' })).toEqual({ prompt: 'hang-up', sequence: 0 })
    expect(story.account).toBe(before)
  })
})

describe('after the code was told', () => {
  beforeEach(() => story.untilCode())

  it('1 tells it again, 2 slowly, anything else hints where it belongs', () => {
    expect(story.key('1')).toEqual({ prompt: 'code', sequence: 3 })
    expect(story.key('2')).toEqual({ prompt: 'code-slowly', sequence: 4 })
    expect(story.key('5')).toEqual({ prompt: 'code-hint', sequence: 5 })
    expect(story.state).toBe('told')
  })

  it('the code keyed on the phone confirms nothing and costs nothing', () => {
    expect(story.key(code)).toMatchObject({ prompt: 'code-hint' })
    expect(story.key(wrongCode)).toMatchObject({ prompt: 'code-hint' })
    expect(story.challenge).toMatchObject({ state: 'open', failures: 0 })
    expect(story.account).toMatchObject({ failuresInARow: 0, confirmations: [] })
  })

  it('three repetitions, then goodbye; the code stays good', () => {
    for (const keys of ['1', '2', '7']) story.key(keys)
    expect(story.key('1')).toMatchObject({ prompt: 'goodbye' })
    expect(story.call).toMatchObject({ state: 'over', outcome: 'completed' })
    expect(story.state).toBe('told')
    expect(story.type(code)).toHaveProperty('confirmed')
  })
  it('what was asked again at the gate is not held against its repetitions', () => {
    story = accountStory()
    story.start()
    story.answer()
    for (const keys of ['4', '4', '4']) story.key(keys)
    story.key(gate)
    for (const keys of ['1', '1', '1']) expect(story.key(keys)).toMatchObject({ prompt: 'code' })
    expect(story.key('1')).toMatchObject({ prompt: 'goodbye' })
  })

  it('silence is goodbye', () => {
    expect(story.key('')).toMatchObject({ prompt: 'goodbye' })
    expect(story.call).toMatchObject({ state: 'over', outcome: 'completed' })
    expect(story.state).toBe('told')
  })

  it('the moment it was told does not move when it is repeated', () => {
    story.wait(5 * seconds)
    story.key('1')
    expect(story.call.toldAt).toBe(storyStart)
  })
})

describe('the end of a call', () => {
  it.each<[CarrierOutcome, Outcome]>([
    ['ended', 'no-answer'],
    ['busy', 'busy'],
    ['declined', 'declined'],
    ['no-answer', 'no-answer'],
    ['unreachable', 'unreachable'],
    ['invalid-number', 'invalid-number'],
    ['forwarded', 'forwarded'],
    ['gateway-down', 'gateway-down'],
  ])('%s while it rings: the page says %s, and another call may be asked for', (carrier, outcome) => {
    story.start()
    story.ringing()
    expect(story.over(carrier)).toEqual({ prompt: 'hang-up', sequence: 0 })
    expect(story.state).toBe(outcome)
    expect(story.challenge).toMatchObject({ state: 'open', call: { lineOpen: false } })
    expect(story.start()).toMatchObject({ started: 'call' })
  })

  it('hung up before the gate', () => {
    story.start()
    story.answer()
    story.over()
    expect(story.state).toBe('hung-up')
  })

  it('hung up after the code was told: it stays told, and may be typed', () => {
    story.untilCode()
    story.over()
    expect(story.call).toMatchObject({ state: 'over', outcome: 'completed', lineOpen: false })
    expect(story.state).toBe('told')
    story.wait(179 * seconds)
    expect(story.type(code)).toHaveProperty('confirmed')
  })

  it('our reason stands, and the carrier’s end only closes the line', () => {
    story.start()
    story.answer()
    story.key('43')
    expect(story.call.lineOpen).toBe(true)
    story.over('busy')
    expect(story.call).toMatchObject({ outcome: 'wrong-gate', lineOpen: false })
  })

  it('that is reported twice is audited once, and the first reason stands', () => {
    story.start()
    story.over('busy')
    story.over('declined')
    expect(story.state).toBe('busy')
    expect(story.happened.filter((type) => type === 'call.over')).toHaveLength(1)
  })
})
