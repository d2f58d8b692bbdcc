// What becomes of a code that is typed on a page: whose page, which call, when, and in which mode.
import { beforeEach, describe, expect, it } from 'vitest'
import { type AccountStory, accountStory, code, elsewhere, gate, otherTab, ownPage, seconds, storyStart, wrongCode } from './account-story.ts'

let story: AccountStory
beforeEach(() => {
  story = accountStory()
})

describe('the right code', () => {
  it('confirms, and what is kept names everything an acr depends on', () => {
    const origin = { ...ownPage, transactionDigest: 'digest', raisesSession: false }
    story.untilCode({ origin, phone: 'phone-2', purpose: 'enrol' })
    story.wait(7 * seconds)
    expect(story.type(code)).toEqual({ confirmed: story.challenge })
    expect(story.challenge).toMatchObject({ state: 'confirmed', endedAt: storyStart + 7 * seconds })
    expect(story.account.confirmations).toEqual([
      {
        challenge: 'challenge-1',
        purpose: 'enrol',
        mode: 'spoken',
        phone: 'phone-2',
        at: storyStart + 7 * seconds,
        cid: 'cid-own',
        clientId: 'bank',
        sessionUid: 'session-own',
        transactionDigest: 'digest',
        raisesSession: false,
      },
    ])
    expect(story.happened.slice(-2)).toEqual(['code.right', 'challenge.confirmed'])
  })

  it('confirms once', () => {
    story.untilCode()
    expect(story.type(code)).toHaveProperty('confirmed')
    for (const given of [code, wrongCode]) expect(story.type(given)).toEqual({ refused: 'challenge-over' })
    expect(story.account.confirmations).toHaveLength(1)
    expect(story.account.failuresInARow).toBe(0)
  })

  it('is right after two wrong ones', () => {
    story.untilCode()
    expect(story.type(wrongCode)).toEqual({ refused: 'wrong-code', triesLeft: 2 })
    expect(story.type(wrongCode)).toEqual({ refused: 'wrong-code', triesLeft: 1 })
    expect(story.type(code)).toHaveProperty('confirmed')
  })

  it('is right after the person hung up', () => {
    story.untilCode()
    story.over()
    expect(story.type(code)).toHaveProperty('confirmed')
  })

  it('is right until the challenge expires, to the millisecond', () => {
    story.untilCode()
    const told = story.account
    story.wait(180 * seconds - 1)
    expect(story.type(code)).toHaveProperty('confirmed')
    story.account = told
    story.wait(1)
    expect(story.type(code)).toEqual({ refused: 'challenge-over' })
    expect(story.account.confirmations).toEqual([])
  })

  it('the latest fifty confirmations are kept, the oldest fall out', () => {
    story = accountStory({ limits: { callsPerTenMinutes: 100, callsPerDay: 100 } })
    for (let round = 1; round <= 52; round += 1) {
      story.untilCode()
      story.type(code)
    }
    const kept = story.account.confirmations.map(({ challenge }) => challenge)
    expect(kept).toHaveLength(50)
    expect([kept[0], kept[49]]).toEqual(['challenge-3', 'challenge-52'])
  })
})

