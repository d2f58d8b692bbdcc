// The phone factor of one account, in one record: its live challenge, its failures and blocks, the calls made, and what was confirmed.
// Every security decision is one of these functions, run inside one atomic update.
import type { CarrierOutcome, Prompt } from './call-script.ts'
import { type Call, type Challenge, type ChallengeOrigin, endCall, endChallenge, outcomeOf, settle } from './challenge.ts'
import { type CodeKey, type Mode, type Purpose, sameDigits } from './code.ts'
import { type Block, blockAfterFailures, blockAt, countedCalls, type Limits, longerBlock, refuseCall } from './guard.ts'
import type { Refusal } from './refusal.ts'

/** A call that somebody answered and confirmed by: all that an acr is ever issued from. */
export interface Confirmation {
  challenge: string
  purpose: Purpose
  mode: Mode
  phone: string
  at: number
  cid: string
  clientId: string
  sessionUid?: string
  transactionDigest?: string
  /** False when it counts for its own `cid` only. */
  raisesSession: boolean
}

export interface AccountFactor {
  challenge?: Challenge
  failuresInARow: number
  block?: Block
  /** When calls were started, oldest first; milliseconds since 1970. */
  callsAt: number[]
  /** Oldest first. */
  confirmations: Confirmation[]
}

export const freshAccountFactor: AccountFactor = { failuresInARow: 0, callsAt: [], confirmations: [] }

/** How many confirmations an account keeps; the oldest fall out. */
const confirmationsKept = 50

/** What a start asks for. Identifiers and randomness come from outside. */
export interface StartRequest {
  accountId: string
  purpose: Purpose
  origin: ChallengeOrigin
  phone: string
  mode: Mode
  language: string
  codeKey: CodeKey['id']
  ringSeconds: number
  maxSeconds: number
  /** Used if a new challenge is opened. */
  newChallengeId: string
  /** 16 fresh random bytes, base64url. */
  nonce: string
}

/** What came of a start: a call to place (and perhaps an older one whose line has to be cut first), or one already on its way. */
export type Started = { started: 'call'; challenge: Challenge; replaced?: Challenge } | { started: 'already-calling'; challenge: Challenge }

/** A changed record, what came of it, and what the audit log is told. */
export interface Change<R> {
  account: AccountFactor
  result: R
  happened: string[]
}

/**
 * Starts a call: in the page's own open challenge, or in a new one. A live challenge of the same provider session is replaced; of anybody else it
 * is left alone, the start is refused, and the owner is told. A second click while the same phone is being called in the same mode starts nothing.
 */
export function startCall(account: AccountFactor, request: StartRequest, now: number, limits: Limits): Change<Started | Refusal> {
  const block = blockAt(account.block, now)
  if (block !== undefined) return refuse(account, { refused: 'factor-blocked', retryAt: block.until })

  const previous = account.challenge === undefined ? undefined : settle(account.challenge, now)
  const live = previous?.state === 'open' ? previous : undefined
  const own = live !== undefined && isOf(live, request.origin) ? live : undefined
  if (live !== undefined && own === undefined && !sameSession(live.origin, request.origin)) {
    const contested = { ...account, challenge: { ...live, contestedAt: now } }
    return { account: contested, result: { refused: 'challenge-elsewhere' }, happened: ['challenge.contested'] }
  }
  if (own !== undefined && callGoingOn(own.call) && own.call.phone === request.phone && own.call.mode === request.mode) {
    return { account, result: { started: 'already-calling', challenge: own }, happened: [] }
  }
  const refusal = refuseCall(account.callsAt, now, limits)
  if (refusal !== undefined) return refuse(account, refusal)

  const id = own?.id ?? request.newChallengeId
  const calls = (own?.calls ?? 0) + 1
  const challenge: Challenge = {
    id,
    accountId: request.accountId,
    purpose: request.purpose,
    origin: request.origin,
    openedAt: own?.openedAt ?? now,
    state: 'open',
    failures: own?.failures ?? 0,
    calls,
    call: newCall(`${id}.${calls}`, request, now),
    contestedAt: own?.contestedAt,
  }
  return {
    account: { ...account, challenge, callsAt: [...countedCalls(account.callsAt, now), now] },
    result: { started: 'call', challenge, replaced: previous?.call.lineOpen ? previous : undefined },
    happened: own === undefined ? ['challenge.opened', 'call.requested'] : ['call.requested'],
  }
}

