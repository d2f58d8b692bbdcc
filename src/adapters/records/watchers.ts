// Who watches which record, and how a watcher is told of a change: it is woken and reads again, so states in between may be left out.

export interface Watchers {
  /** The text `read` gives now, then whenever it has become another. Ends when `signal` aborts, and then leaves nothing behind. */
  watch(key: string, read: () => string | undefined, signal: AbortSignal): AsyncGenerator<string | undefined, void>
  changed(key: string): void
  /** For changes of which nobody knows what they touched. */
  anythingChanged(): void
}

/** `whileWatched` is called when the first watcher comes, and what it returns when the last one leaves. */
export function createWatchers(whileWatched: () => () => void = () => () => {}): Watchers {
  const watchers = new Map<string, Set<() => void>>()
  let unwatched = () => {}

  function add(key: string, wake: () => void): void {
    if (watchers.size === 0) unwatched = whileWatched()
    const same = watchers.get(key) ?? new Set()
    watchers.set(key, same.add(wake))
  }

  function remove(key: string, wake: () => void): void {
    const same = watchers.get(key)
    if (!same?.delete(wake) || same.size > 0) return
    watchers.delete(key)
    if (watchers.size === 0) unwatched()
  }

  return {
    async *watch(key, read, signal) {
      if (signal.aborted) return
      let isStale = false
      let resume = () => {}
      const wake = () => {
        isStale = true
        resume()
      }
      // On abort at once, not only when the consumer comes back: it may never do so.
      const stop = () => {
        remove(key, wake)
        resume()
      }
      signal.addEventListener('abort', stop, { once: true })
      add(key, wake)
      try {
        let last: string | undefined
        for (let isFirst = true; !signal.aborted; isFirst = false) {
          isStale = false
          const text = read()
          if (isFirst || text !== last) {
            last = text
            yield text
          }
          if (isStale || signal.aborted) continue
          await new Promise<void>((resolve) => {
            resume = resolve
          })
        }
      } finally {
        signal.removeEventListener('abort', stop)
        stop()
      }
    },
    changed(key) {
      for (const wake of watchers.get(key) ?? []) wake()
    },
    anythingChanged() {
      for (const same of watchers.values()) for (const wake of same) wake()
    },
  }
}
