// The one-time code and the gate. Neither is ever stored: both are derived when they are needed, and belong to exactly one call.
import { createHmac, timingSafeEqual } from 'node:crypto'

/** How the code travels: `spoken` in the call and typed on the page, or shown on the page and `keyed` on the phone. */
export type Mode = 'spoken' | 'keyed'

/** What a challenge is for. */
export type Purpose = 'step-up' | 'enrol' | 'backchannel'

/** A key of the operator's that codes are derived from; at least 32 bytes. */
export interface CodeKey {
  id: string
  secret: Uint8Array
}

/** Everything a code belongs to. Change any of it and the code is another (PSD2 RTS, Article 5). */
export interface CodeBinding {
  challenge: string
  /** 16 random bytes in base64url, new for every call. */
  nonce: string
  account: string
  /** E.164. */
  number: string
  purpose: Purpose
  mode: Mode
  /** SHA-256 of the canonical transaction, in base64url. */
  transactionDigest?: string
}

/** Never fewer digits than this (NIST SP 800-63B-4, 3.1.3.2). */
export const minimumCodeDigits = 6

/** The code of a call: `digits` decimal digits, leading zeros kept. */
export function deriveCode(key: CodeKey, binding: CodeBinding, digits: number): string {
  if (digits < minimumCodeDigits) throw new RangeError(`a code has at least ${minimumCodeDigits} digits, not ${digits}`)
  return derive(key, 'ringback code', binding, digits)
}

/** The gate of a call: what the callee keys, from the page, before anything is told. */
export function deriveGate(key: CodeKey, binding: CodeBinding, digits: number): string {
  return derive(key, 'ringback gate', binding, digits)
}

/** Compares in constant time; anything but a text of the same length is simply not equal. */
export function sameDigits(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}

function derive(key: CodeKey, label: string, binding: CodeBinding, digits: number): string {
  const mac = createHmac('sha256', key.secret)
  const inputs = [
    label,
    binding.challenge,
    binding.nonce,
    binding.account,
    binding.number,
    binding.purpose,
    binding.mode,
    binding.transactionDigest ?? '',
  ]
  for (const input of inputs) {
    // Length first, so that no two lists of inputs run together to the same bytes.
    const bytes = Buffer.from(input, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    mac.update(length).update(bytes)
  }
  return (mac.digest().readBigUInt64BE(0) % 10n ** BigInt(digits)).toString().padStart(digits, '0')
}
