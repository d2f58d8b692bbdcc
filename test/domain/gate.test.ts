// The gate: one try, for somebody who sees the page, before anything is told.
import { beforeEach, describe, expect, it } from 'vitest'
import { type AccountStory, accountStory, code, gate, seconds, storyStart } from './account-story.ts'

let story: AccountStory
beforeEach(() => {
  story = accountStory()
})

describe('the gate', () => {
  beforeEach(() => {
    story.start()
    story.answer()
  })

  it('opens to its digits, and the code is told in answer', () => {
    story.wait(seconds)
    expect(story.key(gate)).toEqual({ prompt: 'code', sequence: 2 })
    expect(story.call).toMatchObject({ state: 'told', toldAt: storyStart + seconds })
    expect(story.state).toBe('told')
    expect(story.happened.slice(-2)).toEqual(['call.gate-passed', 'code.told'])
  })

  it.each(['43', '24', '52', '00', '99'])('one try: after %s the right one is too late', (keys) => {
    expect(story.key(keys)).toEqual({ prompt: 'wrong-gate', sequence: 2 })
    expect(story.state).toBe('wrong-gate')
    expect(story.key(gate)).toEqual({ prompt: 'wrong-gate', sequence: 2 })
    expect(story.call.toldAt).toBeUndefined()
    expect(story.challenge.state).toBe('open')
    expect(story.happened.at(-1)).toBe('call.wrong-gate')
  })

  it('a wrong gate is a call that was made, but no failure', () => {
    story.key('43')
    expect(story.challenge.failures).toBe(0)
    expect(story.account).toMatchObject({ failuresInARow: 0, callsAt: [storyStart] })
  })

  it.each(['4', '3', '0', '#', '*', '4*', '*2', '421', '4 2', ' 42', '\uff14\uff12', code])(
    '%j is no gate: it is asked for again, and that is no try',
    (keys) => {
      expect(story.key(keys)).toEqual({ prompt: 'gate-again', sequence: 2 })
      expect(story.key(gate)).toMatchObject({ prompt: 'code' })
    },
  )

  it('nothing keyed ends the call, not the challenge', () => {
    expect(story.key('')).toMatchObject({ prompt: 'nothing-keyed' })
    expect(story.state).toBe('nothing-keyed')
    expect(story.challenge.state).toBe('open')
    expect(story.key(gate)).toMatchObject({ prompt: 'nothing-keyed' })
    expect(story.happened.at(-1)).toBe('call.nothing-keyed')
  })

  it('a lone 1 repeats the question and a lone 2 asks it slowly', () => {
    expect(story.key('1')).toEqual({ prompt: 'gate', sequence: 2 })
    expect(story.key('2')).toEqual({ prompt: 'gate-slowly', sequence: 3 })
    expect(story.state).toBe('answered')
    expect(story.key(gate)).toMatchObject({ prompt: 'code' })
  })

  it.each(['19', '29', '91', '99', '11'])('an entry of full length is only compared: %s is no command', (keys) => {
    expect(story.key(keys)).toMatchObject({ prompt: 'wrong-gate' })
    expect(story.challenge.state).toBe('open')
    expect(story.account.block).toBeUndefined()
  })
  it('even when it is the gate itself', () => {
    const sequence = story.call.sequence
    expect(story.hear({ call: story.call.id, type: 'keys', sequence, keys: '91' }, { gate: '91' })).toMatchObject({ prompt: 'code' })
  })

  it('asks again three times, and then gives up', () => {
    for (const keys of ['4', '1', '2']) story.key(keys)
    expect(story.call.state).toBe('answered')
    expect(story.key('4')).toEqual({ prompt: 'nothing-keyed', sequence: 5 })
    expect(story.state).toBe('nothing-keyed')
  })
  it('and on the last of these the right gate is still right', () => {
    for (const keys of ['4', '4', '4']) expect(story.key(keys)).toMatchObject({ prompt: 'gate-again' })
    expect(story.key(gate)).toMatchObject({ prompt: 'code' })
  })

  it('opens nothing once the line is closed', () => {
    story.over()
    expect(story.key(gate)).not.toMatchObject({ prompt: 'code' })
    expect(story.call.toldAt).toBeUndefined()
    expect(story.state).toBe('hung-up')
  })

  it('opens nothing after the page was left', () => {
    story.cancel()
    expect(story.key(gate)).toMatchObject({ prompt: 'cancelled' })
    expect(story.call).toMatchObject({ state: 'over', outcome: 'hung-up' })
    expect(story.call.toldAt).toBeUndefined()
  })

  it('opens nothing after the challenge expired', () => {
    story.wait(130 * seconds)
    expect(story.key('1')).toMatchObject({ prompt: 'gate' })
    story.wait(50 * seconds)
    expect(story.key(gate)).not.toMatchObject({ prompt: 'code' })
    expect(story.state).toBe('expired')
    expect(story.call.toldAt).toBeUndefined()
  })

  it('opens nothing while the factor is blocked, and everything in the millisecond the block ends', () => {
    story.block(storyStart + seconds)
    story.wait(seconds)
    expect(story.key(gate)).toMatchObject({ prompt: 'code' })
  })
  it('opens nothing a millisecond before that', () => {
    story.block(storyStart + seconds)
    story.wait(seconds - 1)
    expect(story.key(gate)).toMatchObject({ prompt: 'cancelled' })
    expect(story.call.state).toBe('over')
    expect(story.call.toldAt).toBeUndefined()
  })
})
