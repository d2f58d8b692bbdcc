// One authorization request and what its session has shown, as the policy sees them; a test changes what it is about.
import type { Confirmation } from '../../src/domain/account-factor.ts'
import {
  type Decision,
  type DecisionInput,
  decide,
  defaultStepUpPolicy,
  type LevelRequest,
  levelAcr,
  type Shown,
  type StepUpPolicy,
} from '../../src/domain/policy.ts'

export const now = Date.UTC(2026, 0, 5, 12)
/** Seconds, as a session keeps the time of its login. */
export const nowSeconds = now / 1000

export const { password, phone, call } = levelAcr
export const mfa = 'https://refeds.org/profile/mfa'
export const gold = 'urn:host:gold'
export const silver = 'urn:host:silver'

/** A call of this session, in an earlier request, so many milliseconds ago. */
export function confirmed(ago = 60_000, change: Partial<Confirmation> = {}): Confirmation {
  return {
    challenge: 'challenge-1',
    purpose: 'step-up',
    mode: 'spoken',
    phone: 'phone-1',
    at: now - ago,
    cid: 'cid-earlier',
    clientId: 'bank',
    sessionUid: 'session-1',
    raisesSession: true,
    ...change,
  }
}

/** A call made for this very request. */
export const confirmedHere = (ago = 60_000, change: Partial<Confirmation> = {}) => confirmed(ago, { cid: 'cid-now', ...change })

export interface Facts {
  request?: Partial<LevelRequest>
  policy?: Partial<StepUpPolicy>
  shown?: Partial<Shown>
  /** How long ago the password was given, in seconds; null for never. */
  passwordAge?: number | null
  calls?: Confirmation[]
  with?: Partial<Omit<DecisionInput, 'request' | 'policy' | 'shown'>>
}

/** By default: a session with a fresh password and no call, whose account has a phone; nothing asked. */
export function decideOn(facts: Facts = {}): Decision {
  const age = facts.passwordAge === undefined ? 600 : facts.passwordAge
  return decide({
    request: { renew: false, ...facts.request },
    policy: { ...defaultStepUpPolicy, ...facts.policy },
    known: { aliases: { [mfa]: 'phone', 'urn:alias:pwd': 'password', 'urn:alias:call': 'call' }, host: [gold, silver] },
    shown: {
      password: age === null ? undefined : { at: nowSeconds - age, amr: ['pwd'] },
      passwordJustShown: false,
      confirmations: facts.calls ?? [],
      sessionUid: 'session-1',
      cid: 'cid-now',
      ...facts.shown,
    },
    clientId: 'bank',
    callPossible: true,
    now,
    ...facts.with,
  })
}

export const issuedPassword = (acr = password, age = 600): Decision => ({ need: 'nothing', acr, amr: ['pwd'], authTime: nowSeconds - age })
export const issuedPhone = (acr = phone, age = 60): Decision => ({
  need: 'nothing',
  acr,
  amr: ['pwd', 'tel', 'mfa', 'mca'],
  authTime: nowSeconds - age,
})