function newCall(id: string, request: StartRequest, now: number): Call {
  const { phone, mode, language, codeKey, nonce, ringSeconds, maxSeconds } = request
  return {
    id,
    phone,
    mode,
    language,
    codeKey,
    nonce,
    ringSeconds,
    maxSeconds,
    startedAt: now,
    state: 'dialling',
    lineOpen: true,
    sequence: 0,
    askedAgain: 0,
  }
}

/** Until the code is told: from then on, asking for another call is meant. */
function callGoingOn(call: Call): boolean {
  return call.state !== 'over' && call.toldAt === undefined
}

function sameSession(a: ChallengeOrigin, b: ChallengeOrigin): boolean {
  return a.sessionUid !== undefined && a.sessionUid === b.sessionUid
}

/** What the carrier reported, of one call. */
export type HeardEvent = { call: string; carrierReference?: string } & (
  | { type: 'ringing' }
  | { type: 'answered'; by: 'person' | 'machine' | 'unknown' }
  /** Keys of the callee in answer to the step with this sequence number; empty when nothing was keyed in time. */
  | { type: 'keys'; sequence: number; keys: string }
  | { type: 'over'; outcome: CarrierOutcome }
)

/** What the call does next: the prompt, and its number within the call. */
export interface NextPrompt {
  prompt: Prompt
  sequence: number
}

const hangUp: NextPrompt = { prompt: 'hang-up', sequence: 0 }
/** How often a call repeats itself or asks again. */
const askedAgainAtMost = 3

export interface HearContext {
  now: number
  limits: Limits
  /** Gate and code of the event's call. */
  gate: string
  code: string
}

/** Applies a carrier's report. Reports of any call but the current one, repeated and late ones change nothing; the answer is then the step the call is at. */
export function hear(account: AccountFactor, event: HeardEvent, context: HearContext): Change<NextPrompt> {
  if (account.challenge === undefined) return { account, result: hangUp, happened: [] }
  if (account.challenge.call.id !== event.call) {
    // The phone rang and its owner says no: that another call has taken this one's place meanwhile does not unsay it.
    const denied = event.type === 'keys' && event.keys === '9' && ['open', 'confirmed'].includes(settle(account.challenge, context.now).state)
    if (!denied) return { account, result: hangUp, happened: [] }
    const { account: after, happened } = reported(account, account.challenge, context.now, context.limits)
    return { account: after, result: { prompt: 'reported', sequence: 0 }, happened }
  }
  const settled = settle(account.challenge, context.now)
  const carrierReference = settled.call.carrierReference ?? event.carrierReference
  // Another of the carrier's calls under this one's address: its signature says who speaks, not about which call.
  if (event.carrierReference !== undefined && event.carrierReference !== carrierReference) return { account, result: hangUp, happened: [] }
  const challenge = { ...settled, call: { ...settled.call, carrierReference } }
  const here = { ...account, challenge }
  const { call } = challenge
  switch (event.type) {
    case 'ringing':
      if (call.state !== 'dialling') return unchanged(here)
      return { account: withCall(here, { ...call, state: 'ringing' }), result: hangUp, happened: ['call.ringing'] }
    case 'answered':
      if (call.state !== 'dialling' && call.state !== 'ringing') return unchanged(here)
      return answered(here, challenge, event.by, context)
    case 'keys':
      // Keys answer the step they were asked in, and no other: a repeated webhook finds the call further on.
      if (call.prompt === undefined || call.state === 'over' || event.sequence !== call.sequence) return unchanged(here)
      return keyed(here, challenge, event.keys, context)
    case 'over': {
      const ended = { ...endCall(call, outcomeOf(call, event.outcome)), lineOpen: false }
      return { account: withCall(here, ended), result: hangUp, happened: call.lineOpen ? ['call.over'] : [] }
    }
  }
}

function answered(account: AccountFactor, challenge: Challenge, by: 'person' | 'machine' | 'unknown', context: HearContext): Change<NextPrompt> {
  const call: Call = { ...challenge.call, state: 'answered', answeredAt: context.now }
  if (by === 'machine') return say(account, endCall(call, 'machine'), 'hang-up', ['call.answered', 'call.machine'])
  if (challenge.state !== 'open') return say(account, endCall(call, 'hung-up'), farewell(challenge), ['call.answered'])
  if (blockAt(account.block, context.now)) return say(account, endCall(call, 'hung-up'), 'cancelled', ['call.answered'])
  return say(account, call, call.mode === 'spoken' ? 'gate' : 'key-code', ['call.answered'])
}

