// The closed list of reasons to say no. A refusal is a value; an exception is a bug or an outage.

export type RefusalReason =
  | 'no-phone'
  | 'unknown-phone'
  | 'mode-not-allowed'
  | 'factor-blocked'
  | 'too-many-calls'
  | 'challenge-elsewhere'
  | 'no-challenge'
  | 'challenge-over'
  | 'not-told-yet'
  | 'wrong-mode'
  | 'malformed-code'
  | 'wrong-code'

/** Why the person's request was not carried out, when it may be tried again, and how many tries are left. */
export interface Refusal {
  refused: RefusalReason
  /** Milliseconds since 1970; absent where waiting does not help. */
  retryAt?: number
  /** Wrong codes that may still be given in this challenge. */
  triesLeft?: number
}

/** The HTTP status that goes with each refusal. */
export const refusalStatus = {
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
} satisfies Record<RefusalReason, number>

export function isRefusal<T extends object>(value: T | Refusal): value is Refusal {
  return 'refused' in value
}
