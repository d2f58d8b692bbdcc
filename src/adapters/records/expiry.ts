// When a record stops existing; the same for every store.
import { graceMilliseconds } from '../../ports/records.ts'

/** From this moment on a record is unknown: a day after its `expiresAt`; Infinity for one that never expires. */
export function goneAt(expiresAt: number): number {
  if (Number.isNaN(expiresAt)) throw new TypeError('expiresAt is NaN: give milliseconds since 1970, or Infinity')
  return expiresAt + graceMilliseconds
}

/** Values are kept as JSON text in every store, so that what works on one works on all, and everybody gets a copy. */
export function serialized(value: unknown): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError('a record must be plain JSON: to remove it, say `remove`')
  return text
}
