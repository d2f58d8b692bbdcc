// The audit trail as JSON lines: one object a line, appended, in a file that only this user reads, or on a stream.
import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import { maskPhoneNumber } from '../../domain/phone-number.ts'
import type { AuditEntry, AuditLog } from '../../ports/audit-log.ts'
import type { Clock } from '../../ports/clock.ts'

export interface JsonLinesAuditLog extends AuditLog {
  /** Opens the file anew, for a rotation that says when it is done. One that renames or removes the file is noticed without. */
  reopen(): void
  close(): void
}

/**
 * Writes `{ "time": ISO 8601, ...entry }` to `path` (created with mode 0600, its directory too) or to `stream`. Anything in an entry that looks like a
 * full telephone number is masked: an entry must not hold one, and losing the entry over it would lose more. `write` throws when the line was not
 * written; on a stream, when an earlier one was not.
 */
export function jsonLinesAuditLog(options: { clock: Clock } & ({ path: string } | { stream: Writable })): JsonLinesAuditLog {
  const sink = 'path' in options ? fileSink(options.path) : streamSink(options.stream)
  return {
    write: (entry) => sink.write(`${line(entry, options.clock.now())}\n`),
    reopen: sink.reopen,
    close: sink.close,
  }
}

function line(entry: AuditEntry, now: number): string {
  const time = new Date(now).toISOString()
  return JSON.stringify(Object.assign({ time }, entry, { time }), (_, value) => (typeof value === 'string' ? withoutNumbers(value) : value))
}

/** A plus, as it stands or as it stands in a URL, and 7 to 15 digits, however they are grouped. */
const fullNumber = /(?:\+|%2b)(?:[ ().\-/]{0,2}\d){7,15}/gi

function withoutNumbers(text: string): string {
  return text.replace(fullNumber, (number) => maskPhoneNumber(number.replace(/\D/g, '')))
}

interface Sink {
  write(line: string): void
  reopen(): void
  close(): void
}

function fileSink(path: string): Sink {
  let file = open(path)
  /** After a write that broke off, the next line must not continue the broken one. */
  let isMidLine = endsMidLine(path, file)

  function reopen(): void {
    closeSync(file)
    file = open(path)
    isMidLine = endsMidLine(path, file)
  }

  return {
    write(text) {
      if (!isSameFile(path, file)) reopen()
      const bytes = Buffer.from(isMidLine ? `\n${text}` : text)
      isMidLine = true
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
      isMidLine = false
    },
    reopen,
    close: () => closeSync(file),
  }
}

function open(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const file = openSync(path, 'a', 0o600)
    const status = fstatSync(file)
    if (status.isFile() && (status.mode & 0o077) !== 0) fchmodSync(file, 0o600)
    return file
  } catch (cause) {
    throw new Error(`the audit log ${path} cannot be opened: see that this user may write it and its directory`, { cause })
  }
}

function endsMidLine(path: string, file: number): boolean {
  const { size } = fstatSync(file)
  if (size === 0) return false
  const reader = openSync(path, 'r')
  try {
    const last = Buffer.alloc(1)
    readSync(reader, last, 0, 1, size - 1)
    return last.toString() !== '\n'
  } finally {
    closeSync(reader)
  }
}

function isSameFile(path: string, file: number): boolean {
  const named = statSync(path, { throwIfNoEntry: false })
  const opened = fstatSync(file)
  return named !== undefined && named.ino === opened.ino && named.dev === opened.dev
}

function streamSink(stream: Writable): Sink {
  let failure: Error | undefined
  stream.on('error', (error) => {
    failure = error
  })
  return {
    write(text) {
      if (failure !== undefined || !stream.writable)
        throw new Error('the audit log cannot be written: its stream has failed or ended', { cause: failure })
      stream.write(text)
    },
    reopen() {},
    close() {},
  }
}
