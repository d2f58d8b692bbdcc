// Records in the SQLite file: they survive a restart, a kill and a power cut.
import type { Clock } from '../../ports/clock.ts'
import type { OpenRecords, Records } from '../../ports/records.ts'
import type { Database } from '../sqlite-database.ts'
import { goneAt, serialized } from './expiry.ts'
import { createWatchers } from './watchers.ts'

/** How often writes of other processes are looked for while anybody watches. */
const pollMilliseconds = 250
const rowsPerPage = 100

/** Opens the records of an open database. Watching polls it with the clock's timers, and only while somebody watches. */
export function sqliteRecords({ database, clock }: { database: Database; clock: Clock }): OpenRecords {
  const isThere = '(gone_at IS NULL OR gone_at > ?)'
  const select = database.prepare(`SELECT value FROM records WHERE kind = ? AND id = ? AND ${isThere}`)
  const selectPage = database.prepare(`SELECT id, value FROM records WHERE kind = ? AND id > ? AND ${isThere} ORDER BY id LIMIT ${rowsPerPage}`)
  const upsert = database.prepare(
    `INSERT INTO records (kind, id, value, gone_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value, gone_at = excluded.gone_at`,
  )
  const remove = database.prepare('DELETE FROM records WHERE kind = ? AND id = ?')

  const watchers = createWatchers(() => {
    let seen = foreignVersion(database)
    let cancel = clock.after(pollMilliseconds, poll)
    function poll(): void {
      const version = foreignVersion(database)
      if (version !== seen) watchers.anythingChanged()
      seen = version
      cancel = clock.after(pollMilliseconds, poll)
    }
    return () => cancel()
  })

  return <T>(kind: string): Records<T> => {
    const watchKey = (id: string) => JSON.stringify([kind, id])
    const parsed = (text: string | undefined): T | undefined => (text === undefined ? undefined : JSON.parse(text))
    function read(id: string): string | undefined {
      const value = select.get(kind, id, clock.now())?.value
      return typeof value === 'string' ? value : undefined
    }

    return {
      find: async (id) => parsed(read(id)),
      async update(id, change) {
        const { next, result } = database.transaction(() => {
          const changed = change(parsed(read(id)))
          if (changed.next === 'remove') remove.run(kind, id)
          else if (changed.next !== 'keep') upsert.run(kind, id, serialized(changed.next.value), stored(goneAt(changed.next.expiresAt)))
          return changed
        })
        if (next !== 'keep') {
          watchers.changed(watchKey(id))
          database.sweep(clock.now())
        }
        return result
      },
      async *watch(id, signal) {
        for await (const text of watchers.watch(watchKey(id), () => read(id), signal)) yield parsed(text)
      },
      async *list() {
        // Page by page, because an open statement would hold a snapshot while the caller does whatever it does.
        let after = ''
        for (;;) {
          const page = selectPage.all(kind, after, clock.now())
          for (const { id, value } of page) {
            after = String(id)
            yield { id: after, value: JSON.parse(String(value)) }
          }
          if (page.length < rowsPerPage) return
        }
      },
    }
  }
}

/** Undefined when the database cannot be read: a timer must not throw, and whoever watches reads for himself and meets the error there. */
function foreignVersion(database: Database): number | undefined {
  try {
    return database.foreignVersion()
  } catch {
    return undefined
  }
}

/** NULL stands for never: SQLite has no Infinity among its integers. */
function stored(moment: number): number | null {
  return moment === Infinity ? null : Math.ceil(moment)
}
