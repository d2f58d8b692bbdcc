// oidc-provider's artifacts in the SQLite file: people stay signed in over a restart. Every step is one statement or one transaction.
import type { ArtifactStore } from '../../ports/artifacts.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Database } from '../sqlite-database.ts'

/** The artifacts of an open database. */
export function sqliteArtifacts({ database, clock }: { database: Database; clock: Clock }): ArtifactStore {
  const select = database.prepare('SELECT value FROM artifacts WHERE key = ? AND (gone_at IS NULL OR gone_at > ?)')
  const upsert = database.prepare(
    `INSERT INTO artifacts (key, value, gone_at) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, gone_at = excluded.gone_at`,
  )
  const insert = database.prepare(
    `INSERT INTO artifacts (key, value, gone_at) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, gone_at = excluded.gone_at WHERE artifacts.gone_at <= ?`,
  )
  const exchange = database.prepare('UPDATE artifacts SET value = ?, gone_at = ? WHERE key = ? AND value = ? AND (gone_at IS NULL OR gone_at > ?)')
  const remove = database.prepare('DELETE FROM artifacts WHERE key = ? RETURNING gone_at')
  const note = database.prepare(
    'INSERT INTO artifact_index (name, key, gone_at) VALUES (?, ?, ?) ON CONFLICT (name, key) DO UPDATE SET gone_at = excluded.gone_at',
  )
  const removeNoted = database.prepare('DELETE FROM artifacts WHERE key IN (SELECT key FROM artifact_index WHERE name = ?)')
  const removeNotes = database.prepare('DELETE FROM artifact_index WHERE name = ?')

  function read(key: string): string | undefined {
    const value = select.get(key, clock.now())?.value
    return typeof value === 'string' ? value : undefined
  }

  function goneAt(ttl: number | undefined): number | null {
    return ttl === undefined ? null : Math.ceil(clock.now() + ttl)
  }

  return {
    get: async (key) => read(key),
    getMany: async (keys) => keys.map(read),
    async set(key, value, ttl) {
      upsert.run(key, value, goneAt(ttl))
      database.sweep(clock.now())
    },
    async delete(key) {
      const removed = remove.get(key)
      return removed !== undefined && (removed.gone_at === null || Number(removed.gone_at) > clock.now())
    },
    async clear() {
      database.transaction(() => database.prepare('DELETE FROM artifacts').run() && database.prepare('DELETE FROM artifact_index').run())
    },
    async addIfAbsent(key, value, ttl) {
      return insert.run(key, value, goneAt(ttl), clock.now()).changes === 1
    },
    async replace(key, expected, value, ttl) {
      return exchange.run(value, goneAt(ttl), key, expected, clock.now()).changes === 1
    },
    async addToIndex(index, key, ttl) {
      note.run(index, key, goneAt(ttl))
    },
    async deleteIndexed(index) {
      database.transaction(() => {
        removeNoted.run(index)
        removeNotes.run(index)
      })
    },
  }
}
