// The step-up challenge of RFC 9470: how a resource server says that a token is good but the sign-in behind it is not enough, and how a client reads that.

/** What a resource asks of the authentication behind an access token. */
export interface StepUpRequirement {
  /** Acceptable authentication context classes, in order of preference; any one of them will do. Absent or empty: any. */
  acrValues?: readonly string[]
  /** How old the authentication may be, in whole seconds; 0 asks for a new one every time. Absent: any age. */
  maxAge?: number
}

/** What a token lacks: the required level, or a recent enough authentication. */
export type StepUpLack = 'level' | 'recency'

/** The claims of an access token, or of an introspection answer, that the requirement is judged by (RFC 9470 section 6). */
export interface AuthenticationClaims {
  acr?: unknown
  auth_time?: unknown
}

/** A challenge of a `WWW-Authenticate` header as HTTP clients hand it out: scheme and parameter names in lower case, values unquoted. */
export interface ParsedChallenge {
  readonly scheme: string
  readonly parameters: { readonly [parameter: Lowercase<string>]: string | undefined }
}

const descriptions: Record<StepUpLack, string> = {
  level: 'A different authentication level is required',
  recency: 'More recent authentication is required',
}

// How far the issuer's clock may be ahead of ours. A token from further in the future would stay "recent" for too long.
const clockToleranceSeconds = 60

/**
 * What these claims lack of the requirement; undefined when it is met. `now` is in seconds since 1970.
 * A claim that is absent or of another type counts as not met. The level is judged first, since a new authentication at that level is recent too.
 */
export function stepUpLack(requirement: StepUpRequirement, claims: AuthenticationClaims, now: number): StepUpLack | undefined {
  const { acrValues = [], maxAge } = requirement
  if (acrValues.length > 0 && !acrValues.some((acr) => acr === claims.acr)) return 'level'
  if (maxAge === undefined) return undefined
  const { auth_time: authTime } = claims
  const recent = typeof authTime === 'number' && authTime + maxAge >= now && authTime <= now + clockToleranceSeconds
  return recent ? undefined : 'recency'
}

/**
 * The value of `WWW-Authenticate` that goes with a 401 (RFC 9470 section 3): scheme, `error`, `error_description`, then `acr_values` and `max_age` where required.
 * Throws a TypeError for an acr that no `acr_values` can carry, and for a `maxAge` that is not a whole number of seconds.
 */
export function stepUpChallenge(requirement: StepUpRequirement, lack: StepUpLack, scheme: 'Bearer' | 'DPoP' = 'Bearer'): string {
  const { acrValues = [], maxAge } = requirement
  const parameters = [`error="insufficient_user_authentication"`, `error_description="${descriptions[lack]}"`]
  for (const acr of acrValues) {
    // Printable ASCII without space, quote and backslash: what a space-separated list in a quoted string can hold (RFC 6749 appendix A.4).
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(acr))
      throw new TypeError(`"${acr}" cannot stand in acr_values: use printable ASCII without spaces, quotes and backslashes.`)
  }
  if (acrValues.length > 0) parameters.push(`acr_values="${acrValues.join(' ')}"`)
  if (maxAge !== undefined) {
    if (!Number.isSafeInteger(maxAge) || maxAge < 0) throw new TypeError(`${maxAge} is no max_age: give a whole number of seconds, 0 or more.`)
    parameters.push(`max_age="${maxAge}"`)
  }
  return `${scheme} ${parameters.join(', ')}`
}

/**
 * What a step-up challenge among these asks for; undefined when there is none. Both members may be absent: then any new authentication is asked for.
 * A `max_age` that is not a whole number makes its challenge unusable (undefined): sending anything else to the authorization server would be a guess.
 */
export function readStepUpChallenge(challenges: readonly ParsedChallenge[]): StepUpRequirement | undefined {
  const found = challenges.find(
    ({ scheme, parameters }) => /^(bearer|dpop)$/i.test(scheme) && parameters.error === 'insufficient_user_authentication',
  )
  if (found === undefined) return undefined
  const requirement: StepUpRequirement = {}
  const acrValues = found.parameters.acr_values?.split(' ').filter((acr) => acr !== '') ?? []
  if (acrValues.length > 0) requirement.acrValues = acrValues
  const maxAge = found.parameters.max_age
  if (maxAge !== undefined) {
    if (!/^\d{1,15}$/.test(maxAge)) return undefined
    requirement.maxAge = Number(maxAge)
  }
  return requirement
}
