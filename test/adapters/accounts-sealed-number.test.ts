import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sealedNumbers } from '../../src/adapters/accounts/sealed-number.ts'

const first = { id: 'k1', secret: randomBytes(32) }
const second = { id: 'k2', secret: randomBytes(32) }
const owner = ['account', 'phone']
const number = '+12025550143'

describe('a sealed number', () => {
  it('opens for its owner and shows nothing of itself', () => {
    const numbers = sealedNumbers([first])
    const sealed = numbers.seal(number, owner)
    expect(numbers.open(sealed, owner)).toBe(number)
    expect(sealed).not.toContain('2025550143')
    expect(Buffer.from(sealed.split('.')[1] ?? '', 'base64url').toString('latin1')).not.toContain('5550143')
  })

  it('never looks the same twice', () => {
    const numbers = sealedNumbers([first])
    expect(numbers.seal(number, owner)).not.toBe(numbers.seal(number, owner))
  })

  it.each([[['account', 'other']], [['other', 'phone']], [['accountphone']], [['account"', '"phone']], [[]]])('does not open for %j', (other) => {
    const numbers = sealedNumbers([first])
    expect(() => numbers.open(numbers.seal(number, owner), other)).toThrow('does not open')
  })

  it('does not open when any byte of it was changed, or some are missing', () => {
    const numbers = sealedNumbers([first])
    const [id, body = ''] = numbers.seal(number, owner).split('.')
    const bytes = Buffer.from(body, 'base64url')
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(bytes.readUInt8(index) ^ 1, index)
      expect(() => numbers.open(`${id}.${changed.toString('base64url')}`, owner)).toThrow('does not open')
    }
    for (const length of [0, 5, 12, 20, bytes.length - 1]) {
      expect(() => numbers.open(`${id}.${bytes.subarray(0, length).toString('base64url')}`, owner)).toThrow('does not open')
    }
  })

  it('is sealed with the first key and opened with any that is listed', () => {
    const sealed = sealedNumbers([first]).seal(number, owner)
    const rotated = sealedNumbers([second, first])
    expect(rotated.open(sealed, owner)).toBe(number)
    expect(rotated.seal(number, owner)).toMatch(/^k2\./)
    expect(() => sealedNumbers([second]).open(sealed, owner)).toThrow('sealed with key "k1", which is not configured: list that key again')
  })

  it('does not open with another key of the same id', () => {
    const sealed = sealedNumbers([first]).seal(number, owner)
    expect(() => sealedNumbers([{ ...second, id: 'k1' }]).open(sealed, owner)).toThrow('the key is another one of that id')
  })

  it('needs keys that can be used', () => {
    expect(() => sealedNumbers([])).toThrow('configure at least one')
    expect(() => sealedNumbers([{ id: 'k', secret: randomBytes(31) }])).toThrow('has 31 bytes: give it 32')
    expect(() => sealedNumbers([{ id: 'a.b', secret: randomBytes(32) }])).toThrow('the id of a number key')
    expect(() => sealedNumbers([first, { ...second, id: 'k1' }])).toThrow('the same id')
  })
})
