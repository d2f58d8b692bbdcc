// A plain oidc-provider in memory, without anything of ours: signs people in by itself, "calls" them when the phone level is asked for.

import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type Adapter, type AdapterPayload, interactionPolicy, Provider } from 'oidc-provider'

/** What the person does at the provider the next time they are asked; `confirm` when nothing is said. */
export type Person = 'confirm' | 'give-up' | 'unmet' | 'somebody-else' | 'ignores-level'

export interface PlainProvider {
  issuer: string
  /** Set by a test: how the next interactions go. */
  person: Person
  /** How often the phone level was asked for, so to say: how often it rang. */
  calls: number
  /** How many seconds ago the sign-in seems to have happened. */
  authenticatedAgo: number
  /** Tells the provider about its client; only then does it answer. Until then every request gets a 503. */
  open(client: { redirectUri: string; postLogoutRedirectUri: string; resource: string }): void
  /** Hangs up on every connection, as a process that is gone, and back again. */
  gone(gone: boolean): void
  close(): Promise<void>
}

export const phone = 'urn:ringback:acr:phone'
export const password = 'urn:ringback:acr:password'
export const client = { clientId: 'harbour', clientSecret: 'a secret between the two' }

export async function plainProvider(): Promise<PlainProvider> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://localhost:${portOf(server)}`
  let absent = false
  let handle: ReturnType<Provider['callback']> | undefined
  server.on('request', (request, response) => {
    if (absent) request.socket.destroy()
    else if (handle === undefined) response.writeHead(503).end()
    else handle(request, response)
  })
  const it: PlainProvider = {
    issuer,
    person: 'confirm',
    calls: 0,
    authenticatedAgo: 0,
    open(registered) {
      handle = buildProvider(it, registered).callback()
    },
    gone(gone) {
      absent = gone
      if (gone) server.closeAllConnections()
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return it
}

function buildProvider(it: PlainProvider, registered: { redirectUri: string; postLogoutRedirectUri: string; resource: string }): Provider {
  const policy = interactionPolicy.base()
  policy.get('login')?.checks.add(
    new interactionPolicy.Check('phone_wanted', 'the phone level is wanted', (ctx) => {
      const { oidc } = ctx
      const wanted = String(oidc.params?.acr_values ?? '')
        .split(' ')
        .includes(phone)
      return wanted && oidc.result?.login === undefined
    }),
  )
  const provider = new Provider(it.issuer, {
    adapter: mapAdapter(),
    jwks: { keys: [signingKey] },
    ttl: { Interaction: 600, Session: 3600, Grant: 3600, AccessToken: 3600, IdToken: 3600 },
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: [registered.redirectUri],
        post_logout_redirect_uris: [registered.postLogoutRedirectUri],
        grant_types: ['authorization_code'],
        id_token_signed_response_alg: 'ES256',
        response_types: ['code'],
      },
    ],
    acrValues: [password, phone],
    claims: { acr: null, amr: null, openid: ['sub', 'acr', 'amr', 'auth_time'] },
    cookies: { keys: ['only for a test'] },
    interactions: { policy, url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: '', audience: registered.resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
      },
    },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims(ctx) {
      const code = ctx.oidc.entities.AuthorizationCode
      return code === undefined ? undefined : { acr: code.acr, auth_time: code.authTime }
    },
  })
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    const details = await provider.interactionDetails(ctx.req, ctx.res)
    ctx.respond = false
    if (details.prompt.name === 'consent') {
      const grant = new provider.Grant({ accountId: details.session?.accountId ?? '', clientId: client.clientId })
      grant.addOIDCScope('openid')
      const grantId = await grant.save()
      return provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId } }, { mergeWithLastSubmission: true })
    }
    const wantsPhone = String(details.params.acr_values ?? '')
      .split(' ')
      .includes(phone)
    if (wantsPhone) it.calls += 1
    if (it.person === 'give-up')
      return provider.interactionFinished(ctx.req, ctx.res, { error: 'access_denied', error_description: 'the person gave up' })
    if (it.person === 'unmet')
      return provider.interactionFinished(ctx.req, ctx.res, { error: 'unmet_authentication_requirements', error_description: 'no phone <b>here</b>' })
    const confirmed = wantsPhone && it.person !== 'ignores-level'
    await provider.interactionFinished(ctx.req, ctx.res, {
      login: {
        accountId: it.person === 'somebody-else' ? 'mallory' : 'ada',
        acr: confirmed ? phone : password,
        amr: confirmed ? ['pwd', 'tel', 'mfa', 'mca'] : ['pwd'],
        ts: Math.floor(Date.now() / 1000) - it.authenticatedAgo,
      },
    })
  })
  return provider
}

// Made once: slow to make, and nothing depends on which it is.
const signingKey = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid: 'es', alg: 'ES256', use: 'sig' }

/** Everything in one map, forgotten with the provider. */
function mapAdapter(): (name: string) => Adapter {
  const kept = new Map<string, AdapterPayload>()
  const find = async (test: (payload: AdapterPayload) => boolean) => [...kept.values()].find(test)
  return (name) => ({
    async upsert(id, payload) {
      kept.set(`${name}:${id}`, payload)
    },
    find: async (id) => kept.get(`${name}:${id}`),
    findByUid: (uid) => find((payload) => payload.uid === uid),
    findByUserCode: (userCode) => find((payload) => payload.userCode === userCode),
    async consume(id) {
      const payload = kept.get(`${name}:${id}`)
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000)
    },
    async destroy(id) {
      kept.delete(`${name}:${id}`)
    },
    async revokeByGrantId(grantId) {
      for (const [id, payload] of kept) if (payload.grantId === grantId) kept.delete(id)
    },
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server is not listening')
  return address.port
}
