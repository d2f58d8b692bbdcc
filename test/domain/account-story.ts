// One account's factor, driven event by event through the domain's own functions, with time and secrets in the test's hand.
import {
  type AccountFactor,
  type Change,
  cancel,
  freshAccountFactor,
  type HeardEvent,
  hear,
  type NextPrompt,
  report,
  type Started,
  type StartRequest,
  startCall,
  takeTypedCode,
} from '../../src/domain/account-factor.ts'
import type { CarrierOutcome } from '../../src/domain/call-script.ts'
import { type Call, type Challenge, type ChallengeOrigin, type PageState, pageState, settle } from '../../src/domain/challenge.ts'
import type { Mode } from '../../src/domain/code.ts'
import { defaultLimits, type Limits } from '../../src/domain/guard.ts'
import type { Refusal } from '../../src/domain/refusal.ts'

export const seconds = 1000
export const minutes = 60 * seconds
export const hours = 60 * minutes

export const storyStart = Date.UTC(2026, 0, 5, 12)
/** What is right in every call of a story; the gate is of another length than the code, as in life. */
export const gate = '42'
export const code = '170943'
export const wrongCode = '170944'

/** The page of the owner: an interaction in a provider session. */
export const ownPage: ChallengeOrigin = {
  uid: 'uid-own',
  cid: 'cid-own',
  clientId: 'bank',
  clientName: 'Demo Bank',
  sessionUid: 'session-own',
  raisesSession: true,
}
/** Another tab of the same browser. */
export const otherTab: ChallengeOrigin = { ...ownPage, uid: 'uid-tab', cid: 'cid-tab' }
/** Somebody else who knows the password. */
export const elsewhere: ChallengeOrigin = { ...ownPage, uid: 'uid-else', cid: 'cid-else', sessionUid: 'session-else' }

export type AccountStory = ReturnType<typeof accountStory>

export function accountStory(options: { mode?: Mode; limits?: Partial<Limits> } = {}) {
  const mode = options.mode ?? 'spoken'
  const limits: Limits = { ...defaultLimits, ...options.limits }
  let account: AccountFactor = freshAccountFactor
  let now = storyStart
  let opened = 0
  const happened: string[] = []

  function keep<R>(change: Change<R>): R {
    // The domain is pure: whoever writes into what it was given is caught here.
    account = deepFreeze(change.account)
    happened.push(...change.happened)
    return change.result
  }

  function currentChallenge(): Challenge {
    if (account.challenge === undefined) throw new Error('this story has no challenge yet')
    return account.challenge
  }

  const story = {
    limits,
    /** Everything the audit log was told. */
    happened,
    get account(): AccountFactor {
      return account
    },
    set account(value: AccountFactor) {
      account = deepFreeze(value)
    },
    get now(): number {
      return now
    },
    get challenge(): Challenge {
      return currentChallenge()
    },
    get call(): Call {
      return currentChallenge().call
    },
    /** What the page shows now. */
    get state(): PageState {
      return pageState(account.challenge === undefined ? undefined : settle(account.challenge, now))
    },
    wait(milliseconds: number): void {
      now += milliseconds
    },

    request(overrides: Partial<StartRequest> = {}): StartRequest {
      opened += 1
      return {
        accountId: 'ada',
        purpose: 'step-up',
        origin: ownPage,
        phone: 'phone-1',
        mode,
        language: 'en',
        codeKey: 'key-1',
        ringSeconds: 30,
        maxSeconds: 120,
        newChallengeId: `challenge-${opened}`,
        nonce: `nonce-${opened}`,
        ...overrides,
      }
    },
    start: (overrides: Partial<StartRequest> = {}): Started | Refusal => keep(startCall(account, story.request(overrides), now, limits)),

    hear: (event: HeardEvent, secrets: { gate?: string; code?: string } = {}): NextPrompt =>
      keep(hear(account, event, { now, limits, gate, code, ...secrets })),
    ringing: (): NextPrompt => story.hear({ call: story.call.id, type: 'ringing' }),
    answer: (by: 'person' | 'machine' | 'unknown' = 'person'): NextPrompt => story.hear({ call: story.call.id, type: 'answered', by }),
    /** Keys in answer to the step that the call is at, or to the one given. */
    key: (keys: string, sequence: number = currentChallenge().call.sequence): NextPrompt =>
      story.hear({ call: story.call.id, type: 'keys', sequence, keys }),
    over: (outcome: CarrierOutcome = 'ended'): NextPrompt => story.hear({ call: story.call.id, type: 'over', outcome }),

    type: (
      given: string,
      page: Pick<ChallengeOrigin, 'uid' | 'cid'> = ownPage,
      call: string = currentChallenge().call.id,
    ): { confirmed: Challenge } | Refusal => keep(takeTypedCode(account, { uid: page.uid, cid: page.cid, call, given, expected: code }, now, limits)),
    cancel: (page: Pick<ChallengeOrigin, 'uid' | 'cid'> = ownPage): Challenge | undefined => keep(cancel(account, page, now)),
    report: (page: Pick<ChallengeOrigin, 'uid' | 'cid'> = ownPage): Challenge | undefined => keep(report(account, page, now, limits)),

    /** A call up to where a code may be given: told and to be typed, or asked for and to be keyed. */
    untilCode(overrides: Partial<StartRequest> = {}): void {
      const started = story.start(overrides)
      if (!('started' in started)) throw new Error(`the story's call was refused: ${started.refused}`)
      story.answer()
      if (story.call.mode === 'spoken') story.key(gate)
    },
    block(until?: number): void {
      account = deepFreeze({ ...account, block: { reason: 'administrator', until } })
    },
  }
  return story
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
