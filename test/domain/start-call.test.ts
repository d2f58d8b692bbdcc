// Who may have a call started, when, and what that does to the call before it.
import { beforeEach, describe, expect, it } from 'vitest'
import { type AccountStory, accountStory, code, elsewhere, gate, otherTab, ownPage, seconds, storyStart, wrongCode } from './account-story.ts'

let story: AccountStory
beforeEach(() => {
  story = accountStory()
})

describe('the first call', () => {
  it('opens a challenge that is the page’s own, with everything it was asked for', () => {
    const origin = { ...ownPage, transactionDigest: 'digest', raisesSession: false }
    const result = story.start({ origin, purpose: 'backchannel', language: 'zh', phone: 'phone-2', mode: 'keyed' })
    expect(result).toEqual({ started: 'call', challenge: story.challenge, replaced: undefined })
    expect(story.challenge).toEqual({
      id: 'challenge-1',
      accountId: 'ada',
      purpose: 'backchannel',
      origin,
      openedAt: storyStart,
      state: 'open',
      failures: 0,
      calls: 1,
      contestedAt: undefined,
      call: {
        id: 'challenge-1.1',
        phone: 'phone-2',
        mode: 'keyed',
        language: 'zh',
        codeKey: 'key-1',
        nonce: 'nonce-1',
        ringSeconds: 30,
        maxSeconds: 120,
        startedAt: storyStart,
        state: 'dialling',
        lineOpen: true,
        sequence: 0,
        askedAgain: 0,
      },
    })
    expect(story.account.callsAt).toEqual([storyStart])
    expect(story.happened).toEqual(['challenge.opened', 'call.requested'])
  })
})

describe('a second click', () => {
  it.each<[string, () => void]>([
    ['dialled', () => {}],
    ['rung', () => story.ringing()],
    ['asked for its gate', () => story.answer()],
  ])('while the phone is being %s starts nothing and counts as nothing', (_, reach) => {
    story.start()
    reach()
    const before = story.account
    story.wait(1)
    expect(story.start()).toEqual({ started: 'already-calling', challenge: before.challenge })
    expect(story.account).toEqual(before)
  })

  it('is answered the same when no more calls would be allowed', () => {
    for (let calls = 0; calls < 3; calls += 1) {
      story.start()
      if (calls < 2) story.over('busy')
    }
    expect(story.start()).toMatchObject({ started: 'already-calling' })
  })

  it.each<[string, () => void]>([
    ['was told its code', () => story.untilCode()],
    ['was busy', () => void (story.start() && story.over('busy'))],
    ['keyed the wrong gate and is being said goodbye to', () => void (story.start() && story.answer() && story.key('43'))],
  ])('after the callee %s means another call', (_, reach) => {
    reach()
    expect(story.start()).toMatchObject({ started: 'call', challenge: { id: 'challenge-1', calls: 2, call: { id: 'challenge-1.2' } } })
  })

  it.each([
    ['another phone', { phone: 'phone-2' }],
    ['the other mode', { mode: 'keyed' }],
  ] as const)('on %s voids the call before, whose line is to be cut', (_, change) => {
    story.start()
    story.answer()
    const before = story.challenge
    const result = story.start(change)
    expect(result).toMatchObject({
      started: 'call',
      replaced: before,
      challenge: { id: before.id, calls: 2, call: { ...change, nonce: 'nonce-2', state: 'dialling' } },
    })
    // What the first call still reports changes nothing, not even its end.
    const after = story.account
    expect(story.hear({ call: before.call.id, type: 'keys', sequence: before.call.sequence, keys: gate })).toEqual({ prompt: 'hang-up', sequence: 0 })
    expect(story.hear({ call: before.call.id, type: 'over', outcome: 'ended' })).toEqual({ prompt: 'hang-up', sequence: 0 })
    expect(story.account).toBe(after)
  })
})

describe('another call of the same challenge', () => {
  it('keeps the failures and the age of the challenge, and takes everything else anew', () => {
    story.untilCode()
    story.type(wrongCode)
    story.type(wrongCode)
    story.over()
    story.wait(30 * seconds)
    story.start()
    expect(story.challenge).toMatchObject({ id: 'challenge-1', openedAt: storyStart, failures: 2, calls: 2 })
    expect(story.call).toMatchObject({ id: 'challenge-1.2', nonce: 'nonce-2', startedAt: storyStart + 30 * seconds, state: 'dialling', sequence: 0 })
    expect(story.call.toldAt).toBeUndefined()
    expect(story.state).toBe('dialling')
  })

  it('needs no line to be cut where the carrier ended it', () => {
    story.start()
    story.over('busy')
    expect(story.start()).toMatchObject({ started: 'call', replaced: undefined })
  })
  it('cuts the line of a call that we ended and the carrier did not', () => {
    story.start()
    story.answer()
    story.key('43')
    expect(story.call).toMatchObject({ state: 'over', lineOpen: true })
    expect(story.start()).toMatchObject({ started: 'call', replaced: { call: { id: 'challenge-1.1' } } })
  })

  it('voids the code that was told before', () => {
    story.untilCode()
    const told = story.call.id
    story.start()
    expect(story.type(code)).toEqual({ refused: 'not-told-yet' })
    expect(story.type(code, ownPage, told)).toEqual({ refused: 'no-challenge' })
    expect(story.challenge.failures).toBe(0)
  })

  it('is possible until the challenge expires, and afterwards it is a new challenge', () => {
    story.start()
    story.over('busy')
    story.wait(180 * seconds - 1)
    expect(story.start()).toMatchObject({ challenge: { id: 'challenge-1', calls: 2 } })
    story.over('busy')
    story.wait(180 * seconds)
    expect(story.start()).toMatchObject({ challenge: { id: 'challenge-3', calls: 1, failures: 0, openedAt: story.now } })
  })
})

