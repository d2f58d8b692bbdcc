// Which of an account's phones may be called.
import { expect, it } from 'vitest'
import { type PhoneBinding, usablePhones } from '../../src/domain/phone-binding.ts'

const phone = (id: string, blockedAt?: number): PhoneBinding => ({ id, number: '+12025550143', blockedAt })

it('a blocked phone is not called, whenever it was blocked; the others keep the order of their owner', () => {
  expect(usablePhones([phone('b'), phone('x', 0), phone('a'), phone('y', Date.UTC(2026, 0, 1))]).map(({ id }) => id)).toEqual(['b', 'a'])
})
it('an account without a phone has none to call', () => {
  expect(usablePhones([])).toEqual([])
})
