// The derived code and gate: nothing stored, nothing shared, nothing guessable.
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type CodeBinding, type CodeKey, deriveCode, deriveGate, minimumCodeDigits, sameDigits } from '../../src/domain/code.ts'

const key: CodeKey = { id: 'key-1', secret: Buffer.alloc(32, 7) }
const binding: CodeBinding = {
  challenge: 'challenge-1',
  nonce: 'MDEyMzQ1Njc4OWFiY2RlZg',
  account: 'ada',
  number: '+12025550143',
  purpose: 'step-up',
  mode: 'spoken',
}
/** Long enough that two different inputs never meet by chance. */
const long = 18
const codeOf = (change: Partial<CodeBinding> = {}, of = key) => deriveCode(of, { ...binding, ...change }, long)

describe('what a code is made of', () => {
  it('is what RFC 2104 and the documented order of inputs say, computed here anew', () => {
    const transactionDigest = 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg'
    for (const [label, derived] of [
      ['ringback code', deriveCode(key, { ...binding, transactionDigest }, 6)],
      ['ringback gate', deriveGate(key, { ...binding, transactionDigest }, 6)],
    ] as const) {
      const inputs = [label, 'challenge-1', 'MDEyMzQ1Njc4OWFiY2RlZg', 'ada', '+12025550143', 'step-up', 'spoken', transactionDigest]
      const bytes = inputs.flatMap((input) => [Buffer.from([0, 0, 0, input.length]), Buffer.from(input)])
      const mac = createHmac('sha256', Buffer.alloc(32, 7)).update(Buffer.concat(bytes)).digest('hex').slice(0, 16)
      expect(derived).toBe((BigInt(`0x${mac}`) % 1_000_000n).toString().padStart(6, '0'))
    }
  })

  it('counts the bytes of an input, not its letters', () => {
    const inputs = ['ringback code', 'challenge-1', binding.nonce, 'zoë', '+12025550143', 'step-up', 'spoken', '']
    const bytes = inputs.flatMap((input) => [Buffer.from([0, 0, 0, Buffer.byteLength(input)]), Buffer.from(input)])
    const mac = createHmac('sha256', key.secret).update(Buffer.concat(bytes)).digest()
    expect(codeOf({ account: 'zoë' })).toBe((mac.readBigUInt64BE(0) % 10n ** 18n).toString().padStart(18, '0'))
  })

  it('is the same every time', () => {
    expect(codeOf()).toBe(codeOf())
  })

  it.each<[string, Partial<CodeBinding>]>([
    ['challenge', { challenge: 'challenge-2' }],
    ['nonce', { nonce: 'MDEyMzQ1Njc4OWFiY2RlZh' }],
    ['account', { account: 'adb' }],
    ['number', { number: '+12025550144' }],
    ['purpose', { purpose: 'enrol' }],
    ['purpose, of a request without browser', { purpose: 'backchannel' }],
    ['mode', { mode: 'keyed' }],
    ['transaction', { transactionDigest: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg' }],
  ])('another %s makes another code and another gate', (_, change) => {
    expect(codeOf(change)).not.toBe(codeOf())
    expect(deriveGate(key, { ...binding, ...change }, long)).not.toBe(deriveGate(key, binding, long))
  })

  it('another transaction makes another code', () => {
    expect(codeOf({ transactionDigest: 'a' })).not.toBe(codeOf({ transactionDigest: 'b' }))
  })

  it('another key makes another code, even if only its last byte differs', () => {
    const secret = Buffer.alloc(32, 7)
    secret[31] = 8
    expect(codeOf({}, { id: 'key-1', secret })).not.toBe(codeOf())
  })

  it('the id of a key is no part of the code: renaming a key breaks no call in progress', () => {
    expect(codeOf({}, { ...key, id: 'renamed' })).toBe(codeOf())
  })

  it.each<[string, Partial<CodeBinding>, Partial<CodeBinding>]>([
    ['challenge and nonce', { challenge: 'ab', nonce: 'c' }, { challenge: 'a', nonce: 'bc' }],
    ['nonce and account', { nonce: 'ab', account: 'c' }, { nonce: 'a', account: 'bc' }],
    ['account and number', { account: 'ab', number: 'c' }, { account: 'a', number: 'bc' }],
    ['an empty input', { challenge: '', nonce: 'abc' }, { challenge: 'abc', nonce: '' }],
    ['a forged length', { account: 'a\0\0\0\u0001b', number: 'c' }, { account: 'a', number: 'b\0\0\0\u0001c' }],
  ])('%s do not run together', (_, one, other) => {
    expect(codeOf(one)).not.toBe(codeOf(other))
  })

  it('the gate tells nothing of the code: they are derived under labels of their own', () => {
    expect(deriveGate(key, binding, long)).not.toBe(codeOf())
    const pairs = Array.from({ length: 1000 }, (_, serial) => {
      const of = { ...binding, nonce: `${serial}` }
      return [deriveGate(key, of, 6), deriveCode(key, of, 6)]
    })
    expect(pairs.filter(([ofGate, ofCode]) => ofGate === ofCode).length).toBeLessThan(3)
    expect(pairs.filter(([ofGate, ofCode]) => ofGate?.slice(0, 2) === ofCode?.slice(0, 2)).length).toBeLessThan(40)
  })
})

describe('what a code looks like', () => {
  it.each([6, 7, 8, 9, 10])('%i digits, leading zeros kept', (digits) => {
    const codes = Array.from({ length: 300 }, (_, serial) => deriveCode(key, { ...binding, nonce: `${serial}` }, digits))
    for (const one of codes) expect(one).toMatch(new RegExp(`^\\d{${digits}}$`))
    expect(codes.some((one) => one.startsWith('0'))).toBe(true)
  })

  it.each([5, 4, 1, 0, -6])('never %i digits', (digits) => {
    expect(() => deriveCode(key, binding, digits)).toThrow(RangeError)
  })
  it.each([5.5, 6.5, Number.NaN])('nor %d', (digits) => {
    expect(() => deriveCode(key, binding, digits)).toThrow(RangeError)
  })
  it('the least is what NIST SP 800-63B-4 asks for', () => {
    expect(minimumCodeDigits).toBe(6)
    expect(deriveCode(key, binding, 6)).toHaveLength(6)
  })

  it.each([2, 3])('a gate of %i digits keeps its leading zeros', (digits) => {
    const gates = Array.from({ length: 300 }, (_, serial) => deriveGate(key, { ...binding, nonce: `${serial}` }, digits))
    for (const one of gates) expect(one).toMatch(new RegExp(`^\\d{${digits}}$`))
    expect(gates.some((one) => one.startsWith('0'))).toBe(true)
  })

  it('every digit in every place is as likely as any other: chi squared over 100,000 codes', () => {
    const counts = Array.from({ length: 60 }, () => 0)
    for (let serial = 0; serial < 100_000; serial += 1) {
      const digits = deriveCode(key, { ...binding, nonce: `${serial}` }, 6)
      for (let place = 0; place < 6; place += 1) count(counts, place * 10 + Number(digits[place]))
    }
    // 54 degrees of freedom; passed by chance once in a million. The inputs are fixed, so the outcome is too.
    expect(chiSquared(counts, 10_000)).toBeLessThan(116)
  }, 60_000)

  it('every gate is as likely as any other: chi squared over 10,000 gates', () => {
    const counts = Array.from({ length: 100 }, () => 0)
    for (let serial = 0; serial < 10_000; serial += 1) count(counts, Number(deriveGate(key, { ...binding, nonce: `${serial}` }, 2)))
    expect(chiSquared(counts, 100)).toBeLessThan(176)
  }, 60_000)
})

function count(cells: number[], cell: number): void {
  cells[cell] = (cells[cell] ?? 0) + 1
}

function chiSquared(cells: number[], expected: number): number {
  return cells.reduce((sum, counted) => sum + (counted - expected) ** 2 / expected, 0)
}

describe('comparing', () => {
  it('equal is equal', () => {
    expect(sameDigits('012345', '012345')).toBe(true)
  })
  it.each([
    ['one digit off at the end', '012346'],
    ['one digit off at the start', '112345'],
    ['a prefix', '01234'],
    ['longer', '0123450'],
    ['nothing', ''],
    ['the same number, but not the same digits', '12345'],
    ['a space', '012345 '],
    ['as many letters, but more bytes', '01234é'],
    ['as many bytes, but other letters', '0123é'],
  ])('not equal: %s', (_, given) => {
    expect(sameDigits(given, '012345')).toBe(false)
  })
})
