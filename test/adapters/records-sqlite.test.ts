import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteRecords } from '../../src/adapters/records/sqlite.ts'
import { openDatabase } from '../../src/adapters/sqlite-database.ts'
import { describeRecords } from '../contract/describe-records.ts'

describeRecords('SQLite', (clock) => {
  const directory = mkdtempSync(join(tmpdir(), 'ringback-records-'))
  const path = join(directory, 'ringback.sqlite')
  const server = openDatabase({ path, as: 'server' })
  const commandLine = openDatabase({ path, as: 'command-line' })
  return {
    openRecords: sqliteRecords({ database: server, clock }),
    openElsewhere: sqliteRecords({ database: commandLine, clock }),
    close() {
      commandLine.close()
      server.close()
      rmSync(directory, { recursive: true })
    },
  }
})
