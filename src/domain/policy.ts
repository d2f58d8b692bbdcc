// Which level a session has shown, which level a request asks for, and what is missing: one decision, from stored facts only.
import type { Confirmation } from './account-factor.ts'
import type { Mode } from './code.ts'

/** Our levels. `phone` is password and call; `call` is a call alone and satisfies neither of the others. */
export type Level = (typeof levels)[number]
const levels = ['password', 'phone', 'call'] as const

export const levelAcr = {
  password: 'urn:ringback:acr:password',
  phone: 'urn:ringback:acr:phone',
  call: 'urn:ringback:acr:call',
} satisfies Record<Level, string>

/** What a client's step-up is judged by. */
export interface StepUpPolicy {
  /** The modes that count, the preferred one first. */
  modes: Mode[]
  /** How long a password, and a call, stay fresh; in seconds. A call's 0 means: for this request only. */
  passwordMaxAge: number
  phoneMaxAge: number
  /** `enforced`: acr_values is a demand (RFC 9470, section 5). `voluntary`: a wish, and the token tells what was reached. */
  acrValues: 'enforced' | 'voluntary'
}

export const defaultStepUpPolicy: StepUpPolicy = {
  modes: ['spoken'],
  passwordMaxAge: 12 * 60 * 60,
  phoneMaxAge: 12 * 60 * 60,
  acrValues: 'enforced',
}

/** The acr values that mean something here. */
export interface KnownAcrs {
  /** Other names of our levels, switched on by the operator. */
  aliases: Readonly<Record<string, Level>>
  /** The host's own: its business, not ours. */
  host: readonly string[]
}

/** What the request says about levels; raw, as stored with the authorization request. */
export interface LevelRequest {
  /** `acr_values`, in order of preference. */
  acrValues?: readonly string[]
  /** `value` or `values` of an essential `acr` claim (OpenID Connect Core, 5.5.1.1). */
  essential?: readonly string[]
  /** Seconds. */
  maxAge?: number
  /** `prompt=login` (oidc-provider turns `max_age=0` into it): everything is to be shown anew. */
  renew: boolean
}

/** What has been shown in this provider session. */
export interface Shown {
  /** When the host's login happened (seconds since 1970), and its amr. */
  password?: { at: number; amr: readonly string[] }
  /** The login was part of this very request. */
  passwordJustShown: boolean
  /** The acr that the host itself gives this session. */
  hostAcr?: string
  confirmations: readonly Confirmation[]
  sessionUid?: string
  /** What binds the interactions of this request together; absent before the first of them. */
  cid?: string
}

export interface DecisionInput {
  request: LevelRequest
  policy: StepUpPolicy
  known: KnownAcrs
  shown: Shown
  clientId: string
  transactionDigest?: string
  /** Whether a call could be made at all: a usable phone, and not yet given up in this request. */
  callPossible: boolean
  /** Milliseconds since 1970. */
  now: number
}

export type Decision =
  /** Issue exactly this. `authTime` in seconds. */
  | { need: 'nothing'; acr: string; amr: string[]; authTime: number }
  | { need: 'password' }
  | { need: 'call'; acr: string }
  /** The host's own acr decides and nothing more is needed: leave acr, amr and auth_time to the host. */
  | { need: 'host' }
  /** One of the host's own acrs is to be tried first: by its login. */
  | { need: 'host-login' }
  | { need: 'unmet'; why: 'unknown-acr' | 'nothing-in-common' | 'out-of-reach' }

/** Decides what an authorization request still needs. Nothing counts but what was stored, and its age is judged now. */
export function decide(input: DecisionInput): Decision {
  const wanted = wantedAcrs(input.request)
  const voluntary = input.policy.acrValues === 'voluntary' && input.request.essential === undefined
  if (wanted === undefined) return unasked(input)
  if (wanted.length === 0) return { need: 'unmet', why: 'nothing-in-common' }

  const candidates = wanted.filter((acr) => levelOf(acr, input.known) !== undefined || input.known.host.includes(acr))
  // acr_values that name the host's own acrs alone stay the wish that they were without us.
  const hostOnly = candidates.length > 0 && candidates.every((acr) => levelOf(acr, input.known) === undefined)
  if (hostOnly && input.request.essential === undefined) return { need: 'host' }
  if (candidates.length === 0) return voluntary ? unasked(input) : { need: 'unmet', why: 'unknown-acr' }

  // In the client's order of preference: the first that is met, or that could be.
  for (const acr of candidates) {
    const decision = decideOne(acr, input)
    if (decision.need !== 'unmet') return decision
  }
  return voluntary ? unasked(input) : { need: 'unmet', why: 'out-of-reach' }
}

