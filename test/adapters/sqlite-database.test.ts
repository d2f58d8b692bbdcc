import { chmodSync, existsSync, mkdirSync, openSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, it } from 'vitest'
import { sqliteArtifacts } from '../../src/adapters/artifacts/sqlite.ts'
import { sqliteRecords } from '../../src/adapters/records/sqlite.ts'
import { type Database, openDatabase } from '../../src/adapters/sqlite-database.ts'
import { systemClock } from '../../src/ports/clock.ts'
import { startChild } from '../contract/child.ts'
import { temporaryDirectory } from '../contract/temporary-directory.ts'
import { manualClock } from '../support/manual-clock.ts'

let path: string
beforeEach(() => {
  path = join(temporaryDirectory(), 'data', 'ringback.sqlite')
})

function openFor<R>(as: 'server' | 'command-line', work: (database: Database) => R): R {
  const database = openDatabase({ path, as })
  try {
    return work(database)
  } finally {
    database.close()
  }
}

function words(database: Database) {
  return sqliteRecords({ database, clock: systemClock })<string>('word')
}

const write = (value: string) => () => ({ next: { value, expiresAt: Infinity }, result: undefined })

describe('the file', () => {
  it('is readable by its owner only, with everything beside it', async () => {
    const database = openDatabase({ path, as: 'server' })
    await words(database).update('a', write('x'))
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    for (const suffix of ['', '-wal', '-shm', '.lock']) expect(statSync(`${path}${suffix}`).mode & 0o777, suffix).toBe(0o600)
    database.close()
  })

  it('is made private when it was not', () => {
    openFor('server', () => {})
    chmodSync(path, 0o644)
    openFor('server', () => expect(statSync(path).mode & 0o777).toBe(0o600))
  })

  it('keeps what was written when it is opened again', async () => {
    const database = openDatabase({ path, as: 'server' })
    await words(database).update('a', write('kept'))
    database.close()
    const again = openDatabase({ path, as: 'server' })
    expect(await words(again).find('a')).toBe('kept')
    again.close()
  })

  it('commits durably: in WAL mode, and synced before a commit counts', () => {
    openFor('server', (database) => {
      expect(database.prepare('PRAGMA journal_mode').get()?.journal_mode).toBe('wal')
      expect(database.prepare('PRAGMA synchronous').get()?.synchronous).toBe(2)
    })
  })

  it('does not grow with what is gone', async () => {
    const clock = manualClock()
    const database = openDatabase({ path, as: 'server' })
    const records = sqliteRecords({ database, clock })<string>('word')
    const artifacts = sqliteArtifacts({ database, clock })
    const rows = (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
    for (let index = 0; index < 100; index += 1) {
      await records.update(`old-${index}`, () => ({ next: { value: 'x', expiresAt: clock.now() }, result: undefined }))
      await artifacts.set(`old-${index}`, 'x', 1000)
      await artifacts.addToIndex('old', `old-${index}`, 1000)
    }
    await records.update('permanent', write('x'))
    await clock.advance(25 * 60 * 60 * 1000)
    for (let index = 0; index < 128; index += 1) await records.update('new', write(`${index}`))
    expect([rows('records'), rows('artifacts'), rows('artifact_index')]).toEqual([2, 0, 0])
    database.close()
  })

  it('closes twice without harm', () => {
    const database = openDatabase({ path, as: 'server' })
    database.close()
    database.close()
    expect(database.isOpen).toBe(false)
  })
})

describe('one server', () => {
  it('refuses a second, in this process or another, under any name of the file, until the first has ended', async () => {
    const first = openDatabase({ path, as: 'server' })
    expect(() => openDatabase({ path, as: 'server' })).toThrow(/another server is already using .*ringback\.sqlite: stop it first/)
    symlinkSync(path, `${path}-link`)
    expect(() => openDatabase({ path: `${path}-link`, as: 'server' })).toThrow('another server')
    // The refusals must not have released the first one's lock.
    const child = startChild('./sqlite-child.ts', 'serve', path)
    await expect(child.line()).rejects.toThrow('another server is already using')
    first.close()
    openFor('server', () => {})
  })

  it('leaves no lock behind when it is killed', async () => {
    const child = startChild('./sqlite-child.ts', 'serve', path)
    expect(await child.line()).toBe('ready')
    expect(() => openDatabase({ path, as: 'server' })).toThrow('another server')
    await child.kill('SIGKILL')
    openFor('server', (database) => expect(database.isOpen).toBe(true))
  })

  it('is joined by a command line, whose writes a watcher sees', async () => {
    const database = openDatabase({ path, as: 'server' })
    const ending = new AbortController()
    const seen = words(database).watch('a', ending.signal)[Symbol.asyncIterator]()
    expect((await seen.next()).value).toBeUndefined()
    const next = seen.next()
    const child = startChild('./sqlite-child.ts', 'write-beside', path)
    expect(await child.line()).toBe('written')
    expect((await next).value).toBe('from the command line')
    ending.abort()
    database.close()
  })

  it('is not needed by a command line, and does not mind one that is there', async () => {
    const database = openDatabase({ path, as: 'command-line' })
    await words(database).update('a', write('first'))
    openFor('server', () => {})
    database.close()
  })
})

describe('two processes at once', () => {
  it('let exactly 70 of 200 updates win, and each one-time key once', async () => {
    openFor('server', () => {})
    const children = [startChild('./sqlite-child.ts', 'claim-seats', path), startChild('./sqlite-child.ts', 'claim-seats', path)]
    for (const child of children) expect(await child.line()).toBe('ready')
    for (const child of children) child.process.stdin?.write('go\n')
    const results = await Promise.all(children.map(async (child): Promise<{ won: number; firsts: number }> => JSON.parse(await child.line())))
    expect(results.reduce((sum, { won }) => sum + won, 0)).toBe(70)
    expect(results.reduce((sum, { firsts }) => sum + firsts, 0)).toBe(100)
  })

  it('create the file together', async () => {
    const children = Array.from({ length: 3 }, () => startChild('./sqlite-child.ts', 'write-beside', path))
    for (const child of children) expect(await child.line()).toBe('written')
  })
})

describe('kill -9 in the middle of writing', () => {
  it('loses nothing that was acknowledged and leaves a sound file, round after round', async () => {
    let acknowledged = 0
    for (let round = 0; round < 3; round += 1) {
      const child = startChild('./sqlite-child.ts', 'count', path)
      const until = acknowledged + 20 + round * 7
      while (acknowledged < until) acknowledged = Number(await child.line())
      await child.kill('SIGKILL')
      const database = openDatabase({ path, as: 'server' })
      const found = await sqliteRecords({ database, clock: systemClock })<{ count: number; padding: string }>('counter').find('a')
      database.close()
      expect(found?.count).toBeGreaterThanOrEqual(acknowledged)
      expect(found?.padding).toBe(`${found?.count} `.repeat(5000))
      acknowledged = found?.count ?? 0
    }
  })
})

describe('a file that is not ours to use', () => {
  it.each(['server', 'command-line'] as const)('is refused by a %s when it is no database, and left as it is', (as) => {
    mkdirSync(join(path, '..'))
    writeFileSync(path, 'Dear diary, '.repeat(500))
    expect(() => openDatabase({ path, as })).toThrow(/ringback\.sqlite is damaged or no SQLite database: move it away .* restore a backup/)
    expect(readFileSync(path, 'utf8')).toBe('Dear diary, '.repeat(500))
  })

  it('is refused when pages of it were overwritten', async () => {
    const database = openDatabase({ path, as: 'server' })
    for (let index = 0; index < 50; index += 1) await words(database).update(`${index}`, write('x'.repeat(1000)))
    database.close()
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, 8192)
    expect(() => openDatabase({ path, as: 'server' })).toThrow('is damaged')
  })

  it('is refused when its end is missing', async () => {
    const database = openDatabase({ path, as: 'server' })
    for (let index = 0; index < 50; index += 1) await words(database).update(`${index}`, write('x'.repeat(1000)))
    database.close()
    truncateSync(path, statSync(path).size - 4096 * 3)
    expect(() => openDatabase({ path, as: 'server' })).toThrow('is damaged')
  })

  it('releases the lock after a refusal, so that the repaired file opens', () => {
    mkdirSync(join(path, '..'))
    writeFileSync(path, 'Dear diary, '.repeat(500))
    expect(() => openDatabase({ path, as: 'server' })).toThrow('is damaged')
    truncateSync(path, 0)
    openFor('server', (database) => expect(database.isOpen).toBe(true))
  })

  it('is refused when a newer version wrote it', () => {
    openFor('server', () => {})
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    expect(() => openDatabase({ path, as: 'server' })).toThrow(/newer version \(its schema is 99, this version knows 1\): upgrade this installation/)
  })

  it('is refused when another program made it', () => {
    mkdirSync(join(path, '..'))
    const foreign = new DatabaseSync(path)
    foreign.exec('CREATE TABLE diary (entry TEXT)')
    foreign.close()
    expect(() => openDatabase({ path, as: 'server' })).toThrow('is the SQLite database of another program')
  })

  it('is refused when it is a directory, or its directory is a file', () => {
    mkdirSync(path, { recursive: true })
    expect(() => openDatabase({ path, as: 'command-line' })).toThrow(/ringback\.sqlite cannot be .*this user may read and write/)
    const beneathAFile = join(path, 'file', 'ringback.sqlite')
    writeFileSync(join(path, 'file'), '')
    expect(() => openDatabase({ path: beneathAFile, as: 'server' })).toThrow(/cannot be opened or created: see that this user/)
  })
})

