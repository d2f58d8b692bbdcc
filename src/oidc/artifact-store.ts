// oidc-provider's `adapter`: its codes, tokens, sessions and interactions on Keyv, with the steps that must not be done twice done atomically.
import { Keyv } from 'keyv'
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider'
import type { ArtifactStore } from '../ports/artifacts.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import { sessionDocuments } from './session-documents.ts'

/** What belongs to a grant and ends with it. */
const grantable = ['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest', 'PreAuthorizedCode']
/** What is good for one use. */
const consumable = [
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
  'PreAuthorizedCode',
  'PushedAuthorizationRequest',
]
const daySeconds = 24 * 60 * 60
/**
 * A refresh token that comes again so soon is refused and no more: two tabs of one application, or a retry. Later it is a replay, and the library ends
 * the grant (RFC 9700 §4.14.2). A code has no such leeway: whoever stole it may have been first (RFC 6749 §4.1.2).
 */
const refreshLeewaySeconds = 10
/** For the rest: the library's clock tolerance, and requests that are under way. */
const slackSeconds = 60

/**
 * For oidc-provider's `adapter` configuration. Of many redemptions of one artifact, however close together, exactly one succeeds: the others are
 * InvalidGrant (InvalidRequestUri for a pushed request: RFC 9126 §4), without ending the grant; the library ends it when a redemption comes later.
 */
export function artifactAdapter({ store, clock = systemClock }: { store: ArtifactStore; clock?: Clock }): (model: string) => Adapter {
  // One Keyv without prefixes: two namespaces on one store object would overwrite each other's. Errors are thrown, or an outage would read as "not found".
  const values = new Keyv({ store, throwOnErrors: true, useKeyPrefix: false, serialize: JSON.stringify, deserialize: JSON.parse })
  const sessions = sessionDocuments({ store, clock })

  return (model) => {
    if (model === 'Session') return { ...sessions, findByUserCode: unsupported, consume: unsupported, revokeByGrantId: unsupported }

    const key = (id: string) => `${model}:${id}`
    const consumedKey = (id: string) => `consumed:${model}:${id}`
    const userCodeKey = (userCode: string) => `user-code:${model}:${userCode}`
    const endedGrantKey = (grantId: string) => `ended-grant:${grantId}`
    const grantIndex = (grantId: string) => `grant:${grantId}`

    async function find(id: string): Promise<AdapterPayload | undefined> {
      if (!consumable.includes(model)) return values.get<AdapterPayload>(key(id))
      // Whether it was used is kept apart, so that a late write of the artifact cannot make it unused again.
      const [payload, consumed] = await values.getMany<AdapterPayload | number>([key(id), consumedKey(id)])
      if (typeof payload !== 'object' || typeof consumed !== 'number') return asPayload(payload)
      const isRetry = model === 'RefreshToken' && clock.now() / 1000 < consumed + refreshLeewaySeconds
      return isRetry ? payload : { ...payload, consumed }
    }

    return {
      find,
      async upsert(id, payload, expiresIn) {
        const ttl = milliseconds(
          expiresIn, // Kept beyond its expiry, so that whoever comes late hears "expired" or "already used" and not "unknown": the library judges `exp` itself.
          consumable.includes(model) ? daySeconds : slackSeconds,
        )
        // The library looks first and writes afterwards: of two at once, both would be the first use of an assertion or a proof.
        if (model === 'ReplayDetection') {
          if (!(await store.addIfAbsent(key(id), JSON.stringify({ value: payload }), ttl)))
            throw new errors.InvalidRequest('a token for one use was used twice')
          return
        }
        const grantId = model === 'Grant' ? id : grantable.includes(model) ? payload.grantId : undefined
        if (grantId !== undefined && model !== 'Grant') await store.addToIndex(grantIndex(grantId), key(id), ttl)
        await values.set(key(id), payload, ttl)
        if (payload.userCode !== undefined) await values.set(userCodeKey(payload.userCode), id, ttl)
        // Looked at last: if the grant ends after this, it finds us in its index.
        if (grantId !== undefined && (await values.get(endedGrantKey(grantId))) !== undefined) {
          await values.delete(key(id))
          throw new errors.InvalidGrant('the grant has ended')
        }
      },
      async consume(id) {
        const payload = await find(id)
        if (payload === undefined) throw alreadyUsed(model)
        const left = payload.exp === undefined ? undefined : Math.max(payload.exp - clock.now() / 1000, 0)
        const mark = JSON.stringify({ value: Math.floor(clock.now() / 1000) })
        if (!(await store.addIfAbsent(consumedKey(id), mark, milliseconds(left, 2 * daySeconds)))) throw alreadyUsed(model)
        // It may have been revoked since it was found.
        if ((await find(id)) === undefined) throw alreadyUsed(model)
      },
      async destroy(id) {
        // The mark stops what a request under way is about to store, so it comes before everything that is stored already goes.
        if (model === 'Grant') await values.set(endedGrantKey(id), true, daySeconds * 1000)
        // Of two requests that resume one interaction at once, one goes on: the library has read it before, in both.
        if (model === 'Interaction' && !(await store.addIfAbsent(`resumed:${id}`, JSON.stringify({ value: true }), daySeconds * 1000))) {
          throw new errors.SessionNotFound('interaction session not found')
        }
        await values.delete(key(id))
        if (model === 'Grant') await store.deleteIndexed(grantIndex(id))
      },
      // No mark here: revoking an access token ends the grant's tokens but not the grant, which may give new ones a moment later.
      revokeByGrantId: (grantId) => store.deleteIndexed(grantIndex(grantId)),
      findByUid: unsupported,
      async findByUserCode(userCode) {
        const id = await values.get<string>(userCodeKey(userCode))
        return id === undefined ? undefined : find(id)
      },
    }
  }
}

function asPayload(value: AdapterPayload | number | undefined): AdapterPayload | undefined {
  return typeof value === 'object' ? value : undefined
}

function alreadyUsed(model: string): Error {
  if (model === 'PushedAuthorizationRequest') return new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used')
  return new errors.InvalidGrant(`this ${model} is unknown, revoked, or was already used`)
}

/** Undefined for ever. Never zero or less, which Keyv takes for ever too. */
function milliseconds(seconds: number | undefined, slack: number): number | undefined {
  return seconds === undefined ? undefined : Math.max(seconds + slack, 1) * 1000
}

async function unsupported(): Promise<undefined> {
  return undefined
}
