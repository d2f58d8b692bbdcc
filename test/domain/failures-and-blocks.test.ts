// Guessing across challenges, and who may stop the factor for how long.
import { beforeEach, describe, expect, it } from 'vitest'
import type { Mode } from '../../src/domain/code.ts'
import { type AccountStory, accountStory, code, elsewhere, gate, hours, minutes, otherTab, ownPage, seconds, wrongCode } from './account-story.ts'

let story: AccountStory
beforeEach(() => {
  story = accountStory({ limits: { callsPerTenMinutes: 100, callsPerDay: 1000 } })
})

/** Gives so many wrong codes, opening a new challenge whenever one has ended. */
function guess(times: number, mode: Mode = 'spoken'): void {
  for (let tries = 0; tries < times; tries += 1) {
    if (story.account.challenge?.state !== 'open') story.untilCode({ mode })
    if (mode === 'spoken') story.type(wrongCode)
    else story.key(wrongCode)
  }
}

describe('failures in a row', () => {
  it.each<Mode>(['spoken', 'keyed'])('the fifth, over two challenges, blocks the factor for fifteen minutes (%s)', (mode) => {
    guess(4, mode)
    expect(story.account).toMatchObject({ failuresInARow: 4, challenge: { state: 'open', failures: 1 } })
    expect(story.account.block).toBeUndefined()
    guess(1, mode)
    expect(story.account).toMatchObject({
      failuresInARow: 5,
      block: { reason: 'failures', until: story.now + 15 * minutes },
      challenge: { state: 'wrong-code', failures: 2 },
    })
    expect(story.happened.filter((type) => type === 'factor.blocked')).toHaveLength(1)
    expect(story.happened.slice(-3)).toEqual(['code.wrong', 'challenge.wrong-code', 'factor.blocked'])
    expect(story.start()).toMatchObject({ refused: 'factor-blocked', retryAt: story.now + 15 * minutes })
  })

  it('the fifth, typed, leaves no try', () => {
    guess(4)
    expect(story.type(wrongCode)).toEqual({ refused: 'wrong-code', triesLeft: 0 })
  })

  it('the fifth, keyed, ends the call', () => {
    guess(4, 'keyed')
    expect(story.key(wrongCode)).toMatchObject({ prompt: 'wrong-code' })
    expect(story.call.state).toBe('over')
  })

  it('after the block there are five more, and the tenth blocks again', () => {
    guess(5)
    story.wait(15 * minutes - 1)
    expect(story.start()).toMatchObject({ refused: 'factor-blocked' })
    story.wait(1)
    guess(4)
    expect(story.account.failuresInARow).toBe(9)
    expect(story.start()).toHaveProperty('started')
    story.answer()
    story.key(gate)
    guess(1)
    expect(story.account).toMatchObject({ failuresInARow: 10, block: { reason: 'failures', until: story.now + 15 * minutes } })
    expect(story.start()).toMatchObject({ refused: 'factor-blocked' })
  })

  it('a right code after four wrong ones forgets them all', () => {
    guess(4)
    expect(story.type(code)).toHaveProperty('confirmed')
    expect(story.account.failuresInARow).toBe(0)
    guess(4)
    expect(story.account.block).toBeUndefined()
    expect(story.account.failuresInARow).toBe(4)
  })
  it('a right code that is keyed forgets them, too', () => {
    guess(4, 'keyed')
    story.key(code)
    expect(story.account.failuresInARow).toBe(0)
  })

  it.each<[string, () => unknown]>([
    ['another call', () => story.untilCode()],
    ['another challenge', () => [story.cancel(), story.untilCode()]],
    ['another tab', () => story.untilCode({ origin: otherTab })],
    ['another browser', () => [story.cancel(), story.untilCode({ origin: elsewhere })]],
    ['another mode', () => story.untilCode({ mode: 'keyed' })],
    ['another phone', () => story.untilCode({ phone: 'phone-2' })],
    ['another purpose', () => [story.cancel(), story.untilCode({ purpose: 'backchannel' })]],
    ['a wrong gate', () => [story.start(), story.answer(), story.key('43')]],
    ['a month', () => story.wait(30 * 24 * hours)],
  ])('%s forgets none', (_, meanwhile) => {
    guess(2)
    meanwhile()
    expect(story.account.failuresInARow).toBe(2)
  })

  it('the hundredth has no end, until somebody lifts it', () => {
    story.account = { ...story.account, failuresInARow: 98 }
    guess(1)
    expect(story.account.block).toBeUndefined()
    guess(1)
    expect(story.account).toMatchObject({ failuresInARow: 100, challenge: { state: 'wrong-code' } })
    expect(story.account.block).toEqual({ reason: 'failures' })
    story.wait(365 * 24 * hours)
    expect(story.start()).toEqual({ refused: 'factor-blocked', retryAt: undefined })
    // What somebody says on the page does not give it an end.
    story.report()
    expect(story.account.block).toEqual({ reason: 'failures' })
  })

  it('the last of three tries of a challenge may be the fifth in a row', () => {
    guess(2)
    story.cancel()
    guess(3)
    expect(story.account).toMatchObject({ failuresInARow: 5, challenge: { state: 'wrong-code', failures: 3 }, block: { reason: 'failures' } })
  })
})

