// The bank's own sessions: kept in memory, found by a random cookie. Tokens, pending transfers and sign-in attempts never leave the server.
import { randomBytes } from 'node:crypto'
import type { Context } from 'koa'
import type { Clock } from '../ports/clock.ts'
import type { SignedIn, SignInAttempt } from './relying-party.ts'
import type { Transfer } from './transfer.ts'

/** One authorization request under way, and what it is for. */
export interface Attempt extends SignInAttempt {
  /** The transfer that waits for it; absent for a plain sign-in. */
  transfer?: string
  startedAt: number
}

export interface Session {
  signedIn?: SignedIn
  /** The ID token of somebody who has just signed out here, until the provider was told too. */
  farewell?: string
  transfers: Map<string, Transfer>
  /** Remembers an attempt under its `state`. Several may be under way: one in each tab. */
  begin(attempt: Attempt): void
  /** The attempt with this state, once: a second answer finds nothing. */
  take(state: string): Attempt | undefined
}

export interface Sessions {
  /** The session of this browser, if it has one. */
  find(ctx: Context): Session | undefined
  /** The session of this browser, or a new one with its cookie set. */
  open(ctx: Context): Session
  /** Gives the session a new id, and the browser its cookie: whoever knew or planted the old one is left with nothing. */
  renew(ctx: Context, session: Session): void
  /** A new, empty session in place of the old one. */
  replace(ctx: Context): Session
}

// Cookies ignore ports: on localhost this one meets those of the provider and of the phone, and must not be taken for one of theirs.
const cookieName = 'harbour_session'
const idleMilliseconds = 60 * 60 * 1000
const mostSessions = 5000
const mostAttempts = 20

export function openSessions(clock: Clock): Sessions {
  // Least recently used first: found sessions move to the end.
  const sessions = new Map<string, { session: Session; seenAt: number }>()

  function find(ctx: Context): Session | undefined {
    const id = ctx.cookies.get(cookieName) ?? ''
    const kept = sessions.get(id)
    if (kept === undefined) return undefined
    sessions.delete(id)
    if (clock.now() - kept.seenAt > idleMilliseconds) return undefined
    sessions.set(id, { session: kept.session, seenAt: clock.now() })
    return kept.session
  }

  function open(ctx: Context): Session {
    return find(ctx) ?? replace(ctx)
  }

  function renew(ctx: Context, session: Session): void {
    sessions.delete(ctx.cookies.get(cookieName) ?? '')
    const [idlest] = sessions.keys()
    if (idlest !== undefined && sessions.size >= mostSessions) sessions.delete(idlest)
    const id = randomBytes(32).toString('base64url')
    sessions.set(id, { session, seenAt: clock.now() })
    ctx.cookies.set(cookieName, id, { httpOnly: true, sameSite: 'lax', path: '/', signed: false, overwrite: true })
  }

  function replace(ctx: Context): Session {
    const session = emptySession(clock)
    renew(ctx, session)
    return session
  }

  return { find, open, renew, replace }
}

function emptySession(clock: Clock): Session {
  const attempts = new Map<string, Attempt>()
  return {
    transfers: new Map(),
    begin(attempt) {
      const [oldest] = attempts.keys()
      if (oldest !== undefined && attempts.size >= mostAttempts) attempts.delete(oldest)
      attempts.set(attempt.state, attempt)
    },
    take(state) {
      const attempt = attempts.get(state)
      attempts.delete(state)
      return attempt === undefined || clock.now() - attempt.startedAt > idleMilliseconds ? undefined : attempt
    },
  }
}
