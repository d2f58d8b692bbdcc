// Records in this process's memory: for tests and for embedding where nothing has to survive a restart.
import type { Clock } from '../../ports/clock.ts'
import type { OpenRecords, Records } from '../../ports/records.ts'
import { goneAt, serialized } from './expiry.ts'
import { createWatchers } from './watchers.ts'

/** One sweep over everything for so many writes. */
const writesPerSweep = 1024

type Kept = Map<string, { text: string; goneAt: number }>

/** Every call opens an empty store; the kinds opened from one of them share it. */
export function memoryRecords({ clock }: { clock: Clock }): OpenRecords {
  const kinds = new Map<string, Kept>()
  let writes = 0

  function sweep(): void {
    if (++writes % writesPerSweep !== 0) return
    const now = clock.now()
    for (const kept of kinds.values()) for (const [id, record] of kept) if (record.goneAt <= now) kept.delete(id)
  }

  const watchers = createWatchers()

  return <T>(kind: string): Records<T> => {
    const kept: Kept = kinds.get(kind) ?? new Map()
    kinds.set(kind, kept)

    const watchKey = (id: string) => JSON.stringify([kind, id])
    const parsed = (text: string | undefined): T | undefined => (text === undefined ? undefined : JSON.parse(text))
    function read(id: string): string | undefined {
      const record = kept.get(id)
      return record !== undefined && clock.now() < record.goneAt ? record.text : undefined
    }

    return {
      find: async (id) => parsed(read(id)),
      // Atomic because nothing in it waits.
      async update(id, change) {
        const { next, result } = change(parsed(read(id)))
        if (next === 'keep') return result
        if (next === 'remove') kept.delete(id)
        else kept.set(id, { text: serialized(next.value), goneAt: goneAt(next.expiresAt) })
        watchers.changed(watchKey(id))
        sweep()
        return result
      },
      async *watch(id, signal) {
        for await (const text of watchers.watch(watchKey(id), () => read(id), signal)) yield parsed(text)
      },
      async *list() {
        for (const id of [...kept.keys()]) {
          const value = parsed(read(id))
          if (value !== undefined) yield { id, value }
        }
      },
    }
  }
}
