import { expect, it } from 'vitest'
import { artifactStores } from '../contract/artifact-stores.ts'
import { describeArtifacts } from '../contract/describe-artifacts.ts'
import { manualClock } from '../support/manual-clock.ts'

describeArtifacts('memory', artifactStores.memory)
describeArtifacts('SQLite', artifactStores.SQLite)

it('an outage of SQLite is thrown by every method, and never looks like "not found"', async () => {
  const { store, close } = artifactStores.SQLite(manualClock())
  close()
  await expect(store.get('a')).rejects.toThrow()
  await expect(store.getMany(['a'])).rejects.toThrow()
  await expect(store.set('a', 'x')).rejects.toThrow()
  await expect(store.delete('a')).rejects.toThrow()
  await expect(store.clear()).rejects.toThrow()
  await expect(store.addIfAbsent('a', 'x')).rejects.toThrow()
  await expect(store.replace('a', 'x', 'y')).rejects.toThrow()
  await expect(store.addToIndex('a', 'x')).rejects.toThrow()
  await expect(store.deleteIndexed('a')).rejects.toThrow()
})
