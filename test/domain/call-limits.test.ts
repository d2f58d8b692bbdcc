// How many calls an account may be made, and none while its factor is blocked.
import { beforeEach, describe, expect, it } from 'vitest'
import { type AccountStory, accountStory, code, elsewhere, hours, minutes, otherTab, ownPage, storyStart } from './account-story.ts'

let story: AccountStory
beforeEach(() => {
  story = accountStory()
})

describe('limits of calls', () => {
  it('three in ten minutes; a refused one counts for nothing and is told when to try again', () => {
    for (let calls = 0; calls < 3; calls += 1) {
      expect(story.start()).toHaveProperty('started')
      story.over('no-answer')
      story.wait(minutes)
    }
    const before = story.account
    for (let clicks = 0; clicks < 5; clicks += 1) expect(story.start()).toEqual({ refused: 'too-many-calls', retryAt: storyStart + 10 * minutes })
    expect(story.account).toBe(before)
    story.wait(7 * minutes - 1)
    expect(story.start()).toMatchObject({ refused: 'too-many-calls' })
    story.wait(1)
    expect(story.start()).toHaveProperty('started')
  })

  it('ten a day, whoever asks', () => {
    for (let calls = 0; calls < 10; calls += 1) {
      expect(story.start({ origin: calls % 2 ? elsewhere : ownPage })).toHaveProperty('started')
      story.over('no-answer')
      story.wait(hours)
    }
    expect(story.start()).toEqual({ refused: 'too-many-calls', retryAt: storyStart + 24 * hours })
    story.wait(14 * hours - 1)
    expect(story.start()).toMatchObject({ refused: 'too-many-calls' })
    story.wait(1)
    expect(story.start()).toHaveProperty('started')
    expect(story.account.callsAt).toHaveLength(10)
  })

  it('are not reset by a confirmation', () => {
    for (let calls = 0; calls < 3; calls += 1) {
      story.untilCode()
      story.type(code)
    }
    expect(story.start()).toMatchObject({ refused: 'too-many-calls' })
  })

  it('a request that is refused leaves the challenge in progress as it was', () => {
    for (let calls = 0; calls < 2; calls += 1) {
      story.start()
      story.over('busy')
    }
    story.untilCode()
    expect(story.start()).toMatchObject({ refused: 'too-many-calls' })
    expect(story.start({ origin: otherTab })).toMatchObject({ refused: 'too-many-calls' })
    expect(story.type(code)).toHaveProperty('confirmed')
  })
})

describe('a blocked factor', () => {
  it('starts no call, and says until when', () => {
    story.block(storyStart + 1000)
    expect(story.start()).toEqual({ refused: 'factor-blocked', retryAt: storyStart + 1000 })
    expect(story.account.challenge).toBeUndefined()
    expect(story.account.callsAt).toEqual([])
    story.wait(999)
    expect(story.start()).toMatchObject({ refused: 'factor-blocked' })
    story.wait(1)
    expect(story.start()).toHaveProperty('started')
  })
  it('by an administrator has no end to tell', () => {
    story.block()
    expect(story.start()).toEqual({ refused: 'factor-blocked', retryAt: undefined })
  })
  it('says so even to somebody elsewhere, and contests nothing', () => {
    story.start()
    story.block()
    expect(story.start({ origin: elsewhere })).toMatchObject({ refused: 'factor-blocked' })
    expect(story.challenge.contestedAt).toBeUndefined()
  })
})