describe('this was not me, in the call', () => {
  it.each<[string, () => unknown]>([
    ['at the gate', () => [story.start(), story.answer()]],
    ['after the code was told', () => story.untilCode()],
    ['where a code is to be keyed', () => story.untilCode({ mode: 'keyed' })],
    ['when everything else was asked again three times', () => [story.start(), story.answer(), story.key('1'), story.key('1'), story.key('1')]],
  ])('9 %s ends the challenge and blocks the factor for a day', (_, reach) => {
    reach()
    expect(story.key('9')).toMatchObject({ prompt: 'reported' })
    expect(story.state).toBe('reported')
    expect(story.challenge).toMatchObject({ endedAt: story.now, call: { state: 'over' } })
    expect(story.account.block).toEqual({ reason: 'reported', until: story.now + 24 * hours })
    expect(story.happened.slice(-2)).toEqual(['challenge.reported', 'factor.blocked'])
    expect(story.type(code)).toEqual({ refused: 'challenge-over' })
    story.wait(24 * hours - 1)
    expect(story.start()).toMatchObject({ refused: 'factor-blocked' })
    story.wait(1)
    expect(story.start()).toHaveProperty('started')
  })

  it('is heard though somebody typed the code a moment before: what that gained is taken back', () => {
    story.untilCode()
    story.type(code)
    expect(story.key('9')).toMatchObject({ prompt: 'reported' })
    expect(story.state).toBe('reported')
    expect(story.account.confirmations).toEqual([])
    expect(story.account.block).toMatchObject({ reason: 'reported' })
  })

  it.each<[string, () => unknown]>([
    ['wrong codes', () => [story.type(wrongCode), story.type(wrongCode), story.type(wrongCode)]],
    ['whoever gave up on the page', () => story.cancel()],
    ['time', () => [story.wait(100 * seconds), story.key('1'), story.wait(80 * seconds)]],
  ])('is heard though the challenge was ended a moment before by %s', (_, end) => {
    story.untilCode({ maxSeconds: 600 })
    end()
    expect(story.key('9')).toMatchObject({ prompt: 'reported' })
    expect(story.account.block).toEqual({ reason: 'reported', until: story.now + 24 * hours })
  })

  it('counts once when it is reported twice', () => {
    story.untilCode()
    story.key('9', 2)
    const before = story.account
    story.wait(seconds)
    expect(story.key('9', 2)).toMatchObject({ prompt: 'reported' })
    expect(story.account).toEqual(before)
  })
})

