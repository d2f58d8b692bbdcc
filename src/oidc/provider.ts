// The standalone provider's configuration of oidc-provider: everything but the phone factor, which is put around it like around any other host.
import {
  type Adapter,
  type AdapterFactory,
  type ClientMetadata,
  type Configuration,
  errors,
  type Grant,
  type JWKS,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import type { Accounts } from '../ports/accounts.ts'

/** An API that access tokens are issued for (RFC 8707). */
export interface Resource {
  identifier: string
  scopes: readonly string[]
  accessTokenFormat: 'jwt' | 'opaque'
  accessTokenSeconds: number
}

export interface StandaloneOptions {
  /** Whether cookies are secure follows from this, never from a header. */
  issuer: string
  clients: ClientMetadata[]
  /** Clients whose users are never asked for consent: the operator's own. */
  consentImplied: ReadonlySet<string>
  resources: readonly Resource[]
  cookieKeys: string[]
  jwks: JWKS
  adapter: (model: string) => Adapter
  accounts: Accounts
  /** How long a session lives without use, and a grant at least. */
  sessionSeconds: number
  tokens: { codeSeconds: number; idTokenSeconds: number; accessTokenSeconds: number; refreshTokenSeconds: number }
  pages: {
    error(ctx: KoaContextWithOIDC, out: { error: string; error_description?: string }, error: Error): void
    logout(ctx: KoaContextWithOIDC): void
    loggedOut(ctx: KoaContextWithOIDC): void
  }
}

/** Where our own pages of the login and consent prompts are. */
export const interactionPath: Readonly<Record<string, string>> = { login: '/sign-in', consent: '/consent' }

/** One hour: how long a person may take for one page. */
export const interactionSeconds = 60 * 60

export function standaloneConfiguration(options: StandaloneOptions): Configuration {
  const { accounts, resources, pages, sessionSeconds, tokens } = options
  const secure = new URL(options.issuer).protocol === 'https:'
  const cookie = { signed: true, httpOnly: true, sameSite: 'lax', secure } as const
  const adapter: AdapterFactory = options.adapter
  return {
    adapter,
    clients: options.clients,
    jwks: options.jwks,
    cookies: {
      keys: options.cookieKeys,
      long: { ...cookie, path: '/' },
      short: cookie,
      // The prefixes that browsers enforce need https; interaction cookies have a path, which `__Host-` forbids.
      names: secure
        ? { session: '__Host-ringback_session', interaction: '__Secure-ringback_interaction', resume: '__Secure-ringback_resume' }
        : { session: 'ringback_session', interaction: 'ringback_interaction', resume: 'ringback_resume' },
    },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
    clientBasedCORS: () => false,
    conformIdTokenClaims: true,
    claims: { openid: ['sub'] },
    scopes: ['openid', 'offline_access', ...new Set(resources.flatMap((resource) => resource.scopes))],
    responseTypes: ['code', 'id_token', 'code id_token'],
    features: {
      devInteractions: { enabled: false },
      // Whoever can keep a secret may ask about any token (an API does); whoever cannot, about its own.
      introspection: { enabled: true, allowedPolicy: (_, client, token) => client.clientSecret !== undefined || token.clientId === client.clientId },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, __, oneOf) => oneOf ?? [],
        useGrantedResource: () => true,
        getResourceServerInfo: (_, identifier) => resourceServer(resources, identifier),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx) => pages.logout(ctx),
        postLogoutSuccessSource: (ctx) => pages.loggedOut(ctx),
      },
    },
    interactions: { url: (_, interaction) => `${interactionPath[interaction.prompt.name]}/${interaction.uid}` },
    renderError: (ctx, out, error) => pages.error(ctx, out, error),
    findAccount: async (_, id) => {
      const account = await accounts.find(id)
      return account && { accountId: account.id, claims: () => ({ sub: account.id }) }
    },
    loadExistingGrant: (ctx) => loadGrant(ctx, options),
    ttl: {
      Session: sessionSeconds,
      // A grant that ends before its session would sign people out of what they use.
      Grant: Math.max(sessionSeconds, 14 * 24 * 60 * 60),
      Interaction: interactionSeconds,
      AuthorizationCode: tokens.codeSeconds,
      IdToken: tokens.idTokenSeconds,
      AccessToken: (_, token) => token.resourceServer?.accessTokenTTL ?? tokens.accessTokenSeconds,
      RefreshToken: tokens.refreshTokenSeconds,
    },
  }
}

function resourceServer(resources: readonly Resource[], identifier: string) {
  const resource = resources.find((candidate) => candidate.identifier === identifier)
  if (resource === undefined) throw new errors.InvalidTarget()
  const { scopes, accessTokenFormat, accessTokenSeconds } = resource
  const jwt = { sign: { alg: 'ES256' as const } }
  return {
    scope: scopes.join(' '),
    audience: identifier,
    accessTokenTTL: accessTokenSeconds,
    accessTokenFormat,
    ...(accessTokenFormat === 'jwt' ? { jwt } : {}),
  }
}

/** The session's grant for this client. For a client whose consent is implied it is made, and widened, without asking. */
async function loadGrant(ctx: KoaContextWithOIDC, { consentImplied }: StandaloneOptions): Promise<Grant | undefined> {
  const { oidc } = ctx
  const { client, session, result } = oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId)
  const found = grantId === undefined ? undefined : await oidc.provider.Grant.find(grantId)
  const existing = found?.accountId === session.accountId ? found : undefined
  if (!consentImplied.has(client.clientId)) return existing

  const grant = existing ?? new oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId })
  const before = JSON.stringify([grant.openid, grant.resources])
  grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(' '))
  grant.addOIDCClaims([...oidc.requestParamClaims])
  for (const [identifier, server] of Object.entries(oidc.resourceServers ?? {})) {
    const granted = [...oidc.requestParamScopes].filter((scope) => server.scopes.has(scope)).join(' ')
    if (granted !== '') grant.addResourceScope(identifier, granted)
  }
  if (existing === undefined || JSON.stringify([grant.openid, grant.resources]) !== before) await grant.save()
  return grant
}
