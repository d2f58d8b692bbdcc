// A code that the page shows and the callee keys.
import { beforeEach, describe, expect, it } from 'vitest'
import { type AccountStory, accountStory, code, gate, ownPage, seconds, storyStart, wrongCode } from './account-story.ts'

let story: AccountStory
beforeEach(() => {
  story = accountStory()
})

describe('a code that is keyed', () => {
  beforeEach(() => {
    story = accountStory({ mode: 'keyed' })
    story.start()
  })

  it('is asked for, compared, and confirms in the same call', () => {
    expect(story.answer()).toEqual({ prompt: 'key-code', sequence: 1 })
    story.wait(seconds)
    expect(story.key(code)).toEqual({ prompt: 'confirmed', sequence: 2 })
    expect(story.challenge).toMatchObject({ state: 'confirmed', endedAt: storyStart + seconds, call: { state: 'over', outcome: 'completed' } })
    expect(story.account.confirmations).toMatchObject([{ challenge: 'challenge-1', mode: 'keyed', at: storyStart + seconds, cid: ownPage.cid }])
    expect(story.happened.slice(-2)).toEqual(['code.right', 'challenge.confirmed'])
  })

  it('is asked for again in the same call, and the third wrong one is the last', () => {
    story.answer()
    expect(story.key(wrongCode)).toEqual({ prompt: 'key-code-wrong', sequence: 2 })
    expect(story.challenge).toMatchObject({ state: 'open', failures: 1, call: { state: 'answered' } })
    expect(story.key(wrongCode)).toEqual({ prompt: 'key-code-wrong', sequence: 3 })
    expect(story.key(wrongCode)).toEqual({ prompt: 'wrong-code', sequence: 4 })
    expect(story.challenge).toMatchObject({ state: 'wrong-code', failures: 3, call: { state: 'over' } })
    expect(story.key(code)).toMatchObject({ prompt: 'wrong-code' })
    expect(story.account).toMatchObject({ confirmations: [], failuresInARow: 3 })
  })

  it('may be right at the second and third try', () => {
    story.answer()
    story.key(wrongCode)
    story.key(wrongCode)
    expect(story.key(code)).toMatchObject({ prompt: 'confirmed' })
  })

  it('a repeated report of a wrong code is one failure', () => {
    story.answer()
    story.key(wrongCode, 1)
    expect(story.key(wrongCode, 1)).toEqual({ prompt: 'key-code-wrong', sequence: 2 })
    expect(story.key(code, 1)).toEqual({ prompt: 'key-code-wrong', sequence: 2 })
    expect(story.challenge).toMatchObject({ state: 'open', failures: 1 })
  })

  it.each(['17094', '1709431', '17', '17094*', '#70943', gate])('%j is no code: it is asked for again, and that is no failure', (keys) => {
    story.answer()
    expect(story.key(keys)).toEqual({ prompt: 'key-code-again', sequence: 2 })
    expect(story.challenge.failures).toBe(0)
  })

  it('1 and 2 repeat the question, three times, then the call gives up', () => {
    story.answer()
    expect(story.key('1')).toMatchObject({ prompt: 'key-code' })
    expect(story.key('2')).toMatchObject({ prompt: 'key-code-slowly' })
    expect(story.key('17')).toMatchObject({ prompt: 'key-code-again' })
    expect(story.key('1')).toMatchObject({ prompt: 'nothing-keyed' })
    expect(story.state).toBe('nothing-keyed')
  })
  it('a code, though wrong, is an answer: asking again begins anew', () => {
    story.answer()
    for (const keys of ['1', '1', '1']) story.key(keys)
    story.key(wrongCode)
    for (const keys of ['1', '1', '1']) expect(story.key(keys)).toMatchObject({ prompt: 'key-code' })
    expect(story.key('1')).toMatchObject({ prompt: 'nothing-keyed' })
  })

  it('the gate of the call is no code', () => {
    story.answer()
    expect(story.hear({ call: story.call.id, type: 'keys', sequence: 1, keys: '654321' }, { gate: '654321' })).toMatchObject({
      prompt: 'key-code-wrong',
    })
    expect(story.challenge.failures).toBe(1)
  })

  it('counts for nothing after the page was left, the challenge expired, or the factor was blocked', () => {
    story.answer()
    const answered = story.account
    story.cancel()
    expect(story.key(code)).toMatchObject({ prompt: 'cancelled' })
    story.account = answered
    story.block()
    expect(story.key(code)).toMatchObject({ prompt: 'cancelled' })
    story.account = answered
    story.wait(180 * seconds)
    story.key(code)
    expect(story.state).toBe('expired')
    expect(story.account).toMatchObject({ confirmations: [], failuresInARow: 0 })
  })
})
