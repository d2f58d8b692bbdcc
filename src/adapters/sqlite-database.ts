// The one SQLite file that everything of ours is kept in: opening, locking, upgrading, transactions. Knows nothing of what the tables mean.
import { chmodSync, closeSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { applicationId, schema } from './sqlite-schema.ts'

export interface Database {
  /** The file, with symbolic links resolved. */
  readonly path: string
  prepare(sql: string): StatementSync
  /** Runs `work` inside BEGIN IMMEDIATE … COMMIT, so that what it reads cannot change before it writes; rolls back and rethrows what it throws. */
  transaction<R>(work: () => R): R
  /** A number that changes whenever another connection, of this process or another, has committed. */
  foreignVersion(): number
  /** To be called after every write with the time in milliseconds: now and then deletes rows that are gone by then, never many at once. */
  sweep(now: number): void
  readonly isOpen: boolean
  /** Closes the file and releases the server's lock. May be called twice. */
  close(): void
}

/** How long a statement waits for another process before it fails. It blocks this process: writers beside the server must be short. */
const busyMilliseconds = 2000
const lockMilliseconds = 1000
/** One sweep for so many writes, of at most so many rows in each table: more than the writes between two sweeps can have added. */
const writesPerSweep = 128
const rowsPerSweep = 512

/**
 * Opens or creates the file (mode 0600, its directory too). There is one `server` at a time: a second is refused, and a lock left by a killed one is
 * none, since the system releases it. A `command-line` may read and write beside the server.
 * Throws an Error that names the file and says what to do when it is locked, damaged, somebody else's, or of a newer version.
 */
export function openDatabase(options: { path: string; as: 'server' | 'command-line' }): Database {
  const path = createPrivately(options.path)
  const lock = options.as === 'server' ? takeLock(path, lockMilliseconds) : undefined
  if (options.as === 'server' && lock === undefined) {
    throw new Error(`another server is already using ${path}: stop it first, or give this one a database of its own`)
  }
  let connection: DatabaseSync | undefined
  try {
    connection = new DatabaseSync(path, { timeout: busyMilliseconds })
    upgrade(connection, path, lock !== undefined)
    // Nothing that was accepted may be lost, not even to a power cut: WAL with less than FULL keeps the file sound but forgets the last commits.
    connection.exec('PRAGMA synchronous = FULL')
    if (lock !== undefined) checkSoundness(connection)
    return database(connection, path, lock)
  } catch (error) {
    connection?.close()
    lock?.close()
    throw explained(error, path)
  }
}

function database(connection: DatabaseSync, path: string, lock: DatabaseSync | undefined): Database {
  const version = connection.prepare('PRAGMA data_version')
  const sweeps = ['records', 'artifacts', 'artifact_index'].map((table) =>
    connection.prepare(`DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE gone_at <= ? LIMIT ${rowsPerSweep})`),
  )
  let writes = 0
  return {
    path,
    prepare: (sql) => connection.prepare(sql),
    transaction(work) {
      begin(connection, path)
      try {
        const result = work()
        connection.exec('COMMIT')
        return result
      } catch (error) {
        // A failed COMMIT may have ended the transaction already.
        if (connection.isTransaction) connection.exec('ROLLBACK')
        throw error
      }
    },
    foreignVersion: () => Number(version.get()?.data_version),
    sweep(now) {
      if (writes++ % writesPerSweep !== 0) return
      for (const statement of sweeps) statement.run(now)
    },
    get isOpen() {
      return connection.isOpen
    },
    close() {
      if (!connection.isOpen) return
      connection.close()
      lock?.close()
    },
  }
}

function begin(connection: DatabaseSync, path: string): void {
  try {
    connection.exec('BEGIN IMMEDIATE')
  } catch (error) {
    if (resultCode(error) !== sqliteBusy) throw error
    const message = `another process has kept ${path} locked for ${busyMilliseconds / 1000} s: end it, then try again`
    throw new Error(message, { cause: error })
  }
}

/** Creates the file before SQLite does, because SQLite would let the process's umask decide who may read it. */
function createPrivately(path: string): string {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    createFile(path)
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
    // Two names of one file must meet at one lock.
    return realpathSync(path)
  } catch (error) {
    throw new Error(`${path} cannot be opened or created: see that this user may read and write it and its directory`, { cause: error })
  }
}

/** Never opens a file that exists: closing any descriptor of it would release the locks this process holds on it. */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

/** A second file, locked and never written: its lock ends with the process however that ends. Undefined when somebody else has it. */
function takeLock(path: string, timeout: number): DatabaseSync | undefined {
  const lockPath = `${path}.lock`
  createFile(lockPath)
  const lock = new DatabaseSync(lockPath, { timeout })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (resultCode(error) === sqliteBusy) return undefined
    throw new Error(`${lockPath} cannot be locked: remove it when no server is running, then try again`, { cause: error })
  }
}

/** Brings the tables to this version's form; under the lock, so that it never happens beneath a running server. */
function upgrade(connection: DatabaseSync, path: string, isLocked: boolean): void {
  if (schemaVersion(connection, path) === schema.length) return
  const lock = isLocked ? undefined : takeLock(path, busyMilliseconds)
  try {
    if (!isLocked && lock === undefined) {
      // The server that has the lock may have upgraded it meanwhile.
      if (schemaVersion(connection, path) === schema.length) return
      throw new Error(`${path} is of an older version and a server is using it: restart that server with this version first`)
    }
    const mode = connection.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode
    if (mode !== 'wal') throw new Error(`${path} is on a file system without shared memory (a network share?): put it on a local disk`)
    connection.exec('BEGIN IMMEDIATE')
    for (const step of schema.slice(schemaVersion(connection, path))) connection.exec(step)
    connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schema.length}; COMMIT`)
  } finally {
    lock?.close()
  }
}

/** How many of the schema's steps the file has had. */
function schemaVersion(connection: DatabaseSync, path: string): number {
  const version = Number(connection.prepare('PRAGMA user_version').get()?.user_version)
  const application = Number(connection.prepare('PRAGMA application_id').get()?.application_id)
  const isEmpty = connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (!isEmpty && application !== applicationId) {
    throw new Error(`${path} is the SQLite database of another program: configure a path of its own`)
  }
  if (version > schema.length) {
    const message = `${path} was written by a newer version (its schema is ${version}, this version knows ${schema.length})`
    throw new Error(`${message}: upgrade this installation, or restore a backup made with this version`)
  }
  return version
}

function checkSoundness(connection: DatabaseSync): void {
  const finding = connection.prepare('PRAGMA quick_check(1)').get()?.quick_check
  if (finding !== 'ok') throw Object.assign(new Error(`quick_check found: ${finding}`), { errcode: sqliteCorrupt })
}

const sqliteBusy = 5
const sqliteCorrupt = 11
const sqliteNotADatabase = 26

/** SQLite's primary result code, if the error is one of SQLite's. */
function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

function explained(error: unknown, path: string): unknown {
  const code = resultCode(error)
  if (code === undefined) return error
  const message =
    code === sqliteCorrupt || code === sqliteNotADatabase
      ? `${path} is damaged or no SQLite database: move it away (with its -wal and -shm files) and restore a backup`
      : `${path} cannot be used as a database (${error instanceof Error ? error.message : code}): see that it is a file this user may read and write`
  return new Error(message, { cause: error })
}
