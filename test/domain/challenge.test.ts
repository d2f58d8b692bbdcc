// What time and endings make of a challenge and its call, to the millisecond.
import { describe, expect, it } from 'vitest'
import type { CarrierOutcome } from '../../src/domain/call-script.ts'
import {
  type Call,
  type CallState,
  type Challenge,
  challengeExpiresAt,
  type EndReason,
  endCall,
  endChallenge,
  nextChangeAt,
  type Outcome,
  outcomeOf,
  type PageState,
  pageState,
  settle,
} from '../../src/domain/challenge.ts'
import { ownPage, seconds, storyStart } from './account-story.ts'
import { keysOf } from './keys-of.ts'

const dialling: Call = {
  id: 'challenge-1.1',
  phone: 'phone-1',
  mode: 'spoken',
  language: 'en',
  codeKey: 'key-1',
  nonce: 'nonce-1',
  startedAt: storyStart,
  ringSeconds: 30,
  maxSeconds: 120,
  state: 'dialling',
  lineOpen: true,
  sequence: 0,
  askedAgain: 0,
}
const answeredAt = storyStart + 20 * seconds
const answered: Partial<Call> = { state: 'answered', answeredAt }
const told: Partial<Call> = { state: 'told', answeredAt, toldAt: answeredAt + 5 * seconds }

function challengeWith(call: Partial<Call>, change: Partial<Challenge> = {}): Challenge {
  return {
    id: 'challenge-1',
    accountId: 'ada',
    purpose: 'step-up',
    origin: ownPage,
    openedAt: storyStart,
    state: 'open',
    failures: 0,
    calls: 1,
    call: { ...dialling, ...call },
    ...change,
  }
}

describe('a challenge expires', () => {
  it.each<[string, number, number]>([
    ['180 s after its only call began', 0, 180],
    ['180 s after its latest call began', 100, 280],
    ['600 s after it was opened, where both fall together', 420, 600],
    ['600 s after it was opened, however late its latest call', 421, 600],
    ['600 s after it was opened, though its latest call has only begun', 599, 600],
  ])('%s', (_, callStartedAfter, expiresAfter) => {
    const challenge = challengeWith({ ...told, startedAt: storyStart + callStartedAfter * seconds, state: 'over', outcome: 'completed' })
    const expiresAt = storyStart + expiresAfter * seconds
    expect(challengeExpiresAt(challenge)).toBe(expiresAt)
    expect(settle(challenge, expiresAt - 1)).toEqual(challenge)
    expect(settle(challenge, expiresAt)).toEqual({ ...challenge, state: 'expired', endedAt: expiresAt })
    expect(settle(challenge, expiresAt + 1)).toEqual({ ...challenge, state: 'expired', endedAt: expiresAt })
    expect(settle(challenge, expiresAt + 3_600_000).endedAt).toBe(expiresAt)
  })

  it.each<Challenge['state']>(['confirmed', 'wrong-code', 'cancelled', 'reported', 'expired'])('but not one that is %s already', (state) => {
    const ended = challengeWith(told, { state, endedAt: answeredAt + 9 * seconds })
    expect(settle(ended, storyStart + 999 * seconds)).toEqual(ended)
    expect(nextChangeAt(ended)).toBeUndefined()
  })
})

describe('a call that its carrier never ended', () => {
  it.each<[string, Partial<Call>, number, Outcome]>([
    ['and of which no word came', { state: 'dialling' }, storyStart + 45 * seconds, 'gateway-down'],
    ['and that was ringing', { state: 'ringing' }, storyStart + 45 * seconds, 'no-answer'],
    ['and that was answered', answered, answeredAt + 135 * seconds, 'hung-up'],
    ['and that told its code', told, answeredAt + 135 * seconds, 'completed'],
  ])('%s is over 15 s after it had to be', (_, call, dueAt, outcome) => {
    const challenge = challengeWith(call)
    expect(nextChangeAt(challenge)).toBe(dueAt)
    expect(settle(challenge, dueAt - 1)).toEqual(challenge)
    for (const now of [dueAt, dueAt + 1]) {
      expect(settle(challenge, now).call).toEqual({ ...challenge.call, state: 'over', outcome })
      expect(settle(challenge, now).state).toBe('open')
    }
  })

  it('leaves its challenge open until that expires', () => {
    const settled = settle(challengeWith({ state: 'ringing' }), storyStart + 100 * seconds)
    expect(settled.state).toBe('open')
    expect(nextChangeAt(settled)).toBe(storyStart + 180 * seconds)
  })

  it('is over, too, when the challenge has meanwhile expired', () => {
    const settled = settle(challengeWith({ state: 'ringing' }), storyStart + 3600 * seconds)
    expect(settled).toMatchObject({ state: 'expired', endedAt: storyStart + 180 * seconds, call: { state: 'over', outcome: 'no-answer' } })
  })

  it('goes on beyond the expiry of its challenge while it may', () => {
    const late = challengeWith({ ...answered, answeredAt: storyStart + 50 * seconds, maxSeconds: 300 })
    expect(nextChangeAt(late)).toBe(storyStart + 180 * seconds)
    expect(settle(late, storyStart + 181 * seconds)).toMatchObject({ state: 'expired', call: { state: 'answered' } })
  })
})

