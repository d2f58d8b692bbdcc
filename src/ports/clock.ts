// Time, injected: every rule that depends on time can be tested to the millisecond.

/** A source of time and of timers. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number
  /** Runs `task` once, `milliseconds` from now; the returned function cancels it. */
  after(milliseconds: number, task: () => void): () => void
}

/** The machine's own clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, task) {
    const timer = setTimeout(task, milliseconds)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
