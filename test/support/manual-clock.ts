// A clock that moves only when a test says so.
import type { Clock } from '../../src/ports/clock.ts'

export interface ManualClock extends Clock {
  /** Moves time forward, running every timer that falls due in order, and lets what they started settle in between. */
  advance(milliseconds: number): Promise<void>
}

export function manualClock(start = Date.UTC(2026, 0, 5, 12)): ManualClock {
  let now = start
  let serial = 0
  const timers = new Map<number, { at: number; task: () => void }>()
  return {
    now: () => now,
    after(milliseconds, task) {
      const id = ++serial
      timers.set(id, { at: now + milliseconds, task })
      return () => timers.delete(id)
    },
    async advance(milliseconds) {
      const until = now + milliseconds
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.at <= until).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0]
        if (due === undefined) break
        timers.delete(due[0])
        now = Math.max(now, due[1].at)
        due[1].task()
        await settled()
      }
      now = until
      await settled()
    },
  }
}

/** Lets promises and immediate callbacks that are already under way finish. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