function keyed(account: AccountFactor, challenge: Challenge, keys: string, context: HearContext): Change<NextPrompt> {
  const { call } = challenge
  // Heard first: whatever was typed or ended on the page a moment before, it was not this person.
  if (keys === '9') return reportedInCall(account, challenge, context)
  if (challenge.state !== 'open') return say(account, endCall(call, 'hung-up'), farewell(challenge), [])
  if (blockAt(account.block, context.now)) return say(account, endCall(call, 'hung-up'), 'cancelled', [])
  const told = call.toldAt !== undefined
  if (keys === '')
    return told
      ? say(account, endCall(call, 'completed'), 'goodbye', [])
      : say(account, endCall(call, 'nothing-keyed'), 'nothing-keyed', ['call.nothing-keyed'])
  if (keys === '1' || keys === '2') return askAgain(account, call, repeated(call, keys === '2'))
  if (told) return askAgain(account, call, 'code-hint')

  const expected = call.mode === 'spoken' ? context.gate : context.code
  if (keys.length !== expected.length || !/^\d+$/.test(keys)) return askAgain(account, call, call.mode === 'spoken' ? 'gate-again' : 'key-code-again')
  if (call.mode === 'spoken') {
    if (!sameDigits(keys, expected)) return say(account, endCall(call, 'wrong-gate'), 'wrong-gate', ['call.wrong-gate'])
    // The step that tells the code leaves with the answer to this event, so the code counts as told from here.
    return say(account, { ...call, state: 'told', toldAt: context.now, askedAgain: 0 }, 'code', ['call.gate-passed', 'code.told'])
  }
  const attempt = countAndCompare(account, challenge, keys, expected, context.now, context.limits)
  const after = attempt.account.challenge ?? challenge
  if (attempt.result === 'right') return say(attempt.account, endCall(call, 'completed'), 'confirmed', attempt.happened)
  if (after.state !== 'open') return say(attempt.account, endCall(call, 'completed'), 'wrong-code', attempt.happened)
  return say(attempt.account, { ...call, askedAgain: 0 }, 'key-code-wrong', attempt.happened)
}

function repeated(call: Call, slowly: boolean): Prompt {
  if (call.toldAt !== undefined) return slowly ? 'code-slowly' : 'code'
  if (call.mode === 'spoken') return slowly ? 'gate-slowly' : 'gate'
  return slowly ? 'key-code-slowly' : 'key-code'
}

function askAgain(account: AccountFactor, call: Call, prompt: Prompt): Change<NextPrompt> {
  if (call.askedAgain < askedAgainAtMost) return say(account, { ...call, askedAgain: call.askedAgain + 1 }, prompt, [])
  if (call.toldAt !== undefined) return say(account, endCall(call, 'completed'), 'goodbye', [])
  return say(account, endCall(call, 'nothing-keyed'), 'nothing-keyed', ['call.nothing-keyed'])
}

function say(account: AccountFactor, call: Call, prompt: Prompt, happened: string[]): Change<NextPrompt> {
  const spoken = { ...call, prompt, sequence: call.sequence + 1 }
  return { account: withCall(account, spoken), result: { prompt, sequence: spoken.sequence }, happened }
}

function unchanged(account: AccountFactor): Change<NextPrompt> {
  const call = account.challenge?.call
  const spoken = call?.lineOpen ? call.prompt : undefined
  return { account, result: call === undefined || spoken === undefined ? hangUp : { prompt: spoken, sequence: call.sequence }, happened: [] }
}

function farewell(challenge: Challenge): Prompt {
  return challenge.state === 'open' ? 'hang-up' : challenge.state
}

function withCall(account: AccountFactor, call: Call): AccountFactor {
  return account.challenge === undefined ? account : { ...account, challenge: { ...account.challenge, call } }
}

/** Counts an attempt, then compares: the order that makes parallel guesses useless. */
function countAndCompare(
  account: AccountFactor,
  challenge: Challenge,
  given: string,
  expected: string,
  now: number,
  limits: Limits,
): Change<'right' | 'wrong'> {
  const failures = challenge.failures + 1
  const failuresInARow = account.failuresInARow + 1
  if (sameDigits(given, expected)) {
    const confirmed = endChallenge(challenge, 'confirmed', now)
    const confirmations = [...account.confirmations, confirmationOf(confirmed, now)].slice(-confirmationsKept)
    return {
      account: { ...account, challenge: confirmed, failuresInARow: 0, confirmations },
      result: 'right',
      happened: ['code.right', 'challenge.confirmed'],
    }
  }
  const block = blockAfterFailures(failuresInARow, now, limits)
  const counted = { ...challenge, failures }
  const over = failures >= limits.failuresPerChallenge || block !== undefined
  return {
    account: {
      ...account,
      failuresInARow,
      block: longerBlock(account.block, block, now),
      challenge: over ? endChallenge(counted, 'wrong-code', now) : counted,
    },
    result: 'wrong',
    happened: ['code.wrong', ...(over ? ['challenge.wrong-code'] : []), ...(block ? ['factor.blocked'] : [])],
  }
}

