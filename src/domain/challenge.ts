// A challenge (one attempt to confirm) and its call: two state machines. Both only ever move forward; time and randomness are arguments.

import type { CarrierOutcome, Prompt } from './call-script.ts'
import type { Mode, Purpose } from './code.ts'

/** `gate-passed` is for gateways that tell the passing of the gate from the telling of the code; where one step does both, a call goes straight to `told`. */
export type CallState = 'dialling' | 'ringing' | 'answered' | 'gate-passed' | 'told' | 'over'

/** How a call ended, as the person on the page is told. */
export type Outcome =
  | 'completed'
  | 'busy'
  | 'declined'
  | 'no-answer'
  | 'unreachable'
  | 'invalid-number'
  | 'wrong-gate'
  | 'nothing-keyed'
  | 'hung-up'
  | 'machine'
  | 'forwarded'
  | 'gateway-down'

export type EndReason = 'wrong-code' | 'expired' | 'cancelled' | 'reported'

/** One ringing of one phone. Holds neither the number nor the code: both are looked up and derived when needed. */
export interface Call {
  id: string
  /** The binding that is rung. */
  phone: string
  mode: Mode
  language: string
  /** Which key its gate and code are derived from, and the randomness that makes them its own. */
  codeKey: string
  nonce: string
  startedAt: number
  ringSeconds: number
  maxSeconds: number
  carrierReference?: string
  state: CallState
  answeredAt?: number
  /** When the code was told; from then on it may be typed until the challenge expires, even after the call. */
  toldAt?: number
  outcome?: Outcome
  /** False once the carrier said that the call is over; a call we ended may still be saying goodbye. */
  lineOpen: boolean
  /** What the callee was last told or asked, and the number of that step: keys answer exactly one step. */
  prompt?: Prompt
  sequence: number
  /** How often this call has asked for keys without getting anywhere. */
  askedAgain: number
}

/** Who opened a challenge and for what; all of it from the stored interaction. */
export interface ChallengeOrigin {
  /** The interaction whose page shows the challenge. */
  uid: string
  /** What stays the same across the interactions of one authorization request. */
  cid: string
  clientId: string
  /** What the call says the client is named. */
  clientName: string
  sessionUid?: string
  /** SHA-256 of the canonical transaction, base64url. */
  transactionDigest?: string
  /** False for a transaction and where the policy's freshness is 0: the confirmation counts for this request only. */
  raisesSession: boolean
}

export interface Challenge {
  id: string
  accountId: string
  purpose: Purpose
  origin: ChallengeOrigin
  openedAt: number
  state: 'open' | 'confirmed' | EndReason
  endedAt?: number
  /** Wrong codes given, typed or keyed. */
  failures: number
  /** How many calls it has had; the latest is `call`. */
  calls: number
  call: Call
  /** When somebody elsewhere last tried to start a call for this account. */
  contestedAt?: number
}

const challengeSeconds = 180
const challengeSecondsAtMost = 600
/** How long we wait for a carrier's word beyond the time it was given. */
const carrierSlackSeconds = 15

/** 180 s after its latest call began, at most 600 s after it was opened. A code is good strictly before this. */
export function challengeExpiresAt(challenge: Challenge): number {
  return Math.min(challenge.call.startedAt + challengeSeconds * 1000, challenge.openedAt + challengeSecondsAtMost * 1000)
}

/** What time alone has made of a challenge: expired, or its call lost by a carrier that never said a word. */
export function settle(challenge: Challenge, now: number): Challenge {
  if (challenge.state !== 'open') return challenge
  const settled = settleCall(challenge, now)
  const expiresAt = challengeExpiresAt(challenge)
  if (now < expiresAt) return settled
  return { ...settled, state: 'expired', endedAt: expiresAt }
}

function settleCall(challenge: Challenge, now: number): Challenge {
  const { call } = challenge
  if (call.state === 'over') return challenge
  const dueAt = callDueAt(call)
  if (now < dueAt) return challenge
  const outcome = call.answeredAt === undefined ? (call.state === 'ringing' ? 'no-answer' : 'gateway-down') : 'hung-up'
  return { ...challenge, call: endCall(call, outcome) }
}

function callDueAt(call: Call): number {
  return call.answeredAt === undefined
    ? call.startedAt + (call.ringSeconds + carrierSlackSeconds) * 1000
    : call.answeredAt + (call.maxSeconds + carrierSlackSeconds) * 1000
}

/** The next moment at which `settle` will say something new; undefined when time changes nothing any more. */
export function nextChangeAt(challenge: Challenge): number | undefined {
  if (challenge.state !== 'open') return undefined
  const expiresAt = challengeExpiresAt(challenge)
  return challenge.call.state === 'over' ? expiresAt : Math.min(expiresAt, callDueAt(challenge.call))
}

/** Ends a call for a reason of ours or of the carrier's; the first reason stands, and a code that was told stays told. */
export function endCall(call: Call, outcome: Outcome): Call {
  if (call.state === 'over') return call
  return { ...call, state: 'over', outcome: call.toldAt === undefined ? outcome : 'completed' }
}

/** What the carrier's own word for the end means in this call. */
export function outcomeOf(call: Call, carrier: CarrierOutcome): Outcome {
  if (carrier === 'ended') return call.answeredAt === undefined ? 'no-answer' : 'hung-up'
  return carrier
}

/** Ends an open challenge. */
export function endChallenge(challenge: Challenge, reason: EndReason | 'confirmed', now: number): Challenge {
  if (challenge.state !== 'open') return challenge
  return { ...challenge, state: reason, endedAt: now }
}

/** The one word for where a challenge stands; pages carry it as `data-state`. */
export type PageState = 'idle' | Exclude<CallState, 'over'> | Outcome | Exclude<Challenge['state'], 'open'>

export function pageState(challenge: Challenge | undefined): PageState {
  if (challenge === undefined) return 'idle'
  if (challenge.state !== 'open') return challenge.state
  const { call } = challenge
  if (call.toldAt !== undefined) return 'told'
  return call.state === 'over' ? (call.outcome ?? 'gateway-down') : call.state
}
