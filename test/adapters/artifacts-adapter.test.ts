import { type AdapterPayload, errors } from 'oidc-provider'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { artifactAdapter } from '../../src/oidc/artifact-store.ts'
import type { ArtifactStore } from '../../src/ports/artifacts.ts'
import { artifactStores } from '../contract/artifact-stores.ts'
import type { ArtifactsUnderTest } from '../contract/describe-artifacts.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

const daySeconds = 24 * 60 * 60
const grantables = ['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest', 'PreAuthorizedCode']
const consumables = ['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest', 'PreAuthorizedCode']

describe.each(['memory', 'SQLite'] as const)('oidc-provider’s adapter on %s', (name) => {
  let clock: ManualClock
  let under: ArtifactsUnderTest
  let adapter: ReturnType<typeof artifactAdapter>

  beforeEach(() => {
    // Keyv itself looks at the machine's clock, so the manual one starts from it.
    clock = manualClock(Date.now())
    under = artifactStores[name](clock)
    adapter = artifactAdapter({ store: under.store, clock })
  })
  afterEach(() => under.close())

  const epoch = () => Math.floor(clock.now() / 1000)
  const lasting = (seconds: number, payload: AdapterPayload = {}): AdapterPayload => ({ iat: epoch(), exp: epoch() + seconds, ...payload })

  it('gives back what was saved, each model its own', async () => {
    const payload = lasting(60, { jti: 'id', scope: 'openid', claims: { id_token: { acr: null } } })
    await adapter('AccessToken').upsert('id', payload, 60)
    await adapter('RefreshToken').upsert('id', { ...payload, scope: 'offline_access' }, 60)
    expect(await adapter('AccessToken').find('id')).toEqual(payload)
    expect(await adapter('RefreshToken').find('id')).toEqual({ ...payload, scope: 'offline_access' })
    await adapter('AccessToken').destroy('id')
    expect(await adapter('AccessToken').find('id')).toBeUndefined()
    expect(await adapter('RefreshToken').find('id')).toBeDefined()
    expect(await adapter('Client').find('id')).toBeUndefined()
  })

  it('keeps for ever what has no expiry, such as a client', async () => {
    await adapter('Client').upsert('client', { client_id: 'client' })
    await clock.advance(3650 * daySeconds * 1000)
    expect(await adapter('Client').find('client')).toEqual({ client_id: 'client' })
  })

  it('does not keep for ever what has expired when it is saved', async () => {
    await adapter('Interaction').upsert('uid', lasting(-daySeconds), -daySeconds)
    await clock.advance(1000)
    expect(await adapter('Interaction').find('uid')).toBeUndefined()
  })

  describe('consuming', () => {
    it.each(consumables)('lets one of 50 redemptions of a %s win; the others are invalid_grant', async (model) => {
      await adapter(model).upsert('id', lasting(60), 60)
      const elsewhere = artifactAdapter({ store: under.elsewhere, clock })
      const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? adapter : elsewhere)(model).consume('id')))
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(errors.InvalidGrant)
    })

    it('is invalid_request_uri for a pushed request', async () => {
      await adapter('PushedAuthorizationRequest').upsert('id', lasting(60), 60)
      await adapter('PushedAuthorizationRequest').consume('id')
      await expect(adapter('PushedAuthorizationRequest').consume('id')).rejects.toThrow(errors.InvalidRequestUri)
    })

    it('shows on what is found, also after it is written again by somebody who read it before', async () => {
      const payload = lasting(60, { userCode: 'ABCD' })
      await adapter('DeviceCode').upsert('id', payload, 60)
      await adapter('DeviceCode').consume('id')
      expect(await adapter('DeviceCode').find('id')).toEqual({ ...payload, consumed: epoch() })
      await adapter('DeviceCode').upsert('id', { ...payload, inFlight: true }, 60)
      expect(await adapter('DeviceCode').find('id')).toEqual({ ...payload, inFlight: true, consumed: epoch() })
      expect(await adapter('DeviceCode').findByUserCode('ABCD')).toMatchObject({ consumed: epoch() })
    })

    it('fails for what is unknown, destroyed or revoked', async () => {
      await expect(adapter('AuthorizationCode').consume('unknown')).rejects.toThrow(errors.InvalidGrant)
      for (const id of ['destroyed', 'revoked']) await adapter('AuthorizationCode').upsert(id, lasting(60, { grantId: 'grant' }), 60)
      await adapter('AuthorizationCode').destroy('destroyed')
      await adapter('AuthorizationCode').revokeByGrantId('grant')
      for (const id of ['destroyed', 'revoked']) await expect(adapter('AuthorizationCode').consume(id)).rejects.toThrow(errors.InvalidGrant)
    })

    it('fails when the grant is revoked in the middle of it', async () => {
      for (let interruptedAt = 0; interruptedAt < 3; interruptedAt += 1) {
        const id = `code-${interruptedAt}`
        await adapter('AuthorizationCode').upsert(id, lasting(60, { grantId: id }), 60)
        let steps = 0
        const interrupted = interrupting(under.store, async () => {
          if (steps++ === interruptedAt) await adapter('AuthorizationCode').revokeByGrantId(id)
        })
        const consuming = artifactAdapter({ store: interrupted, clock })('AuthorizationCode').consume(id)
        await expect(consuming, `interrupted before step ${interruptedAt}`).rejects.toThrow(errors.InvalidGrant)
      }
    })

    it('concerns one model and one id', async () => {
      for (const model of consumables) await adapter(model).upsert('id', lasting(60), 60)
      await adapter('AuthorizationCode').upsert('other', lasting(60), 60)
      await adapter('AuthorizationCode').consume('id')
      for (const model of consumables.slice(1)) await adapter(model).consume('id')
      await adapter('AuthorizationCode').consume('other')
    })
  })

  describe('expiry', () => {
    it.each([...consumables, 'PushedAuthorizationRequest'])(
      'keeps a %s findable for a day, so that "expired" is told from "unknown"',
      async (model) => {
        const payload = lasting(60)
        await adapter(model).upsert('id', payload, 60)
        await clock.advance((60 + daySeconds) * 1000 - 1)
        expect(await adapter(model).find('id')).toEqual(payload)
        await clock.advance(1)
        expect(await adapter(model).find('id')).toBeUndefined()
      },
    )

    it('remembers a use for as long as what was used', async () => {
      await adapter('RefreshToken').upsert('id', lasting(14 * daySeconds), 14 * daySeconds)
      await adapter('RefreshToken').consume('id')
      await clock.advance((14 + 1) * daySeconds * 1000 - 1)
      expect(await adapter('RefreshToken').find('id')).toHaveProperty('consumed')
    })

    it('keeps no access token much longer than it is good for', async () => {
      await adapter('AccessToken').upsert('id', lasting(600), 600)
      await clock.advance((600 + 61) * 1000)
      expect(await adapter('AccessToken').find('id')).toBeUndefined()
    })
  })

  describe('grants', () => {
    const issue = (grantId: string) => Promise.all(grantables.map((model) => adapter(model).upsert(grantId, lasting(600, { grantId }), 600)))
    const left = async (id: string) => (await Promise.all(grantables.map((model) => adapter(model).find(id)))).filter(Boolean).length

    it('take with them everything that was given for them, and nothing else', async () => {
      await issue('mine')
      await issue('other')
      await adapter('AccessToken').upsert('without', lasting(600), 600)
      await adapter('RefreshToken').revokeByGrantId('mine')
      expect(await left('mine')).toBe(0)
      expect(await left('other')).toBe(grantables.length)
      expect(await adapter('AccessToken').find('without')).toBeDefined()
    })

    it('may give new tokens after the old ones were revoked, as long as they have not ended', async () => {
      await adapter('Grant').upsert('mine', lasting(600), 600)
      await issue('mine')
      await adapter('AccessToken').revokeByGrantId('mine')
      await issue('mine')
      expect(await left('mine')).toBe(grantables.length)
    })

    it('take everything with them by their end alone', async () => {
      await adapter('Grant').upsert('mine', lasting(600), 600)
      await issue('mine')
      await adapter('Grant').destroy('mine')
      expect(await adapter('Grant').find('mine')).toBeUndefined()
      expect(await left('mine')).toBe(0)
    })

    it('leave no survivor, whatever is issued in the middle of their end', async () => {
      const issued: string[] = []
      const interrupted = interrupting(under.store, async () => {
        const id = `token-${issued.length}`
        issued.push(id)
        await Promise.allSettled([
          adapter('AccessToken').upsert(id, lasting(600, { grantId: 'mine' }), 600),
          adapter('Grant').upsert('mine', lasting(600), 600),
        ])
      })
      await artifactAdapter({ store: interrupted, clock })('Grant').destroy('mine')
      expect(issued.length).toBeGreaterThanOrEqual(3)
      for (const id of issued) expect(await adapter('AccessToken').find(id), id).toBeUndefined()
      expect(await adapter('Grant').find('mine')).toBeUndefined()
    })

    it.each(grantables)('refuse a %s that comes after their end, and keep nothing of it', async (model) => {
      await adapter('Grant').upsert('mine', lasting(600), 600)
      await adapter('Grant').destroy('mine')
      await expect(adapter(model).upsert('late', lasting(600, { grantId: 'mine' }), 600)).rejects.toThrow(errors.InvalidGrant)
      expect(await adapter(model).find('late')).toBeUndefined()
    })

    it('do not come back by a late write of themselves', async () => {
      await adapter('Grant').upsert('mine', lasting(600), 600)
      await adapter('Grant').destroy('mine')
      await expect(adapter('Grant').upsert('mine', lasting(600), 600)).rejects.toThrow(errors.InvalidGrant)
      expect(await adapter('Grant').find('mine')).toBeUndefined()
    })

    it('leave no survivor, whenever they end in the middle of an issuance', async () => {
      // Every step of an upsert is interrupted once by the end of the grant.
      let interruptions = 0
      for (let interruptedAt = 0; interruptedAt < 6; interruptedAt += 1) {
        const grantId = `grant-${interruptedAt}`
        let steps = 0
        const interrupted = interrupting(under.store, async () => {
          if (steps++ === interruptedAt) await adapter('Grant').destroy(grantId)
        })
        const late = artifactAdapter({ store: interrupted, clock })('AccessToken').upsert(grantId, lasting(600, { grantId }), 600)
        await Promise.allSettled([late])
        if (steps <= interruptedAt) continue
        interruptions += 1
        expect(await adapter('AccessToken').find(grantId), `interrupted before step ${interruptedAt}`).toBeUndefined()
      }
      expect(interruptions).toBeGreaterThanOrEqual(3)
    })
  })

  it('lets an interaction end once: of two requests that resume it at the same time, one goes on', async () => {
    await adapter('Interaction').upsert('uid', lasting(60), 60)
    const ended = await Promise.allSettled([adapter('Interaction').destroy('uid'), adapter('Interaction').destroy('uid')])
    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(ended.find((one) => one.status === 'rejected')?.reason).toBeInstanceOf(errors.SessionNotFound)
  })

  describe('one-time tokens', () => {
    it('are seen once, however many come at the same time', async () => {
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => adapter('ReplayDetection').upsert('hash', lasting(60), 60)))
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(errors.InvalidRequest)
      expect(await adapter('ReplayDetection').find('hash')).toBeDefined()
    })
  })

  describe('user codes', () => {
    it('lead to their device code until it is destroyed', async () => {
      await adapter('DeviceCode').upsert('id', lasting(60, { userCode: 'ABCD' }), 60)
      expect(await adapter('DeviceCode').findByUserCode('ABCD')).toMatchObject({ userCode: 'ABCD' })
      expect(await adapter('DeviceCode').findByUserCode('EFGH')).toBeUndefined()
      await adapter('DeviceCode').destroy('id')
      expect(await adapter('DeviceCode').findByUserCode('ABCD')).toBeUndefined()
    })
  })

  describe('sessions', () => {
    const session = (jti: string, payload: AdapterPayload = {}) => lasting(3600, { jti, uid: 'uid', accountId: 'alice', ...payload })

    it('are found by id and by uid', async () => {
      await adapter('Session').upsert('id', session('id'), 3600)
      expect(await adapter('Session').find('id')).toEqual(session('id'))
      expect(await adapter('Session').findByUid('uid')).toEqual(session('id'))
      expect(await adapter('Session').find('other')).toBeUndefined()
      expect(await adapter('Session').find('uid')).toBeUndefined()
    })

    it('end under every id at once, and are not brought back by a write that comes late', async () => {
      await adapter('Session').upsert('first', session('first'), 3600)
      await adapter('Session').upsert('second', session('second'), 3600)
      await adapter('Session').destroy('second')
      await adapter('Session').upsert('first', session('first'), 3600)
      await adapter('Session').upsert('third', session('third'), 3600)
      for (const id of ['first', 'second', 'third']) expect(await adapter('Session').find(id)).toBeUndefined()
      expect(await adapter('Session').findByUid('uid')).toBeUndefined()
    })

    it('are at no moment found again once they have ended', async () => {
      await adapter('Session').upsert('id', session('id'), 3600)
      await adapter('Session').destroy('id')
      const watched = interrupting(under.store, async () => {
        expect(await adapter('Session').find('id')).toBeUndefined()
        expect(await adapter('Session').findByUid('uid')).toBeUndefined()
      })
      await artifactAdapter({ store: watched, clock })('Session').upsert('id', session('id'), 3600)
    })

    it('live as long as they are used', async () => {
      for (let hour = 0; hour < 10; hour += 1) {
        await adapter('Session').upsert('id', session('id'), 3600)
        await clock.advance(3600 * 1000)
        expect(await adapter('Session').find('id')).toBeDefined()
      }
      for (let minute = 0; minute < 65; minute += 1) {
        await adapter('Session').upsert('id', session('id'), 3600)
        await clock.advance(60 * 1000)
      }
      await clock.advance(3540 * 1000)
      expect(await adapter('Session').find('id')).toBeDefined()
      await clock.advance(120 * 1000)
      expect(await adapter('Session').find('id')).toBeUndefined()
    })

    it('leave no survivor, whenever they end in the middle of a write', async () => {
      for (let interruptedAt = 0; interruptedAt < 10; interruptedAt += 1) {
        const uid = `uid-${interruptedAt}`
        await adapter('Session').upsert(`old-${uid}`, session(`old-${uid}`, { uid }), 3600)
        let steps = 0
        const interrupted = interrupting(under.store, async () => {
          if (steps++ === interruptedAt) await adapter('Session').destroy(`old-${uid}`)
        })
        await artifactAdapter({ store: interrupted, clock })('Session').upsert(`new-${uid}`, session(`new-${uid}`, { uid }), 3600)
        if (steps <= interruptedAt) continue
        expect(await adapter('Session').find(`new-${uid}`), `interrupted before step ${interruptedAt}`).toBeUndefined()
        expect(await adapter('Session').findByUid(uid)).toBeUndefined()
      }
    })
  })

  it('throws when the store cannot be reached, and never takes that for "not found"', async () => {
    const broken = interrupting(under.store, async () => {
      throw new Error('the store is down')
    })
    const down = artifactAdapter({ store: broken, clock })
    for (const model of ['AccessToken', 'AuthorizationCode', 'Session', 'Grant']) {
      await expect(down(model).find('id')).rejects.toThrow('the store is down')
      await expect(down(model).upsert('id', lasting(60, { uid: 'uid', grantId: 'grant' }), 60)).rejects.toThrow('the store is down')
      await expect(down(model).destroy('id')).rejects.toThrow('the store is down')
    }
    await expect(down('AuthorizationCode').consume('id')).rejects.toThrow('the store is down')
    await expect(down('AccessToken').revokeByGrantId('grant')).rejects.toThrow('the store is down')
    await expect(down('DeviceCode').findByUserCode('ABCD')).rejects.toThrow('the store is down')
  })
})

/** The same store, with something happening before each of its steps. */
function interrupting(store: ArtifactStore, before: () => Promise<void>): ArtifactStore {
  const after =
    <A extends unknown[], R>(step: (...words: A) => Promise<R>) =>
    async (...words: A) => {
      await before()
      return step(...words)
    }
  return {
    get: after(store.get),
    getMany: after(store.getMany),
    set: after(store.set),
    delete: after(store.delete),
    clear: after(store.clear),
    addIfAbsent: after(store.addIfAbsent),
    replace: after(store.replace),
    addToIndex: after(store.addToIndex),
    deleteIndexed: after(store.deleteIndexed),
  }
}
