// Every reason to say no has its status, and no success is mistaken for one.
import { expect, it } from 'vitest'
import { isRefusal, type RefusalReason, refusalStatus } from '../../src/domain/refusal.ts'

const expected: Record<RefusalReason, number> = {
  'no-phone': 403,
  'unknown-phone': 400,
  'mode-not-allowed': 400,
  'factor-blocked': 403,
  'too-many-calls': 429,
  'challenge-elsewhere': 409,
  'no-challenge': 409,
  'challenge-over': 409,
  'not-told-yet': 409,
  'wrong-mode': 409,
  'malformed-code': 422,
  'wrong-code': 422,
}

it('each reason has the status of its kind, and there is no other reason', () => {
  expect(refusalStatus).toEqual(expected)
})
it('a refusal is told from a result by what it says', () => {
  expect(isRefusal<object>({ refused: 'wrong-code', triesLeft: 2 })).toBe(true)
  expect(isRefusal({ confirmed: {} })).toBe(false)
  expect(isRefusal({ started: 'call' })).toBe(false)
})