describe('this was not me, in a call that another took the place of', () => {
  beforeEach(() => {
    story.start()
    story.answer()
    story.start({ mode: 'keyed' })
  })
  const earlier = (keys: string) => story.hear({ call: 'challenge-1.1', type: 'keys', sequence: 1, keys })

  it('is heard: the phone rang, and its owner says no', () => {
    expect(earlier('9')).toMatchObject({ prompt: 'reported' })
    expect(story.state).toBe('reported')
    expect(story.account.block).toEqual({ reason: 'reported', until: story.now + 24 * hours })
    story.wait(seconds)
    const before = story.account
    expect(earlier('9')).toEqual({ prompt: 'hang-up', sequence: 0 })
    expect(story.account).toBe(before)
  })
  it.each(['', '1', '2', '99', '09', gate, code])('but nothing else is: %j', (keys) => {
    const before = story.account
    expect(earlier(keys)).toEqual({ prompt: 'hang-up', sequence: 0 })
    expect(story.account).toBe(before)
  })
  it.each<[string, () => unknown]>([
    ['was given up', () => story.cancel()],
    ['expired', () => story.wait(180 * seconds)],
  ])('nor when the challenge %s', (_, end) => {
    end()
    const before = story.account
    expect(earlier('9')).toEqual({ prompt: 'hang-up', sequence: 0 })
    expect(story.account).toBe(before)
  })
})

describe('this was not me, on the page', () => {
  it('ends the challenge and blocks the factor for a day', () => {
    story.untilCode()
    expect(story.report()).toEqual(story.challenge)
    expect(story.state).toBe('reported')
    expect(story.account.block).toEqual({ reason: 'reported', until: story.now + 24 * hours })
    expect(story.type(code)).toEqual({ refused: 'challenge-over' })
    expect(story.key('1')).toMatchObject({ prompt: 'reported' })
  })

  it('takes back every confirmation: whoever gained by one before may have been somebody else, too', () => {
    story.untilCode()
    story.type(code)
    story.untilCode({ origin: otherTab })
    story.type(code, otherTab)
    expect(story.account.confirmations.map(({ challenge }) => challenge)).toEqual(['challenge-1', 'challenge-2'])
    story.report(otherTab)
    expect(story.account.confirmations).toEqual([])
  })

  it('is no way to shorten the block of an administrator', () => {
    story.untilCode()
    story.block()
    story.report()
    story.wait(25 * hours)
    expect(story.start()).toMatchObject({ refused: 'factor-blocked' })
  })

  it('is no way to block the factor again and again with one old page', () => {
    story.untilCode()
    story.report()
    story.wait(24 * hours)
    story.report()
    expect(story.start()).toHaveProperty('started')
  })

  it('is a longer block than the one that guessing brought', () => {
    guess(5)
    story.report()
    expect(story.account.block).toEqual({ reason: 'reported', until: story.now + 24 * hours })
  })

  it.each([
    ['another session', elsewhere],
    ['another tab', otherTab],
    ['the same interaction id in another request', { ...ownPage, cid: 'cid-else' }],
  ])('does nothing from the page of %s', (_, page) => {
    story.untilCode()
    const before = story.account
    expect(story.report(page)).toBeUndefined()
    expect(story.cancel(page)).toBeUndefined()
    expect(story.account).toBe(before)
  })
})

describe('giving up', () => {
  it('ends an open challenge, and no code counts any more', () => {
    story.untilCode()
    story.wait(seconds)
    expect(story.cancel()).toEqual(story.challenge)
    expect(story.challenge).toMatchObject({ state: 'cancelled', endedAt: story.now })
    expect(story.account).toMatchObject({ failuresInARow: 0 })
    expect(story.account.block).toBeUndefined()
    expect(story.happened.at(-1)).toBe('challenge.cancelled')
  })
  it.each<[string, () => unknown]>([
    ['confirmed', () => story.type(code)],
    ['reported', () => story.report()],
    ['cancelled', () => story.cancel()],
    ['expired', () => story.wait(180 * seconds)],
  ])('changes nothing once it is %s', (state, end) => {
    story.untilCode()
    end()
    const before = story.account
    expect(story.cancel()).toBeUndefined()
    expect(story.account).toBe(before)
    expect(story.state).toBe(state)
  })
  it('before anything was started is nothing', () => {
    expect(story.cancel()).toBeUndefined()
    expect(story.report()).toBeUndefined()
  })
})
