// Another process on a SQLite file, for tests that need a real one: `sqlite-child.ts <task> <path>`. Says on standard output what it has done.
import { writeSync } from 'node:fs'
import { memoryUsage } from 'node:process'
import { sqliteArtifacts } from '../../src/adapters/artifacts/sqlite.ts'
import { sqliteRecords } from '../../src/adapters/records/sqlite.ts'
import { openDatabase } from '../../src/adapters/sqlite-database.ts'
import { systemClock } from '../../src/ports/clock.ts'

const [, , task = '', path = ''] = process.argv

/** Straight to the descriptor: what was said before a kill was said. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

switch (task) {
  case 'serve': {
    openDatabase({ path, as: 'server' })
    say('ready')
    setInterval(memoryUsage, 60_000)
    break
  }
  case 'write-beside': {
    const database = openDatabase({ path, as: 'command-line' })
    await sqliteRecords({ database, clock: systemClock })<string>('word').update('a', () => ({
      next: { value: 'from the command line', expiresAt: Infinity },
      result: undefined,
    }))
    database.close()
    say('written')
    break
  }
  case 'claim-seats': {
    const database = openDatabase({ path, as: 'command-line' })
    const seats = sqliteRecords({ database, clock: systemClock })<{ taken: number }>('seats')
    const artifacts = sqliteArtifacts({ database, clock: systemClock })
    let won = 0
    let firsts = 0
    say('ready')
    process.stdin.once('data', async () => {
      for (let attempt = 0; attempt < 100; attempt += 1) {
        const isWinner = await seats.update('seat', (current) => {
          const taken = current?.taken ?? 0
          return taken >= 70 ? { next: 'keep', result: false } : { next: { value: { taken: taken + 1 }, expiresAt: Infinity }, result: true }
        })
        if (isWinner) won += 1
        if (await artifacts.addIfAbsent(`one-time-${attempt}`, 'used')) firsts += 1
      }
      database.close()
      say(JSON.stringify({ won, firsts }))
      process.exit()
    })
    break
  }
  case 'count': {
    const database = openDatabase({ path, as: 'server' })
    const counters = sqliteRecords({ database, clock: systemClock })<{ count: number; padding: string }>('counter')
    for (;;) {
      const count = await counters.update('a', (current) => {
        const next = (current?.count ?? 0) + 1
        // Long enough for several pages, so that a torn write would show.
        return { next: { value: { count: next, padding: `${next} `.repeat(5000) }, expiresAt: Infinity }, result: next }
      })
      say(String(count))
    }
  }
  default:
    throw new Error(`no such task: ${task}`)
}
