// acr, amr and auth_time wherever a token can carry them: ID token, JWT access token, introspection (RFC 9068, 2.2.1; RFC 9470, 6).
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'

/** What tokens are issued from: the code, refresh token, CIBA request or device code that carries the authentication. */
interface AuthenticationSource {
  acr?: string
  amr?: string[]
  authTime?: number
}

/** Wraps the host's `extraTokenClaims`: its claims stay, ours are added from the grant's own source, so that a refresh renews nothing. */
export function extraTokenClaims(host: Configuration['extraTokenClaims']): NonNullable<Configuration['extraTokenClaims']> {
  return async (ctx, token) => {
    const theirs = await host?.(ctx, token)
    const ours = token.kind === 'AccessToken' ? authenticationClaims(ctx) : {}
    const claims = { ...theirs, ...ours }
    return Object.keys(claims).length > 0 ? claims : undefined
  }
}

function authenticationClaims(ctx: KoaContextWithOIDC): Record<string, string | string[] | number> {
  const { AuthorizationCode, RefreshToken, BackchannelAuthenticationRequest, DeviceCode } = ctx.oidc.entities
  const source: AuthenticationSource =
    AuthorizationCode ??
    RefreshToken ??
    BackchannelAuthenticationRequest ??
    DeviceCode ??
    (ctx.oidc.session === undefined ? {} : { acr: ctx.oidc.acr, amr: ctx.oidc.amr, authTime: ctx.oidc.session.authTime() })
  return {
    ...(source.acr === undefined ? {} : { acr: source.acr }),
    ...(source.amr === undefined ? {} : { amr: source.amr }),
    ...(source.authTime === undefined ? {} : { auth_time: source.authTime }),
  }
}

/** The host's claims with ours: acr and amr supported, and all three in every ID token. */
export function shapeClaims(host: Configuration['claims']): NonNullable<Configuration['claims']> {
  const openid = host?.openid
  const own = Array.isArray(openid) ? openid : ['sub']
  return { ...host, acr: null, amr: null, auth_time: null, openid: [...new Set([...own, 'acr', 'amr', 'auth_time'])] }
}
