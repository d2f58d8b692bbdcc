// Where everything of ours that changes is kept: one atomic operation, on memory, SQLite and (later) Redis alike.

/** What an `update` leaves behind: a new value, the old one untouched, or nothing. */
export type Next<T> = { value: T /** Milliseconds since 1970, or Infinity. */; expiresAt: number } | 'keep' | 'remove'

/** Records of one kind. Values are plain JSON; what is handed out is a copy. */
export interface Records<T> {
  /** The value, also for a day after `expiresAt`, so that "expired" can be told from "unknown": whoever reads judges the expiry. */
  find(id: string): Promise<T | undefined>
  /**
   * Atomic: of two concurrent updates the second sees the first's result. `change` is synchronous, may run more than once and creates when there
   * is nothing yet; the `result` of the run that was committed is returned (so that of fifty right codes exactly one is told that it won).
   */
  update<R>(id: string, change: (current: T | undefined) => { next: Next<T>; result: R }): Promise<R>
  /** The current value, then the newest whenever it changed (states in between may be left out), whoever wrote it. Ends when `signal` aborts. */
  watch(id: string, signal: AbortSignal): AsyncIterable<T | undefined>
  /** Every record of this kind, for administration: not atomic, in no particular order. */
  list(): AsyncIterable<{ id: string; value: T }>
}

/** Opens the records of one kind; ids of different kinds never collide. */
export type OpenRecords = <T>(kind: string) => Records<T>

/** How long a record outlives its `expiresAt` in every store. */
export const graceMilliseconds = 24 * 60 * 60 * 1000
