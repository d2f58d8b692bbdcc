// The headers of every page that asks a person for something.
import { randomBytes } from 'node:crypto'
import type { Context, Middleware } from 'koa'

/** Sets them for every answer further in. `secure`: the issuer is https. */
export function securityHeaders(options: { secure: boolean }): Middleware {
  return async (ctx, next) => {
    setSecurityHeaders(ctx, options)
    await next()
  }
}

/** Sets them, and `ctx.state.nonce` for the page's own script and stylesheet. */
export function setSecurityHeaders(ctx: Context, { secure }: { secure: boolean }): void {
  const nonce = randomBytes(16).toString('base64')
  ctx.state.nonce = nonce
  ctx.set({
    'Content-Security-Policy': [
      "default-src 'none'",
      `script-src 'nonce-${nonce}' 'strict-dynamic'`,
      `style-src 'nonce-${nonce}'`,
      "img-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "object-src 'none'",
    ].join('; '),
    'X-Frame-Options': 'DENY',
    // Not `no-referrer`: with it the Origin of our own forms would be `null`.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    ...(secure ? { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' } : {}),
  })
}
