// oidc-provider's artifacts in this process's memory: for tests and for embedding where nobody has to stay signed in over a restart.
import type { ArtifactStore } from '../../ports/artifacts.ts'
import type { Clock } from '../../ports/clock.ts'

/** One sweep over everything for so many writes. */
const writesPerSweep = 1024

/** Every call opens an empty store. */
export function memoryArtifacts({ clock }: { clock: Clock }): ArtifactStore {
  const kept = new Map<string, { value: string; goneAt: number }>()
  const indexes = new Map<string, Map<string, number>>()
  let writes = 0

  function read(key: string): string | undefined {
    const entry = kept.get(key)
    return entry !== undefined && clock.now() < entry.goneAt ? entry.value : undefined
  }

  function write(key: string, value: string, ttl: number | undefined): void {
    kept.set(key, { value, goneAt: goneAt(ttl) })
    if (++writes % writesPerSweep === 0) sweep()
  }

  function goneAt(ttl: number | undefined): number {
    return ttl === undefined ? Infinity : clock.now() + ttl
  }

  function sweep(): void {
    const now = clock.now()
    for (const [key, entry] of kept) if (entry.goneAt <= now) kept.delete(key)
    for (const [name, index] of indexes) {
      for (const [key, goneAt] of index) if (goneAt <= now) index.delete(key)
      if (index.size === 0) indexes.delete(name)
    }
  }

  // Every step is atomic because nothing in it waits.
  return {
    get: async (key) => read(key),
    getMany: async (keys) => keys.map(read),
    set: async (key, value, ttl) => write(key, value, ttl),
    async delete(key) {
      const wasThere = read(key) !== undefined
      kept.delete(key)
      return wasThere
    },
    async clear() {
      kept.clear()
      indexes.clear()
    },
    async addIfAbsent(key, value, ttl) {
      if (read(key) !== undefined) return false
      write(key, value, ttl)
      return true
    },
    async replace(key, expected, value, ttl) {
      if (read(key) !== expected) return false
      write(key, value, ttl)
      return true
    },
    async addToIndex(name, key, ttl) {
      const index = indexes.get(name) ?? new Map<string, number>()
      indexes.set(name, index.set(key, goneAt(ttl)))
    },
    async deleteIndexed(name) {
      for (const key of indexes.get(name)?.keys() ?? []) kept.delete(key)
      indexes.delete(name)
    },
  }
}
