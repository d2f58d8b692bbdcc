import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { jsonLinesAuditLog } from '../../src/adapters/audit/json-lines.ts'
import { memoryAuditLog } from '../../src/adapters/audit/memory.ts'
import { temporaryDirectory } from '../contract/temporary-directory.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

let clock: ManualClock
let path: string
beforeEach(() => {
  clock = manualClock(Date.UTC(2026, 0, 5, 12))
  path = join(temporaryDirectory(), 'log', 'audit.jsonl')
})

const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1)
const entriesOf = (file: string) => linesOf(file).map((line): unknown => JSON.parse(line))

describe('the audit log in a file', () => {
  it('has one line for each entry, with its time, and is there as soon as it was written', async () => {
    const log = jsonLinesAuditLog({ path, clock })
    log.write({ type: 'call.requested', accountId: 'a', attempt: 1, isLast: false, none: undefined })
    await clock.advance(1500)
    log.write({ type: 'note', text: 'two\nlines\u2028and "quotes" 🔑' })
    expect(entriesOf(path)).toEqual([
      { time: '2026-01-05T12:00:00.000Z', type: 'call.requested', accountId: 'a', attempt: 1, isLast: false },
      { time: '2026-01-05T12:00:01.500Z', type: 'note', text: 'two\nlines\u2028and "quotes" 🔑' },
    ])
    log.close()
  })

  it('does not let an entry say when it was written', () => {
    const log = jsonLinesAuditLog({ path, clock })
    log.write({ type: 'note', time: '1999-12-31T00:00:00.000Z' })
    expect(linesOf(path)).toEqual(['{"time":"2026-01-05T12:00:00.000Z","type":"note"}'])
    log.close()
  })

  it('is appended to, by every process that has it open', () => {
    const first = jsonLinesAuditLog({ path, clock })
    first.write({ type: 'first' })
    const second = jsonLinesAuditLog({ path, clock })
    second.write({ type: 'second' })
    first.write({ type: 'third' })
    expect(entriesOf(path)).toMatchObject([{ type: 'first' }, { type: 'second' }, { type: 'third' }])
    first.close()
    second.close()
  })

  it('is readable by its owner only, also when it was not', () => {
    jsonLinesAuditLog({ path, clock }).close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    chmodSync(path, 0o644)
    jsonLinesAuditLog({ path, clock }).close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['+12025550143', '•••• 43'],
    ['called +8613988888888 twice', 'called •••• 88 twice'],
    ['+12025550143,+12025550199', '•••• 43,•••• 99'],
    ['tel:+1-202-555-0143;ext=7', 'tel:•••• 43;ext=7'],
    ['+1 (202) 555.0143', '•••• 43'],
    ['https://carrier.example/Calls?To=%2B12025550143&x=1', 'https://carrier.example/Calls?To=•••• 43&x=1'],
    ['+1234567', '•••• 67'],
  ])('masks the telephone number in %j', (given, written) => {
    const log = jsonLinesAuditLog({ path, clock })
    log.write({ type: 'note', detail: given })
    expect(entriesOf(path)).toMatchObject([{ detail: written }])
    log.close()
  })

  it.each(['+123456', '2026-01-05T12:00:00+01:00', '1 + 1 = 2', '•••• 43', 'urn:ringback:acr:phone', '12025550143'])(
    'leaves %j as it is',
    (given) => {
      const log = jsonLinesAuditLog({ path, clock })
      log.write({ type: 'note', detail: given })
      expect(entriesOf(path)).toMatchObject([{ detail: given }])
      log.close()
    },
  )

  it('goes on in a new file after the old one was renamed or removed', () => {
    const log = jsonLinesAuditLog({ path, clock })
    log.write({ type: 'before' })
    renameSync(path, `${path}.1`)
    log.write({ type: 'after' })
    expect(entriesOf(`${path}.1`)).toMatchObject([{ type: 'before' }])
    expect(entriesOf(path)).toMatchObject([{ type: 'after' }])
    rmSync(path)
    log.write({ type: 'again' })
    expect(entriesOf(path)).toMatchObject([{ type: 'again' }])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    log.close()
  })

  it('goes on where it is told to open the file anew', () => {
    const log = jsonLinesAuditLog({ path, clock })
    log.write({ type: 'before' })
    renameSync(path, `${path}.1`)
    log.reopen()
    expect(linesOf(path)).toEqual([])
    log.write({ type: 'after' })
    expect(entriesOf(path)).toMatchObject([{ type: 'after' }])
    log.close()
  })

  it('does not continue a line that a killed process left unfinished', () => {
    const log = jsonLinesAuditLog({ path, clock })
    log.write({ type: 'whole' })
    log.close()
    appendFileSync(path, '{"time":"2026-01-05T12:00')
    const next = jsonLinesAuditLog({ path, clock })
    next.write({ type: 'next' })
    const lines = linesOf(path)
    expect(lines).toHaveLength(3)
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ type: 'next' })
    next.close()
  })

  it('throws when an entry cannot be written, and when it cannot be opened', () => {
    const log = jsonLinesAuditLog({ path, clock })
    log.close()
    expect(() => log.write({ type: 'lost' })).toThrow()
    mkdirSync(`${path}.d`)
    expect(() => jsonLinesAuditLog({ path: `${path}.d`, clock })).toThrow(/audit\.jsonl\.d cannot be opened: see that this user may write it/)
    const full = jsonLinesAuditLog({ path: '/dev/full', clock })
    expect(() => full.write({ type: 'lost' })).toThrow('ENOSPC')
    full.close()
  })
})

describe('the audit log on a stream', () => {
  it('writes the same lines', () => {
    const stream = new PassThrough()
    jsonLinesAuditLog({ stream, clock }).write({ type: 'note', detail: '+12025550143' })
    expect(String(stream.read())).toBe('{"time":"2026-01-05T12:00:00.000Z","type":"note","detail":"•••• 43"}\n')
  })

  it('throws from the moment on when the stream has failed or ended', async () => {
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('the pipe broke')) })
    const log = jsonLinesAuditLog({ stream: failing, clock })
    const failed = new Promise((resolve) => failing.once('close', resolve))
    log.write({ type: 'first' })
    await failed
    expect(() => log.write({ type: 'second' })).toThrow('its stream has failed or ended')
    const ended = new PassThrough()
    ended.end()
    expect(() => jsonLinesAuditLog({ stream: ended, clock }).write({ type: 'late' })).toThrow('its stream has failed or ended')
  })
})

describe('the audit log in memory', () => {
  it('keeps entries as they were given', () => {
    const log = memoryAuditLog()
    const entry = { type: 'note', detail: 'x' }
    log.write(entry)
    entry.detail = 'changed'
    expect(log.entries).toEqual([{ type: 'note', detail: 'x' }])
  })
})
