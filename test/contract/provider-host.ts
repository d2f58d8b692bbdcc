// A real oidc-provider on a store of artifacts, listening on loopback, with the shortest interactions that a host can have.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { CookieJar } from 'tough-cookie'
import { artifactAdapter } from '../../src/oidc/artifact-store.ts'
import type { ArtifactStore } from '../../src/ports/artifacts.ts'
import type { Clock } from '../../src/ports/clock.ts'

export interface ProviderHost {
  provider: Provider
  issuer: string
  /** Makes requests with the header `x-hold: name` wait, after their session was loaded and before it is saved. */
  hold(name: string): { arrived: Promise<void>; release(): void }
  /** POSTs a form as a client; Basic authentication unless `client` is undefined. */
  post(path: string, form: Record<string, string>, client?: string): Promise<{ status: number; body: Record<string, unknown> }>
  close(): Promise<void>
}

export const callback = 'http://127.0.0.1:1/callback'

export async function startProviderHost(options: { store: ArtifactStore; clock: Clock }): Promise<ProviderHost> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const issuer = `http://127.0.0.1:${address.port}`
  const holds = new Map<string, { arrive(): void; released: Promise<void> }>()
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const client = { redirect_uris: [callback], response_types: ['code' as const], id_token_signed_response_alg: 'ES256' as const }

  const provider = new Provider(issuer, {
    adapter: artifactAdapter(options),
    clients: [
      { ...client, client_id: 'bank', client_secret: 'bank-secret', grant_types: ['authorization_code', 'refresh_token'] },
      { ...client, client_id: 'shop', client_secret: 'shop-secret', grant_types: ['authorization_code', 'refresh_token'] },
      {
        client_id: 'machine',
        id_token_signed_response_alg: 'ES256',
        client_secret: 'a secret of at least 32 bytes of text',
        token_endpoint_auth_method: 'client_secret_jwt',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'test' }] },
    cookies: { keys: ['cookie-key'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      pushedAuthorizationRequests: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = form
        },
      },
    },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      IdToken: 600,
      RefreshToken: 3600,
      Session: 3600,
      Interaction: 600,
      Grant: 3600,
      ClientCredentials: 600,
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    rotateRefreshToken: true,
    async findAccount(ctx, sub) {
      const held = holds.get(ctx.get('x-hold'))
      held?.arrive()
      await held?.released
      return { accountId: sub, claims: () => ({ sub }) }
    },
    renderError: (ctx, out) => {
      ctx.body = out
    },
  })
  provider.use(async (ctx, next) => (ctx.path.startsWith('/interaction/') ? interact(provider, ctx as KoaContextWithOIDC) : next()))
  server.on('request', provider.callback())

  return {
    provider,
    issuer,
    hold(name) {
      const arrival = Promise.withResolvers<void>()
      const release = Promise.withResolvers<void>()
      holds.set(name, { arrive: arrival.resolve, released: release.promise })
      return { arrived: arrival.promise, release: release.resolve }
    },
    async post(path, form, clientId) {
      const authorization = clientId === undefined ? {} : { authorization: `Basic ${btoa(`${clientId}:${clientId}-secret`)}` }
      const answer = await fetch(new URL(path, issuer), { method: 'POST', body: new URLSearchParams(form), headers: authorization })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? {} : JSON.parse(text) }
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Signs in as alice and consents to everything, without asking; `login_hint` becomes the `amr`. */
async function interact(provider: Provider, { req, res }: KoaContextWithOIDC): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res)
  if (prompt.name === 'login') {
    return provider.interactionFinished(req, res, { login: { accountId: 'alice', amr: [String(params.login_hint ?? 'pwd')] } })
  }
  const existing = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const grant = existing ?? new provider.Grant({ accountId: session?.accountId, clientId: String(params.client_id) })
  grant.addOIDCScope(String(params.scope))
  return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } })
}

export interface Answer {
  status: number
  /** Where it leads, if anywhere. */
  location: URL | undefined
  body: string
}

/** A browser that shows what it is redirected to only when it is asked to. */
export interface Browser {
  jar: CookieJar
  get(url: string | URL, headers?: Record<string, string>): Promise<Answer>
  submit(url: string | URL, form: Record<string, string>): Promise<Answer>
  /** Follows redirects until one leaves for the client; its address. */
  follow(url: string | URL): Promise<URL>
  /** Asks for a code, through all interactions. */
  authorize(clientId: string, extra?: Record<string, string>): Promise<URL>
  /** Follows an authorization request up to the address at which the provider takes it up again, and does not go there. */
  upToResume(clientId: string, extra?: Record<string, string>): Promise<URL>
  /** The id in the session cookie. */
  sessionId(): Promise<string | undefined>
  /** Another browser with the same cookies. */
  copy(): Promise<Browser>
}

export function browserOn(host: ProviderHost, jar = new CookieJar()): Browser {
  async function request(url: string | URL, init: RequestInit): Promise<Answer> {
    const cookie = await jar.getCookieString(String(url))
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } })
    for (const line of answer.headers.getSetCookie()) await jar.setCookie(line, String(url))
    const location = answer.headers.get('location')
    return { status: answer.status, location: location === null ? undefined : new URL(location, url), body: await answer.text() }
  }

  async function step(url: string | URL): Promise<URL> {
    const { location, status, body } = await browser.get(url)
    if (location === undefined) throw new Error(`${url} answered ${status} and leads nowhere: ${body}`)
    return location
  }

  const browser: Browser = {
    jar,
    get: (url, headers = {}) => request(url, { headers }),
    submit: (url, form) => request(url, { method: 'POST', body: new URLSearchParams(form) }),
    async follow(url) {
      let at = new URL(url)
      while (at.origin === host.issuer) at = await step(at)
      return at
    },
    authorize: (clientId, extra) => browser.follow(authorizationUrl(host, clientId, extra)),
    async upToResume(clientId, extra) {
      let at = await step(authorizationUrl(host, clientId, extra))
      while (!at.pathname.startsWith('/auth/')) at = await step(at)
      return at
    },
    async sessionId() {
      return (await jar.getCookies(host.issuer)).find(({ key }) => key === '_session')?.value
    },
    async copy() {
      return browserOn(host, await jar.clone())
    },
  }
  return browser
}

export function authorizationUrl(host: ProviderHost, clientId: string, extra: Record<string, string> = {}): URL {
  const url = new URL('/auth', host.issuer)
  url.search = String(new URLSearchParams({ client_id: clientId, response_type: 'code', scope: 'openid', redirect_uri: callback, ...extra }))
  return url
}
