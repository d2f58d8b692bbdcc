// A page that follows its call live: by events, by time alone, from another node, and without leaving anything behind.
import { describe, expect, it } from 'vitest'
import { pageState } from '../../src/domain/challenge.ts'
import type { FactorPage } from '../../src/phone-factor.ts'
import type { OpenRecords, Records } from '../../src/ports/records.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { type Bench, bench, elsewhere, type Node, ownPage, wrong } from './bench.ts'

/** Follows a page; `states` are what it was told, without repetitions. */
function follow(node: Node, page: FactorPage = ownPage) {
  const abort = new AbortController()
  const states: string[] = []
  const ended = (async () => {
    for await (const challenge of node.factor.follow(page, abort.signal)) {
      const state = pageState(challenge)
      if (states.at(-1) !== state) states.push(state)
    }
  })()
  return {
    states,
    async stop() {
      abort.abort()
      await ended
    },
  }
}

/** A bench that counts its watchers and timers. */
function countedBench(): { at: Bench; watching: () => number; ticking: () => number } {
  let watchers = 0
  const timers = new Set<object>()
  const inner = manualClock()
  const clock: ManualClock = {
    ...inner,
    after(milliseconds, task) {
      const timer = {}
      timers.add(timer)
      const cancel = inner.after(milliseconds, () => {
        timers.delete(timer)
        task()
      })
      return () => {
        timers.delete(timer)
        cancel()
      }
    },
  }
  const around =
    (records: OpenRecords): OpenRecords =>
    <T>(kind: string): Records<T> => {
      const kept = records<T>(kind)
      return {
        ...kept,
        async *watch(id, signal) {
          watchers += 1
          try {
            yield* kept.watch(id, signal)
          } finally {
            watchers -= 1
          }
        },
      }
    }
  return { at: bench({ clock, around }), watching: () => watchers, ticking: () => timers.size }
}

describe('a page that follows', () => {
  it('is told at once where it stands, then every step', async () => {
    const at = bench()
    const page = follow(at)
    await at.clock.advance(0)
    expect(page.states).toEqual(['idle'])
    await at.start()
    await at.hear({ type: 'ringing' })
    await at.clock.advance(0)
    await at.hear({ type: 'answered' })
    await at.clock.advance(0)
    await at.key((await at.factor.see(ownPage)).gate ?? '')
    await at.clock.advance(0)
    await at.hear({ type: 'over', outcome: 'ended' })
    await at.clock.advance(0)
    await at.factor.cancel(ownPage)
    await at.clock.advance(0)
    expect(page.states).toEqual(['idle', 'dialling', 'ringing', 'answered', 'told', 'cancelled'])
    await page.stop()
  })

  it.each<[string, (at: Bench) => Promise<unknown>, [number, string][]]>([
    [
      'a call that nobody takes',
      (at) => at.hear({ type: 'ringing' }),
      [
        [44_999, 'ringing'],
        [1, 'no-answer'],
        [134_999, 'no-answer'],
        [1, 'expired'],
      ],
    ],
    [
      'a call of which no word comes',
      async () => {},
      [
        [44_999, 'dialling'],
        [1, 'gateway-down'],
      ],
    ],
    [
      'a call whose end is never reported',
      (at) => at.hear({ type: 'answered' }),
      [
        [134_999, 'answered'],
        [1, 'hung-up'],
        [45_000, 'expired'],
      ],
    ],
  ])('is told what time alone has done: %s', async (_, reach, steps) => {
    const at = bench()
    await at.start()
    await reach(at)
    const page = follow(at)
    await at.clock.advance(0)
    for (const [after, state] of steps) {
      await at.clock.advance(after)
      expect(page.states.at(-1)).toBe(state)
    }
    await page.stop()
  })

  it('is told that somebody elsewhere tries to call', async () => {
    const at = bench()
    await at.start()
    const abort = new AbortController()
    const contested: (number | undefined)[] = []
    const ended = (async () => {
      for await (const challenge of at.factor.follow(ownPage, abort.signal)) contested.push(challenge?.contestedAt)
    })()
    await at.factor.start(elsewhere, { phone: 'phone-1', mode: 'spoken' })
    await at.clock.advance(0)
    expect(contested.at(-1)).toBe(at.clock.now())
    abort.abort()
    await ended
  })

  it('sees nothing of a challenge that is not its own', async () => {
    const at = bench()
    const page = follow(at, elsewhere)
    await at.told()
    await at.clock.advance(200_000)
    expect(page.states).toEqual(['idle'])
    await page.stop()
  })

  it('on another node is told what happens here', async () => {
    const at = bench()
    const other = at.anotherNode()
    other.gateway.answerLookUp = async () => 'live'
    await at.start()
    const page = follow(other)
    await at.hear({ type: 'ringing' })
    await at.clock.advance(0)
    await at.hear({ type: 'over', outcome: 'busy' })
    await at.clock.advance(0)
    expect(page.states.slice(-2)).toEqual(['ringing', 'busy'])
    await page.stop()
  })
})

describe('a page that leaves', () => {
  it.each<[string, (at: Bench) => Promise<unknown>]>([
    ['before anything was started', async () => {}],
    ['while it rings', (at) => at.start()],
    ['after the code was told', (at) => at.told()],
    ['after the end', async (at) => at.start().then(() => at.factor.cancel(ownPage))],
  ])('%s leaves neither a watcher nor a timer behind', async (_, reach) => {
    const { at, watching, ticking } = countedBench()
    await reach(at)
    const pages = [follow(at), follow(at), follow(at, elsewhere)]
    await at.clock.advance(0)
    expect(watching()).toBe(3)
    expect(ticking()).toBeLessThanOrEqual(3)
    for (const page of pages) await page.stop()
    expect(watching()).toBe(0)
    expect(ticking()).toBe(0)
  })

  it('has gone before it began', async () => {
    const { at, watching } = countedBench()
    for await (const challenge of at.factor.follow(ownPage, AbortSignal.abort())) expect(challenge).toBe('never told')
    await at.clock.advance(0)
    expect(watching()).toBe(0)
  })

  it('a long call with many events has never more than one timer for its page', async () => {
    const { at, ticking } = countedBench()
    const page = follow(at)
    const code = await at.told()
    for (const serial of [1, 2]) {
      await at.factor.typeCode(ownPage, wrong(code, serial))
      await at.key('1')
      await at.clock.advance(5_000)
      expect(ticking()).toBe(1)
    }
    await at.factor.typeCode(ownPage, code)
    await at.clock.advance(0)
    expect(ticking()).toBe(0)
    expect(page.states.at(-1)).toBe('confirmed')
    await page.stop()
  })
})
