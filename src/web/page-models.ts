// What each page shows: a closed union of plain values. The words for them are in `page-words.ts`, the mark-up in `views/`.
import type { PageState } from '../domain/challenge.ts'
import type { Mode } from '../domain/code.ts'
import type { Refusal } from '../domain/refusal.ts'

/** Every page of the provider. `client` is always the relying party's name for people, `action` the URL a page's forms post to. */
export type Page =
  | SignInPage
  | ConsentPage
  | PhonePage
  | NoPhonePage
  | FinishedPage
  | AlreadyFinishedPage
  | SessionNotFoundPage
  | ErrorPage
  | OidcErrorPage
  | LogoutPage
  | LoggedOutPage
  | NotFoundPage
  | HomePage

/** Posts `username`, `password` and `action=sign-in`, or `action=cancel` alone. */
export interface SignInPage {
  page: 'sign-in'
  client: string
  action: string
  /** What was typed before, or the request's `login_hint`. */
  username?: string
  problem?: 'wrong' | 'busy' | 'missing'
}

/** Posts `action=allow|cancel`. */
export interface ConsentPage {
  page: 'consent'
  client: string
  action: string
  /** Who is signed in. */
  username?: string
  /** What the client will see or do: a short name for people, and a sentence. */
  scopes: { name: string; description?: string }[]
}

/** One of the account's phones. */
export interface PhoneChoice {
  /** Opaque. */
  id: string
  /** `•••• 43` */
  masked: string
  label?: string
  /** The one that is called unless another is chosen; the first one where none is. */
  selected?: boolean
}

/**
 * The phone call. Its forms post `action=call` with `phone` and `mode`, `action=verify` with `code`, `action=cancel`, `action=not-me`.
 * All times are milliseconds since 1970 by the server's clock.
 */
export interface PhonePage {
  page: 'phone'
  client: string
  state: PageState
  /** Those that may be called. */
  phones: PhoneChoice[]
  /** Those the policy allows; a choice is offered only between several. */
  modes: readonly Mode[]
  /** The mode of the call in progress, else the one that is chosen beforehand. */
  mode: Mode
  /** The number we call from. */
  callFrom?: string
  /** Which phone is being called, or was last: `•••• 43`. */
  calling?: string
  /** Given only while it is to be keyed. */
  gate?: string
  /** Given only while it is to be keyed. */
  shownCode?: string
  codeDigits: number
  now: number
  /** When the challenge ends; absent while there is none. */
  expiresAt?: number
  triesLeft?: number
  /** Why what was just posted was not done. */
  refusal?: Refusal
  /** Somebody elsewhere tried to start a call for this account. */
  contested?: boolean
  /** Whether another call may be asked for; never offered while one is in progress. */
  canCall: boolean
  /** When it may be asked for again, where it may not now. */
  retryAt?: number
  action: string
  /** URL of the GET that shows this page. */
  here: string
  /** URL of the event stream. */
  events: string
}

/** A call is needed, and the account has no phone. Posts `action=cancel`. */
export interface NoPhonePage {
  page: 'no-phone'
  client: string
  action: string
}

export type FinishedKind = 'signed-in' | 'confirmed' | 'consented' | 'cancelled' | 'reported' | 'unmet' | 'signed-out' | 'stayed'

/** The end of a POST that leads to the client: moves on to the GET that finishes, by itself and by a link. */
export interface FinishedPage {
  page: 'finished'
  kind: FinishedKind
  client: string
  /** URL of the GET that finishes from stored state. */
  refresh: string
}

/** The GET that finishes, asked for again. */
export interface AlreadyFinishedPage {
  page: 'already-finished'
}

/** Unknown, expired, or another browser's: tells nothing about which. */
export interface SessionNotFoundPage {
  page: 'session-not-found'
}

/** A failure of ours; the log has the rest under the same id. */
export interface ErrorPage {
  page: 'error'
  id: string
}

/** A request of a client's that is wrong and must not be answered to it. */
export interface OidcErrorPage {
  page: 'oidc-error'
  /** The protocol's error code. */
  error: string
  description?: string
  id?: string
}

/** RP-initiated logout asks first. Posts `xsrf`, with `logout=yes` for yes. */
export interface LogoutPage {
  page: 'logout'
  action: string
  xsrf: string
  client?: string
}

export interface LoggedOutPage {
  page: 'logged-out'
  client?: string
}

export interface NotFoundPage {
  page: 'not-found'
}

/** What answers at the issuer's own address. */
export interface HomePage {
  page: 'home'
  issuer: string
  /** URL of the discovery document. */
  discovery: string
  /** Where to go next, in a demonstration. */
  links?: { href: string; label: string; text?: string }[]
}
