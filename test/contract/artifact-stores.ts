// The stores of artifacts that there are, each opened empty.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryArtifacts } from '../../src/adapters/artifacts/memory.ts'
import { sqliteArtifacts } from '../../src/adapters/artifacts/sqlite.ts'
import { openDatabase } from '../../src/adapters/sqlite-database.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { ArtifactsUnderTest } from './describe-artifacts.ts'

export const artifactStores: Record<'memory' | 'SQLite', (clock: Clock) => ArtifactsUnderTest> = {
  memory(clock) {
    const store = memoryArtifacts({ clock })
    return { store, elsewhere: store, close() {} }
  },
  SQLite(clock) {
    const directory = mkdtempSync(join(tmpdir(), 'ringback-artifacts-'))
    const path = join(directory, 'ringback.sqlite')
    const server = openDatabase({ path, as: 'server' })
    const commandLine = openDatabase({ path, as: 'command-line' })
    return {
      store: sqliteArtifacts({ database: server, clock }),
      elsewhere: sqliteArtifacts({ database: commandLine, clock }),
      close() {
        commandLine.close()
        server.close()
        rmSync(directory, { recursive: true })
      },
    }
  },
}