describe('what a page is told', () => {
  const whileOpen: Record<Exclude<CallState, 'over'>, PageState> = {
    dialling: 'dialling',
    ringing: 'ringing',
    answered: 'answered',
    'gate-passed': 'gate-passed',
    told: 'told',
  }
  it.each(Object.entries(whileOpen))('%s', (state, expected) => {
    const callState = state === 'dialling' || state === 'ringing' || state === 'answered' || state === 'gate-passed' ? state : 'told'
    const toldAt = callState === 'told' ? answeredAt : undefined
    expect(pageState(challengeWith({ state: callState, toldAt }))).toBe(expected)
  })

  const outcomes: Record<Outcome, true> = {
    completed: true,
    busy: true,
    declined: true,
    'no-answer': true,
    unreachable: true,
    'invalid-number': true,
    'wrong-gate': true,
    'nothing-keyed': true,
    'hung-up': true,
    machine: true,
    forwarded: true,
    'gateway-down': true,
  }
  it.each(keysOf(outcomes))('over: %s, but still told once the code was', (outcome) => {
    expect(pageState(challengeWith({ state: 'over', outcome }))).toBe(outcome)
    expect(pageState(challengeWith({ ...told, state: 'over', outcome }))).toBe('told')
  })

  const ends: Record<EndReason | 'confirmed', true> = { confirmed: true, 'wrong-code': true, expired: true, cancelled: true, reported: true }
  it.each(keysOf(ends))('%s, whatever the call did', (state) => {
    for (const call of [{}, answered, told, { ...told, state: 'over', outcome: 'completed' }, { state: 'over', outcome: 'busy' }] as const)
      expect(pageState(challengeWith(call, { state }))).toBe(state)
  })

  it('idle, before anything was started', () => {
    expect(pageState(undefined)).toBe('idle')
  })
})

describe('the end of a call', () => {
  it('the first reason stands', () => {
    const declined = endCall(dialling, 'declined')
    expect(declined).toMatchObject({ state: 'over', outcome: 'declined' })
    expect(endCall(declined, 'busy')).toEqual(declined)
    expect(endCall({ ...declined, toldAt: answeredAt }, 'busy').outcome).toBe('declined')
  })
  it.each<Outcome>(['hung-up', 'gateway-down', 'nothing-keyed'])('a call that told its code is completed, though it was %s', (outcome) => {
    const ended = endCall({ ...dialling, ...told }, outcome)
    expect(ended).toMatchObject({ state: 'over', outcome: 'completed', toldAt: told.toldAt })
  })
  it('leaves the line to the carrier: somebody may still be saying goodbye', () => {
    expect(endCall(dialling, 'hung-up').lineOpen).toBe(true)
  })

  it.each<[CarrierOutcome, Outcome, Outcome]>([
    ['ended', 'no-answer', 'hung-up'],
    ['busy', 'busy', 'busy'],
    ['declined', 'declined', 'declined'],
    ['no-answer', 'no-answer', 'no-answer'],
    ['unreachable', 'unreachable', 'unreachable'],
    ['invalid-number', 'invalid-number', 'invalid-number'],
    ['forwarded', 'forwarded', 'forwarded'],
    ['gateway-down', 'gateway-down', 'gateway-down'],
  ])('the carrier says %s: %s before an answer, %s after it', (carrier, before, after) => {
    expect(outcomeOf({ ...dialling, state: 'ringing' }, carrier)).toBe(before)
    expect(outcomeOf({ ...dialling, ...answered }, carrier)).toBe(after)
  })
})

describe('the end of a challenge', () => {
  it.each<EndReason | 'confirmed'>(['confirmed', 'cancelled', 'wrong-code', 'expired', 'reported'])('%s, and nothing after it', (reason) => {
    const ended = endChallenge(challengeWith(told), reason, storyStart + 7)
    expect(ended).toMatchObject({ state: reason, endedAt: storyStart + 7 })
    for (const later of ['confirmed', 'cancelled'] as const) expect(endChallenge(ended, later, storyStart + 8)).toEqual(ended)
  })
})
