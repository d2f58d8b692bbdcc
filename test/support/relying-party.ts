// A relying party made of openid-client, with the demo bank's registration.
import * as client from 'openid-client'

export const callback = 'http://127.0.0.1:4100/cb'

export interface RelyingParty {
  config: client.Configuration
  /** Starts an authorization request; `finish` redeems what came back of it. */
  request(parameters?: Record<string, string>): Promise<{ url: string; finish(callbackUrl: string): Promise<Tokens> }>
}

export type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

export async function relyingParty(issuer: string, id = 'demo-bank', secret = 'demo-bank-secret'): Promise<RelyingParty> {
  const config = await client.discovery(new URL(issuer), id, secret, undefined, { execute: [client.allowInsecureRequests] })
  return {
    config,
    async request(parameters = {}) {
      const pkceCodeVerifier = client.randomPKCECodeVerifier()
      const expectedState = client.randomState()
      const expectedNonce = client.randomNonce()
      const maxAge = parameters.max_age === undefined ? undefined : Number(parameters.max_age)
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: callback,
        scope: 'openid',
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        state: expectedState,
        nonce: expectedNonce,
        ...parameters,
      })
      return {
        url: url.href,
        finish: (callbackUrl) =>
          client.authorizationCodeGrant(config, new URL(callbackUrl), { pkceCodeVerifier, expectedState, expectedNonce, maxAge }),
      }
    },
  }
}

/** The error that came back instead of a code. */
export function errorOf(callbackUrl: string): string | null {
  return new URL(callbackUrl).searchParams.get('error')
}