describe('one live challenge per account', () => {
  it('is replaced by another tab of the same session', () => {
    story.untilCode()
    const before = story.challenge
    expect(story.start({ origin: otherTab })).toMatchObject({
      started: 'call',
      replaced: before,
      challenge: { id: 'challenge-2', calls: 1, origin: otherTab },
    })
    expect(story.happened.slice(-2)).toEqual(['challenge.opened', 'call.requested'])
    expect(story.type(code, ownPage)).toEqual({ refused: 'no-challenge' })
  })

  it('is left alone by anybody else, who is refused, and its owner is told', () => {
    story.untilCode()
    const before = story.challenge
    story.wait(1000)
    expect(story.start({ origin: elsewhere })).toEqual({ refused: 'challenge-elsewhere' })
    expect(story.challenge).toEqual({ ...before, contestedAt: storyStart + 1000 })
    expect(story.account.callsAt).toHaveLength(1)
    expect(story.happened.at(-1)).toBe('challenge.contested')
    expect(story.type(code)).toHaveProperty('confirmed')
  })

  it('stays contested through the owner’s next call', () => {
    story.start()
    story.start({ origin: elsewhere })
    story.over('busy')
    story.start()
    expect(story.challenge).toMatchObject({ calls: 2, contestedAt: storyStart })
  })

  it.each([
    ['two requests that have no session', { ...ownPage, sessionUid: undefined }, { ...otherTab, sessionUid: undefined }],
    ['one that has none against one that has', { ...ownPage, sessionUid: undefined }, otherTab],
    ['one that has a session against one that has none', ownPage, { ...otherTab, sessionUid: undefined }],
  ])('%s are not the same session', (_, first, second) => {
    story.start({ origin: first })
    expect(story.start({ origin: second })).toEqual({ refused: 'challenge-elsewhere' })
  })

  it('an interaction without a session may call again in its own challenge', () => {
    const origin = { ...ownPage, sessionUid: undefined }
    story.start({ origin })
    story.over('busy')
    expect(story.start({ origin })).toMatchObject({ started: 'call', challenge: { id: 'challenge-1', calls: 2 } })
  })

  it.each([
    ['the uid', { ...elsewhere, uid: ownPage.uid }],
    ['the request', { ...elsewhere, cid: ownPage.cid }],
  ])('a page that shares only %s is somebody else', (_, origin) => {
    story.untilCode()
    expect(story.start({ origin })).toEqual({ refused: 'challenge-elsewhere' })
  })
  it('another interaction of the same request is another page: its call opens a challenge of its own', () => {
    story.untilCode()
    expect(story.start({ origin: { ...ownPage, uid: 'uid-next' } })).toMatchObject({ started: 'call', challenge: { id: 'challenge-2', calls: 1 } })
  })

  it('anybody may start once it has expired, to the millisecond', () => {
    story.start()
    story.over('busy')
    story.wait(180 * seconds - 1)
    expect(story.start({ origin: elsewhere })).toEqual({ refused: 'challenge-elsewhere' })
    story.wait(1)
    expect(story.start({ origin: elsewhere })).toMatchObject({
      started: 'call',
      challenge: { origin: elsewhere, failures: 0, contestedAt: undefined },
    })
  })

  it.each<[string, () => unknown]>([
    ['cancelled', () => story.cancel()],
    ['confirmed', () => story.type(code)],
    ['ended by wrong codes', () => [story.type(wrongCode), story.type(wrongCode), story.type(wrongCode)]],
  ])('anybody may start once it was %s', (_, end) => {
    story.untilCode()
    end()
    expect(story.start({ origin: elsewhere })).toMatchObject({ started: 'call', challenge: { origin: elsewhere, state: 'open' } })
  })

  it('the same page may start anew after its challenge has ended, with all its tries', () => {
    story.untilCode()
    story.cancel()
    expect(story.start()).toMatchObject({ started: 'call', challenge: { id: 'challenge-2', calls: 1, failures: 0 } })
  })
})
