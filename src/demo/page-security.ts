// What every page of the bank sends for the browser's protection, and which requests it takes at all.
import { randomBytes } from 'node:crypto'
import type { Context, Middleware } from 'koa'

/**
 * Sets the protective headers, sends requests for another host name to the right one, and takes a POST only from the bank's own pages.
 * `refuse` answers with a page.
 */
export function pageSecurity(url: string, refuse: (ctx: Context, why: 'cross-site' | 'wrong-host') => void): Middleware {
  const { host, origin } = new URL(url)
  return async (ctx, next) => {
    ctx.state.nonce = randomBytes(16).toString('base64')
    ctx.set({
      // No scripts at all. Forms go to us only: Chromium applies form-action to redirects after a POST too, hence the pages that lead to the provider.
      'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${ctx.state.nonce}'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      // With no-referrer a same-origin POST would say "Origin: null".
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
      'Cache-Control': 'no-store',
    })
    const reads = ctx.method === 'GET' || ctx.method === 'HEAD'
    if (ctx.host !== host) {
      // The session cookie and the redirect URI belong to one host name: 127.0.0.1 and localhost are two.
      if (!reads) return refuse(ctx, 'wrong-host')
      ctx.status = 308
      ctx.redirect(`${origin}${ctx.url}`)
      return
    }
    if (!reads && !isSameOrigin(ctx, origin)) return refuse(ctx, 'cross-site')
    await next()
  }
}

function isSameOrigin(ctx: Context, origin: string): boolean {
  const site = ctx.get('sec-fetch-site')
  return site === '' ? ctx.get('origin') === origin : site === 'same-origin'
}