/** The level that an acr value names here, if it is one of ours. */
export function levelOf(acr: string, known: KnownAcrs): Level | undefined {
  const own = levels.find((level) => levelAcr[level] === acr)
  return own ?? (Object.hasOwn(known.aliases, acr) ? known.aliases[acr] : undefined)
}

/** Both parameters together mean what they have in common; neither weakens the other. */
function wantedAcrs({ acrValues, essential }: LevelRequest): readonly string[] | undefined {
  if (acrValues !== undefined && essential !== undefined) return acrValues.filter((acr) => essential.includes(acr))
  return acrValues ?? essential
}

function decideOne(acr: string, input: DecisionInput): Decision {
  const level = levelOf(acr, input.known)
  if (level === undefined) {
    if (input.shown.hostAcr === acr) return { need: 'host' }
    return input.shown.passwordJustShown ? { need: 'unmet', why: 'out-of-reach' } : { need: 'host-login' }
  }
  const met = reached(level, input)
  if (met !== undefined) return { need: 'nothing', acr, ...met }
  const passwordMissing =
    level === 'password' ? freshPassword(input, true) === undefined : level === 'phone' && freshPassword(input, false) === undefined
  if (passwordMissing) return { need: 'password' }
  return input.callPossible ? { need: 'call', acr } : { need: 'unmet', why: 'out-of-reach' }
}

/** No level was asked for: the highest that is fresh. */
function unasked(input: DecisionInput): Decision {
  for (const level of ['phone', 'password'] as const) {
    const met = reached(level, input)
    if (met !== undefined && (level === 'phone' || input.shown.hostAcr === undefined)) return { need: 'nothing', acr: levelAcr[level], ...met }
  }
  if (input.shown.hostAcr !== undefined) return { need: 'host' }
  return { need: 'password' }
}

function reached(level: Level, input: DecisionInput): { amr: string[]; authTime: number } | undefined {
  if (level === 'password') return freshPassword(input, true)
  const call = freshCall(input)
  if (call === undefined) return undefined
  if (level === 'call') return { amr: ['tel'], authTime: seconds(call.at) }
  const password = freshPassword(input, false)
  if (password === undefined) return undefined
  // RFC 8176: two factors of different kinds, over two channels.
  // The call's time, though the password may be younger: whoever reads it asks how old the confirmation by phone is.
  return { amr: [...password.amr, 'tel', 'mfa', 'mca'], authTime: seconds(call.at) }
}

/** The request's own age limit binds the factor that the level is named after: the password at the password level, the call at the phone level. */
function freshPassword(input: DecisionInput, bindMaxAge: boolean): { amr: string[]; authTime: number } | undefined {
  const { password, passwordJustShown } = input.shown
  if (password === undefined || (input.request.renew && !passwordJustShown)) return undefined
  const age = Math.floor(input.now / 1000) - password.at
  const most = Math.min(input.policy.passwordMaxAge, bindMaxAge ? (input.request.maxAge ?? Infinity) : Infinity)
  if (!passwordJustShown && age > most) return undefined
  return { amr: [...password.amr], authTime: password.at }
}

function freshCall(input: DecisionInput): Confirmation | undefined {
  return input.shown.confirmations.findLast((confirmation) => countsFor(confirmation, input))
}

function countsFor(confirmation: Confirmation, { policy, request, shown, clientId, transactionDigest, now }: DecisionInput): boolean {
  if (confirmation.purpose !== 'step-up' || !policy.modes.includes(confirmation.mode)) return false
  if (shown.sessionUid === undefined || confirmation.sessionUid !== shown.sessionUid) return false
  if (confirmation.transactionDigest !== transactionDigest) return false
  if (confirmation.cid === shown.cid && confirmation.clientId === clientId && now - confirmation.at <= ownRequestMilliseconds) return true
  const once = request.renew || policy.phoneMaxAge === 0 || transactionDigest !== undefined
  if (once || !confirmation.raisesSession) return false
  return now - confirmation.at <= Math.min(policy.phoneMaxAge, request.maxAge ?? Infinity) * 1000
}

/** How long a confirmation counts for its own request, whatever else is demanded: time to read a consent page, and no more. */
const ownRequestMilliseconds = 10 * 60 * 1000

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000)
}