describe('a wrong code', () => {
  it.each(['170944', '070943', '000000', '', '17094', '1709433', 'abcdef'])('%j is wrong, and counted', (given) => {
    story.untilCode()
    expect(story.type(given)).toEqual({ refused: 'wrong-code', triesLeft: 2 })
    expect(story.challenge).toMatchObject({ state: 'open', failures: 1 })
    expect(story.account.failuresInARow).toBe(1)
    expect(story.happened.at(-1)).toBe('code.wrong')
  })

  it('the gate is no code', () => {
    story.untilCode()
    expect(story.type(gate)).toMatchObject({ refused: 'wrong-code' })
  })

  it('three of them end the challenge, and then the right one is too late', () => {
    story.untilCode()
    story.type(wrongCode)
    story.type(wrongCode)
    expect(story.type(wrongCode)).toEqual({ refused: 'wrong-code', triesLeft: 0 })
    expect(story.challenge).toMatchObject({ state: 'wrong-code', failures: 3, endedAt: storyStart })
    expect(story.state).toBe('wrong-code')
    expect(story.type(code)).toEqual({ refused: 'challenge-over' })
    expect(story.account).toMatchObject({ confirmations: [], failuresInARow: 3 })
    expect(story.happened.slice(-3)).toEqual(['code.wrong', 'challenge.wrong-code', 'refused.challenge-over'])
  })

  it('a new call gives no new tries', () => {
    story.untilCode()
    story.type(wrongCode)
    story.type(wrongCode)
    story.untilCode()
    expect(story.type(wrongCode)).toEqual({ refused: 'wrong-code', triesLeft: 0 })
    expect(story.state).toBe('wrong-code')
  })

  it('typed and keyed ones count together', () => {
    story.untilCode()
    story.type(wrongCode)
    story.start({ mode: 'keyed' })
    story.answer()
    expect(story.key(wrongCode)).toMatchObject({ prompt: 'key-code-wrong' })
    expect(story.key(wrongCode)).toMatchObject({ prompt: 'wrong-code' })
    expect(story.challenge).toMatchObject({ state: 'wrong-code', failures: 3 })
  })
})

describe('a code that is not looked at', () => {
  const untouched = (given: string, refusal: object, page = ownPage) => {
    const before = story.account
    expect(story.type(given, page)).toEqual(refusal)
    expect(story.account).toBe(before)
  }

  it.each([
    ['another session', elsewhere],
    ['another tab', otherTab],
    ['the same interaction id in another request', { ...ownPage, cid: 'cid-else' }],
    ['the same request in another interaction', { ...ownPage, uid: 'uid-else' }],
  ])('from the page of %s', (_, page) => {
    story.untilCode()
    untouched(code, { refused: 'no-challenge' }, page)
    untouched(wrongCode, { refused: 'no-challenge' }, page)
  })

  it('of another call', () => {
    story.untilCode()
    for (const call of ['challenge-1.2', 'challenge-2.1', '']) expect(story.type(code, ownPage, call)).toEqual({ refused: 'no-challenge' })
    expect(story.challenge.failures).toBe(0)
  })

  it.each<[string, () => unknown]>([
    ['while it is dialled', () => {}],
    ['while it rings', () => story.ringing()],
    ['before the gate', () => story.answer()],
    ['after a wrong gate', () => [story.answer(), story.key('43')]],
    ['after it was busy', () => story.over('busy')],
    ['after a machine answered', () => story.answer('machine')],
  ])('before it was told: %s', (_, reach) => {
    story.start()
    reach()
    untouched(code, { refused: 'not-told-yet' })
    untouched(wrongCode, { refused: 'not-told-yet' })
  })

  it.each<[string, () => unknown]>([
    ['while it rings', () => story.ringing()],
    ['while it is asked for', () => story.answer()],
    ['after a wrong one', () => [story.answer(), story.key(wrongCode)]],
    ['after the call', () => [story.answer(), story.over()]],
  ])('because it is to be keyed: %s', (_, reach) => {
    story = accountStory({ mode: 'keyed' })
    story.start()
    reach()
    untouched(code, { refused: 'wrong-mode' })
  })

  it('after the page was left', () => {
    story.untilCode()
    story.cancel()
    untouched(code, { refused: 'challenge-over' })
  })

  it('while the factor is blocked, though the call was told before', () => {
    story.untilCode()
    story.block(storyStart + 5 * seconds)
    untouched(code, { refused: 'factor-blocked', retryAt: storyStart + 5 * seconds })
    untouched(wrongCode, { refused: 'factor-blocked', retryAt: storyStart + 5 * seconds })
    story.wait(5 * seconds - 1)
    untouched(code, { refused: 'factor-blocked', retryAt: storyStart + 5 * seconds })
    story.wait(1)
    expect(story.type(code)).toHaveProperty('confirmed')
  })

  it('because nothing was ever started', () => {
    expect(story.type(code, ownPage, 'challenge-1.1')).toEqual({ refused: 'no-challenge' })
  })
})
