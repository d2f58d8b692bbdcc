// Checks the access token of a request to the bank's API: a JWT of our provider, for this API, for our client (RFC 9068, RFC 6750).
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Clock } from '../ports/clock.ts'

export interface AccessTokenRules {
  issuer: string
  /** The API's resource indicator. */
  audience: string
  clientId: string
  clock: Clock
  /** The provider's keys. Throws when they cannot be had. */
  keys: JWTVerifyGetKey
}

export interface AccessToken {
  sub: string
  acr?: unknown
  auth_time?: unknown
}

/** Why a request is not let in; `description` tells the client's developer, and never repeats the token. */
export type TokenFault = { fault: 'no-token' } | { fault: 'invalid-token'; description: string }

/** Reads and checks the `Authorization` header. Throws only when the keys cannot be had: then nothing is known about the token. */
export async function checkAccessToken(authorization: string, rules: AccessTokenRules): Promise<AccessToken | TokenFault> {
  const token = /^Bearer +([\w\-.~+/]+=*)$/i.exec(authorization)?.[1]
  if (token === undefined) return { fault: 'no-token' }
  try {
    const { payload } = await jwtVerify(token, rules.keys, {
      issuer: rules.issuer,
      audience: rules.audience,
      typ: 'at+jwt',
      algorithms: ['ES256', 'RS256', 'PS256', 'EdDSA'],
      requiredClaims: ['exp', 'iat', 'sub', 'client_id'],
      currentDate: new Date(rules.clock.now()),
      clockTolerance: 5,
    })
    if (typeof payload.sub !== 'string') return invalid('The access token names nobody')
    if (payload.client_id !== rules.clientId) return invalid('The access token was issued to another client')
    return { sub: payload.sub, acr: payload.acr, auth_time: payload.auth_time }
  } catch (error) {
    const description = descriptionOf(error)
    if (description === undefined) throw error
    return invalid(description)
  }
}

function invalid(description: string): TokenFault {
  return { fault: 'invalid-token', description }
}

function descriptionOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'The access token expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `The access token has the wrong ${error.claim}`
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey)
    return 'The access token is not signed by our provider'
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return 'The access token is signed in a way we do not accept'
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'The access token is malformed'
  return undefined
}
