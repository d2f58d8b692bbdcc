// Limits: how often somebody may guess, and how often we may ring.
import type { Refusal } from './refusal.ts'

export interface Limits {
  /** Wrong codes that end a challenge. */
  failuresPerChallenge: number
  /** Failures in a row, across challenges, that block the factor; and again after as many more. */
  failuresInARow: number
  failureBlockSeconds: number
  /** How long "this was not me" blocks the factor. */
  reportBlockSeconds: number
  callsPerTenMinutes: number
  callsPerDay: number
}

/** What production runs on. */
export const defaultLimits: Limits = {
  failuresPerChallenge: 3,
  failuresInARow: 5,
  failureBlockSeconds: 15 * 60,
  reportBlockSeconds: 24 * 60 * 60,
  callsPerTenMinutes: 3,
  callsPerDay: 10,
}

/** NIST SP 800-63B, 5.2.2: after so many failures in a row a factor is disabled, whatever the configuration says. */
export const failuresInARowCeiling = 100

/** Why and until when the factor of an account is off. Milliseconds since 1970; an administrator's block may have no end. */
export interface Block {
  reason: 'failures' | 'reported' | 'administrator'
  until?: number
}

export function blockAt(block: Block | undefined, now: number): Block | undefined {
  return block !== undefined && (block.until === undefined || now < block.until) ? block : undefined
}

/** Of two blocks the one that lasts longer; a new one never shortens what somebody else has set. */
export function longerBlock(current: Block | undefined, added: Block | undefined, now: number): Block | undefined {
  const standing = blockAt(current, now)
  if (standing === undefined || added === undefined) return added ?? standing
  return (standing.until ?? Infinity) >= (added.until ?? Infinity) ? standing : added
}

/** The block that this many failures in a row bring, if they do: for a while, and at the ceiling until somebody lifts it. */
export function blockAfterFailures(failuresInARow: number, now: number, limits: Limits): Block | undefined {
  if (failuresInARow >= failuresInARowCeiling) return { reason: 'failures' }
  if (failuresInARow % limits.failuresInARow !== 0) return undefined
  return { reason: 'failures', until: now + limits.failureBlockSeconds * 1000 }
}

/** How a call is made, unless somebody says otherwise. */
export const defaultCall = { codeDigits: 6, gateDigits: 2, ringSeconds: 25, maxCallSeconds: 75 }

const tenMinutes = 10 * 60 * 1000
const day = 24 * 60 * 60 * 1000

/** The calls that still count. */
export function countedCalls(callsAt: readonly number[], now: number): number[] {
  return callsAt.filter((at) => at > now - day)
}

/** Whether another call may be made now; if not, when. */
export function refuseCall(callsAt: readonly number[], now: number, limits: Limits): Refusal | undefined {
  const retryAt = Math.max(freeAt(callsAt, now, tenMinutes, limits.callsPerTenMinutes), freeAt(callsAt, now, day, limits.callsPerDay))
  return retryAt > now ? { refused: 'too-many-calls', retryAt } : undefined
}

/** When a sliding window next has room: `now` or earlier if it has room already. */
function freeAt(callsAt: readonly number[], now: number, window: number, most: number): number {
  const recent = callsAt.filter((at) => at > now - window)
  const blocking = recent[recent.length - most]
  return blocking === undefined ? now : blocking + window
}