function confirmationOf(challenge: Challenge, now: number): Confirmation {
  const { origin, call } = challenge
  return {
    challenge: challenge.id,
    purpose: challenge.purpose,
    mode: call.mode,
    phone: call.phone,
    at: now,
    cid: origin.cid,
    clientId: origin.clientId,
    sessionUid: origin.sessionUid,
    transactionDigest: origin.transactionDigest,
    raisesSession: origin.raisesSession,
  }
}

/** What was typed on a page, and what would be right. */
export interface TypedCode {
  uid: string
  cid: string
  /** The call whose code `expected` is. */
  call: string
  given: string
  expected: string
}

/** Takes a code typed on the page of the interaction that opened the challenge. */
export function takeTypedCode(account: AccountFactor, typed: TypedCode, now: number, limits: Limits): Change<{ confirmed: Challenge } | Refusal> {
  const challenge = ownChallenge(account, typed, now)
  if (challenge === undefined || challenge.call.id !== typed.call) return refuse(account, { refused: 'no-challenge' })
  if (challenge.state !== 'open') return refuse(account, { refused: 'challenge-over' })
  const block = blockAt(account.block, now)
  if (block !== undefined) return refuse(account, { refused: 'factor-blocked', retryAt: block.until })
  if (challenge.call.mode !== 'spoken') return refuse(account, { refused: 'wrong-mode' })
  if (challenge.call.toldAt === undefined) return refuse(account, { refused: 'not-told-yet' })

  const attempt = countAndCompare(account, challenge, typed.given, typed.expected, now, limits)
  const after = attempt.account.challenge ?? challenge
  if (attempt.result === 'right') return { ...attempt, result: { confirmed: after } }
  const triesLeft = after.state === 'open' ? limits.failuresPerChallenge - after.failures : 0
  return { ...attempt, result: { refused: 'wrong-code', triesLeft } }
}

/** The person gives up on the page: the page's own open challenge ends. */
export function cancel(account: AccountFactor, page: Pick<TypedCode, 'uid' | 'cid'>, now: number): Change<Challenge | undefined> {
  const challenge = ownChallenge(account, page, now)
  if (challenge === undefined || challenge.state !== 'open') return { account, result: undefined, happened: [] }
  const ended = endChallenge(challenge, 'cancelled', now)
  return { account: { ...account, challenge: ended }, result: ended, happened: ['challenge.cancelled'] }
}

/** "This was not me", on the page: like key 9 in the call. */
export function report(account: AccountFactor, page: Pick<TypedCode, 'uid' | 'cid'>, now: number, limits: Limits): Change<Challenge | undefined> {
  const challenge = ownChallenge(account, page, now)
  // Said once: an old page must not be a way to block somebody again and again.
  if (challenge === undefined || challenge.state === 'reported') return { account, result: undefined, happened: [] }
  return reported(account, challenge, now, limits)
}

function reportedInCall(account: AccountFactor, challenge: Challenge, context: HearContext): Change<NextPrompt> {
  const change = reported(account, challenge, context.now, context.limits)
  return say(change.account, endCall(challenge.call, 'hung-up'), 'reported', change.happened)
}

function reported(account: AccountFactor, challenge: Challenge, now: number, limits: Limits): Change<Challenge> {
  const ended: Challenge = { ...challenge, state: 'reported', endedAt: now }
  const block: Block = { reason: 'reported', until: now + limits.reportBlockSeconds * 1000 }
  // Whatever was confirmed before may have been somebody else, too: every session that gained by it has to show it anew.
  const confirmations: Confirmation[] = []
  return {
    account: { ...account, challenge: ended, block: longerBlock(account.block, block, now), confirmations },
    result: ended,
    happened: ['challenge.reported', 'factor.blocked'],
  }
}

/** The page's own challenge, settled; nobody else's is ever returned. */
export function ownChallenge(account: AccountFactor, page: Pick<TypedCode, 'uid' | 'cid'>, now: number): Challenge | undefined {
  const { challenge } = account
  return challenge !== undefined && isOf(challenge, page) ? settle(challenge, now) : undefined
}

function isOf({ origin }: Challenge, page: Pick<TypedCode, 'uid' | 'cid'>): boolean {
  return origin.uid === page.uid && origin.cid === page.cid
}

function refuse<R>(account: AccountFactor, refusal: Refusal): Change<R | Refusal> {
  return { account, result: refusal, happened: [`refused.${refusal.refused}`] }
}
