// What a step-up leaves in every kind of token, and that none of it can be had twice.
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { acr, addClient, amr, type Flow, startFlow } from './flow.ts'

const phoneLevel = { acr_values: acr.phone }
let clock: ManualClock
let flow: Flow
let keys: ReturnType<typeof createRemoteJWKSet>
beforeAll(async () => {
  clock = manualClock(Date.now())
  flow = await startFlow({
    people: 10,
    clock,
    change(config) {
      addClient(config, 'rsa', { idTokenSignedResponseAlg: 'RS256' })
      addClient(config, 'refreshing', { grantTypes: ['authorization_code', 'refresh_token'] })
    },
  })
  keys = createRemoteJWKSet(new URL(flow.bank.config.serverMetadata().jwks_uri ?? ''))
})
afterAll(() => flow.end())

describe('the ID token', () => {
  it.each([
    ['ES256', 'demo-bank'],
    ['RS256', 'rsa'],
  ])('is signed with %s for the client that asks so, by a published key', async (alg, clientId) => {
    const party = clientId === 'rsa' ? await flow.client('rsa') : flow.bank
    const tokens = await flow.somebody().go(party, phoneLevel)
    const { payload, protectedHeader } = await jwtVerify(tokens.id_token ?? '', keys, { issuer: flow.ringback.issuer, audience: clientId })
    expect(protectedHeader.alg).toBe(alg)
    expect(payload).toMatchObject({ acr: acr.phone, amr: amr.phone, auth_time: expect.any(Number), nonce: expect.any(String) })
  })

  it('is checked by keys that show nothing private', async () => {
    const { jwks_uri = '' } = flow.bank.config.serverMetadata()
    const { keys: published } = (await (await fetch(jwks_uri)).json()) as { keys: Record<string, unknown>[] }
    expect(published.map(({ kty }) => kty).sort()).toEqual(['EC', 'RSA'])
    for (const key of published) for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret)
  })
})

describe('the access token', () => {
  it('for the bank is a JWT that carries acr, amr and auth_time (RFC 9068)', async () => {
    const resource = flow.ringback.config.demo.bank?.resource ?? ''
    const tokens = await flow.somebody().go(flow.bank, { ...phoneLevel, resource })
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ typ: 'at+jwt' })
    const { payload } = await jwtVerify(tokens.access_token, keys, { issuer: flow.ringback.issuer, audience: resource, typ: 'at+jwt' })
    expect(payload).toMatchObject({
      acr: acr.phone,
      amr: amr.phone,
      auth_time: tokens.claims()?.auth_time,
      client_id: 'demo-bank',
      sub: tokens.claims()?.sub,
    })
  })

  it('for the bank says the password level after a password alone', async () => {
    const resource = flow.ringback.config.demo.bank?.resource ?? ''
    const tokens = await flow.somebody().go(flow.bank, { resource })
    expect((await jwtVerify(tokens.access_token, keys)).payload).toMatchObject({ acr: acr.password, amr: amr.password })
  })

  it('for no API in particular is opaque: introspection tells acr, amr and auth_time, and userinfo who it is', async () => {
    const tokens = await flow.somebody().go(flow.bank, phoneLevel)
    expect(tokens.access_token).not.toContain('.')
    const claims = tokens.claims()
    const told = await client.tokenIntrospection(flow.bank.config, tokens.access_token)
    expect(told).toMatchObject({ active: true, acr: acr.phone, amr: amr.phone, auth_time: claims?.auth_time, sub: claims?.sub })
    expect(await client.fetchUserInfo(flow.bank.config, tokens.access_token, claims?.sub ?? '')).toMatchObject({ sub: claims?.sub })

    await client.tokenRevocation(flow.bank.config, tokens.access_token)
    expect((await client.tokenIntrospection(flow.bank.config, tokens.access_token)).active).toBe(false)
  })
})

describe('a refresh token', () => {
  it('keeps acr, amr and auth_time of the step-up, an hour later too: it renews nothing', async () => {
    const refreshing = await flow.client('refreshing')
    const person = flow.somebody()
    // Offline access is asked about whatever the registration says (OpenID Connect Core, 11).
    const { page, finish } = await person.askAndSignIn(refreshing, { ...phoneLevel, scope: 'openid offline_access', prompt: 'consent' })
    const consent = await person.confirm(page)
    const first = await finish(await person.browser.submit(consent, { action: 'allow' }))
    const before = first.claims()
    await clock.advance(60 * 60_000)
    const second = await client.refreshTokenGrant(refreshing.config, first.refresh_token ?? '')
    expect(second.claims()).toMatchObject({ acr: acr.phone, amr: amr.phone, auth_time: before?.auth_time, sub: before?.sub })
    const told = await client.tokenIntrospection(refreshing.config, second.access_token)
    expect(told).toMatchObject({ active: true, acr: acr.phone, amr: amr.phone, auth_time: before?.auth_time })
  })
})

describe('an authorization code', () => {
  it('is good only for whoever holds the PKCE verifier of its request', async () => {
    const { page, finish } = await flow.somebody().askAndSignIn(flow.bank)
    const stolen = client.authorizationCodeGrant(flow.bank.config, new URL(page.url), {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.skipStateCheck,
    })
    await expect(stolen).rejects.toMatchObject({ error: 'invalid_grant' })
    // Whoever sent the request is not hurt by it.
    expect((await finish(page)).claims()).toMatchObject({ acr: acr.password })
  })

  it('that is redeemed eight times at once gives tokens exactly once', async () => {
    const person = flow.somebody()
    const { page, finish } = await person.askAndSignIn(flow.bank, phoneLevel)
    const back = await person.confirm(page)
    const redeemed = await Promise.allSettled(Array.from({ length: 8 }, () => finish(back)))
    expect(redeemed.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of redeemed) if (result.status === 'rejected') expect(result.reason).toMatchObject({ error: 'invalid_grant' })
  })

  it('that is redeemed again later ends what it gave', async () => {
    const { page, finish } = await flow.somebody().askAndSignIn(flow.bank)
    const tokens = await finish(page)
    await expect(finish(page)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await client.tokenIntrospection(flow.bank.config, tokens.access_token)).active).toBe(false)
  })
})