describe('a transaction', () => {
  it('is refused with a reason while another process keeps the file locked, and works afterwards', async () => {
    const database = openDatabase({ path, as: 'server' })
    const hog = new DatabaseSync(path)
    hog.exec('BEGIN IMMEDIATE')
    await expect(words(database).update('a', write('x'))).rejects.toThrow(/another process has kept .*ringback\.sqlite locked for 2 s/)
    hog.exec('ROLLBACK')
    await words(database).update('a', write('y'))
    expect(await words(database).find('a')).toBe('y')
    hog.close()
    database.close()
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  it('is undone as a whole when it throws', () => {
    openFor('server', (database) => {
      const failing = () =>
        database.transaction(() => {
          database.prepare('INSERT INTO artifacts (key, value) VALUES (?, ?)').run('a', 'x')
          throw new Error('no such luck')
        })
      expect(failing).toThrow('no such luck')
      expect(database.prepare('SELECT * FROM artifacts').all()).toEqual([])
      expect(database.transaction(() => 'next')).toBe('next')
    })
  })

  it('inside another is refused and leaves the outer one whole', async () => {
    const database = openDatabase({ path, as: 'server' })
    const inner: Promise<void>[] = []
    await words(database).update('a', () => {
      inner.push(words(database).update('b', write('inner')))
      return { next: { value: 'outer', expiresAt: Infinity }, result: undefined }
    })
    await expect(inner[0]).rejects.toThrow('transaction within a transaction')
    expect(await words(database).find('a')).toBe('outer')
    expect(await words(database).find('b')).toBeUndefined()
    database.close()
  })
})

describe('a watcher', () => {
  it('is told when the database is closed under it', async () => {
    const clock = manualClock()
    const database = openDatabase({ path, as: 'server' })
    const seen = sqliteRecords({ database, clock })<string>('word').watch('a', new AbortController().signal)[Symbol.asyncIterator]()
    await seen.next()
    const next = seen.next()
    const failed = expect(next).rejects.toThrow()
    database.close()
    await clock.advance(250)
    await failed
  })
})
