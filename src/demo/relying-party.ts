// The bank as a relying party: signs people in at the provider with openid-client, and asks for more when its API does.
import * as client from 'openid-client'
import type { StepUpRequirement } from './step-up-challenge.ts'

export interface RelyingPartyOptions {
  issuer: string
  /** Where the provider is reached from here, if not under its issuer: in a container network, say. */
  fetchIssuerFrom?: string
  clientId: string
  /** Sent by HTTP Basic authentication, which is what a client is registered with unless it says otherwise. */
  clientSecret: string
  redirectUri: string
  postLogoutRedirectUri: string
  /** Resource indicator of the API (RFC 8707), so that the access token is a JWT meant for it. */
  resource: string
}

/** What has to be remembered of one authorization request until its answer comes. */
export interface SignInAttempt {
  state: string
  nonce: string
  codeVerifier: string
  maxAge?: number
}

export interface SignedIn {
  sub: string
  accessToken: string
  idToken: string
  claims: client.IDToken
}

/** The provider's answer was an error; `error` is its code (OpenID Connect Core section 3.1.2.6), `description` its own words. */
export interface SignInRefused {
  error: string
  description?: string
}

export interface RelyingParty {
  /** Starts an authorization request; with a requirement it asks for that level and recency. */
  begin(requirement?: StepUpRequirement): Promise<{ url: URL; attempt: SignInAttempt }>
  /** Redeems the answer in the callback's query. Checks `iss`, `state`, `nonce`, the ID token and its signature; errors are checked before they are believed. */
  finish(query: string, attempt: SignInAttempt): Promise<SignedIn | SignInRefused>
  /** Where to send the browser to sign out of the provider too; undefined if the provider offers no such place. */
  endSessionUrl(idToken: string): Promise<URL | undefined>
  /** Where the provider publishes the keys that tokens are signed with. */
  jwksUri(): Promise<URL>
  /** `fetch` for the provider's addresses. Throws ProviderUnreachable. */
  fetch(url: string, init: RequestInit): Promise<Response>
}

/** The provider cannot be used right now. Worth trying again, so nothing about it is remembered. */
export class ProviderUnreachable extends Error {
  override readonly name = 'ProviderUnreachable'
}

/** Whether nothing on the network can listen in, so that plain http is acceptable. */
export function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)
}

export function createRelyingParty(options: RelyingPartyOptions): RelyingParty {
  const issuer = new URL(options.issuer)
  const { resource } = options
  let discovered: Promise<client.Configuration> | undefined

  // Only once it is needed: the provider may be started after the bank. A failure is forgotten, so that a reload tries again.
  function configuration(): Promise<client.Configuration> {
    discovered ??= discover().catch((error: unknown) => {
      discovered = undefined
      throw error
    })
    return discovered
  }

  async function discover(): Promise<client.Configuration> {
    const execute = [client.enableNonRepudiationChecks]
    if (issuer.protocol === 'http:' && isLoopback(issuer)) execute.push(client.allowInsecureRequests)
    try {
      return await client.discovery(issuer, options.clientId, undefined, client.ClientSecretBasic(options.clientSecret), {
        execute,
        timeout: 5,
        [client.customFetch]: (url, init) => fetchFromProvider(url, init as RequestInit),
      })
    } catch (error) {
      throw outage(error) ?? new ProviderUnreachable(`discovery at ${issuer.href} failed: ${messageOf(error)}`, { cause: error })
    }
  }

  async function fetchFromProvider(url: string, init: RequestInit): Promise<Response> {
    const base = options.fetchIssuerFrom
    let response: Response
    try {
      response = await fetch(base === undefined ? url : rebase(url, options.issuer, base), init)
    } catch (error) {
      throw new ProviderUnreachable(`no answer from ${new URL(base ?? url).origin}`, { cause: error })
    }
    if (response.status >= 500) throw new ProviderUnreachable(`${new URL(base ?? url).origin} answered with status ${response.status}`)
    if (base === undefined || !url.includes('/.well-known/') || !response.ok) return response
    // A provider names its endpoints after the host it was asked under: the browser has to get the public ones.
    const { status, headers } = response
    return new Response((await response.text()).replaceAll(trimmed(base), trimmed(options.issuer)), {
      status,
      headers: { 'content-type': headers.get('content-type') ?? '' },
    })
  }

  return {
    async begin(requirement) {
      const config = await configuration()
      const attempt: SignInAttempt = { state: client.randomState(), nonce: client.randomNonce(), codeVerifier: client.randomPKCECodeVerifier() }
      const parameters = new URLSearchParams({
        redirect_uri: options.redirectUri,
        scope: 'openid',
        resource,
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(attempt.codeVerifier),
        code_challenge_method: 'S256',
      })
      if (requirement?.acrValues !== undefined) parameters.set('acr_values', requirement.acrValues.join(' '))
      if (requirement?.maxAge !== undefined) {
        parameters.set('max_age', String(requirement.maxAge))
        attempt.maxAge = requirement.maxAge
      }
      return { url: client.buildAuthorizationUrl(config, parameters), attempt }
    },

    async finish(query, attempt) {
      const config = await configuration()
      const checks = {
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.codeVerifier,
        maxAge: attempt.maxAge,
        idTokenExpected: true,
      }
      try {
        const tokens = await client.authorizationCodeGrant(config, new URL(`${options.redirectUri}?${query}`), checks, { resource })
        const claims = tokens.claims()
        if (claims === undefined || tokens.id_token === undefined) return { error: 'no_id_token' }
        return { sub: claims.sub, accessToken: tokens.access_token, idToken: tokens.id_token, claims }
      } catch (error) {
        const unreachable = outage(error)
        if (unreachable !== undefined) throw unreachable
        if (error instanceof client.AuthorizationResponseError) return { error: error.error, description: error.error_description }
        if (error instanceof client.ResponseBodyError) return { error: error.error, description: error.error_description }
        // What openid-client found wrong with the answer. Its `cause` holds claims and parameters, so only the message goes on.
        if (error instanceof client.ClientError) return { error: 'invalid_answer', description: messageOf(error) }
        throw error
      }
    },

    async endSessionUrl(idToken) {
      const config = await configuration()
      if (config.serverMetadata().end_session_endpoint === undefined) return undefined
      return client.buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: options.postLogoutRedirectUri })
    },

    async jwksUri() {
      const uri = (await configuration()).serverMetadata().jwks_uri
      if (uri === undefined) throw new ProviderUnreachable(`${issuer.href} publishes no jwks_uri`)
      return new URL(uri)
    },

    fetch: fetchFromProvider,
  }
}

/** openid-client wraps what its fetch throws. */
function outage(error: unknown): ProviderUnreachable | undefined {
  if (error instanceof ProviderUnreachable) return error
  return error instanceof Error && error.cause !== undefined ? outage(error.cause) : undefined
}

function rebase(url: string, from: string, to: string): string {
  return url.startsWith(trimmed(from)) ? trimmed(to) + url.slice(trimmed(from).length) : url
}

function trimmed(url: string): string {
  return url.replace(/\/$/, '')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault'
}
