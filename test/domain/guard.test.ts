// The limits, at their exact edges.
import { describe, expect, it } from 'vitest'
import { blockAfterFailures, blockAt, countedCalls, defaultLimits, failuresInARowCeiling, longerBlock, refuseCall } from '../../src/domain/guard.ts'
import { hours, minutes, seconds, storyStart } from './account-story.ts'

describe('what production runs on', () => {
  it('is what the documentation promises', () => {
    expect(defaultLimits).toEqual({
      failuresPerChallenge: 3,
      failuresInARow: 5,
      failureBlockSeconds: 900,
      reportBlockSeconds: 86_400,
      callsPerTenMinutes: 3,
      callsPerDay: 10,
    })
    expect(failuresInARowCeiling).toBe(100)
  })
})

describe('a block', () => {
  it('holds strictly before its end', () => {
    const block = { reason: 'failures', until: storyStart } as const
    expect(blockAt(block, storyStart - 1)).toEqual(block)
    expect(blockAt(block, storyStart)).toBeUndefined()
    expect(blockAt(block, storyStart + 1)).toBeUndefined()
  })
  it('of an administrator holds for ever', () => {
    expect(blockAt({ reason: 'administrator' }, Number.MAX_SAFE_INTEGER)).toEqual({ reason: 'administrator' })
  })
  it('that ended at the beginning of time is over', () => {
    expect(blockAt({ reason: 'failures', until: 0 }, storyStart)).toBeUndefined()
  })
  it('that was never set is none', () => {
    expect(blockAt(undefined, storyStart)).toBeUndefined()
  })

  it.each([5, 10, 15, 95])('comes with failure %i in a row', (failures) => {
    expect(blockAfterFailures(failures, storyStart, defaultLimits)).toEqual({ reason: 'failures', until: storyStart + 15 * minutes })
  })
  it.each([1, 2, 3, 4, 6, 7, 8, 9, 11])('does not come with failure %i', (failures) => {
    expect(blockAfterFailures(failures, storyStart, defaultLimits)).toBeUndefined()
  })
  it.each([100, 101, 105])('has no end at failure %i in a row: somebody has to lift it (NIST SP 800-63B, 5.2.2)', (failures) => {
    const lenient = { ...defaultLimits, failuresInARow: 99 }
    for (const limits of [defaultLimits, lenient]) expect(blockAfterFailures(failures, storyStart, limits)).toEqual({ reason: 'failures' })
  })
  it.each([
    ['a later end', { reason: 'failures', until: 10 }, { reason: 'reported', until: 20 }, { reason: 'reported', until: 20 }],
    ['an earlier end', { reason: 'reported', until: 20 }, { reason: 'failures', until: 10 }, { reason: 'reported', until: 20 }],
    ['no end', { reason: 'administrator' }, { reason: 'reported', until: 20 }, { reason: 'administrator' }],
    ['an end that has passed', { reason: 'reported', until: 5 }, { reason: 'failures', until: 10 }, { reason: 'failures', until: 10 }],
  ] as const)('of two, the one with %s stands', (_, current, added, standing) => {
    expect(longerBlock(current, added, 6)).toEqual(standing)
  })
  it('comes with every failure where the operator says so', () => {
    const strict = { ...defaultLimits, failuresInARow: 1, failureBlockSeconds: 60 }
    expect(blockAfterFailures(1, storyStart, strict)).toEqual({ reason: 'failures', until: storyStart + minutes })
    expect(blockAfterFailures(2, storyStart, strict)).toEqual({ reason: 'failures', until: storyStart + minutes })
  })
})

describe('calls that may still be made', () => {
  const refusalAt = (callsAfter: readonly number[], after: number, limits = defaultLimits) =>
    refuseCall(
      callsAfter.map((at) => storyStart + at),
      storyStart + after,
      limits,
    )
  const refusedUntil = (after: number) => ({ refused: 'too-many-calls', retryAt: storyStart + after })

  it('three within ten minutes, and the next as soon as the first of them is ten minutes old', () => {
    const three = [0, minutes, 2 * minutes]
    expect(refusalAt([], 0)).toBeUndefined()
    expect(refusalAt(three.slice(0, 2), 2 * minutes)).toBeUndefined()
    expect(refusalAt(three, 2 * minutes)).toEqual(refusedUntil(10 * minutes))
    expect(refusalAt(three, 10 * minutes - 1)).toEqual(refusedUntil(10 * minutes))
    expect(refusalAt(three, 10 * minutes)).toBeUndefined()
  })
  it('three in the same millisecond are three', () => {
    expect(refusalAt([0, 0, 0], 0)).toEqual(refusedUntil(10 * minutes))
  })
  it('the window slides: the second call counts until it is ten minutes old itself', () => {
    expect(refusalAt([0, minutes, 2 * minutes, 10 * minutes], 10 * minutes)).toEqual(refusedUntil(11 * minutes))
  })
  it('after the limit was lowered, room comes when enough calls have grown old', () => {
    const five = [0, minutes, 2 * minutes, 3 * minutes, 4 * minutes]
    expect(refusalAt(five, 5 * minutes)).toEqual(refusedUntil(12 * minutes))
    expect(refusalAt(five, 12 * minutes - 1)).toEqual(refusedUntil(12 * minutes))
    expect(refusalAt(five, 12 * minutes)).toBeUndefined()
  })

  const ten = Array.from({ length: 10 }, (_, serial) => serial * hours)
  it('ten a day, and the next as soon as the first of them is a day old', () => {
    expect(refusalAt(ten.slice(0, 9), 10 * hours)).toBeUndefined()
    expect(refusalAt(ten, 10 * hours)).toEqual(refusedUntil(24 * hours))
    expect(refusalAt(ten, 24 * hours - 1)).toEqual(refusedUntil(24 * hours))
    expect(refusalAt(ten, 24 * hours)).toBeUndefined()
  })
  it('of two limits the later room is told', () => {
    const lately = [...ten.slice(0, 7), 23 * hours + 57 * minutes, 23 * hours + 58 * minutes, 23 * hours + 59 * minutes]
    expect(refusalAt(lately, 24 * hours - 1 * seconds)).toEqual(refusedUntil(24 * hours + 7 * minutes))
    expect(refusalAt([0, 0, 0, ...ten.slice(3)], 9 * hours)).toEqual(refusedUntil(24 * hours))
  })

  it('a call counts until it is exactly a day old', () => {
    const old = [storyStart, storyStart + 1]
    expect(countedCalls(old, storyStart + 24 * hours - 1)).toEqual(old)
    expect(countedCalls(old, storyStart + 24 * hours)).toEqual([storyStart + 1])
    expect(countedCalls(old, storyStart + 24 * hours + 1)).toEqual([])
  })
})
