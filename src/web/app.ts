// The standalone provider as an HTTP application: request ids, its own pages, and everything derived from the configured issuer, not from headers.
import { randomUUID } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Accounts } from '../ports/accounts.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { logoutPages } from './logout-pages.ts'
import { pageFrames } from './page-frame.ts'
import type { HomePage } from './page-models.ts'
import { setSecurityHeaders } from './security-headers.ts'
import { mountConsent, mountSignIn } from './sign-in-pages.ts'

export interface AppOptions {
  issuer: string
  brand: string
  log: Log
  accounts: Accounts
  audit: AuditLog
  clock: Clock
  /** Where to go next, shown on the home page of a demonstration. */
  homeLinks?: HomePage['links']
}

export interface App {
  /** What oidc-provider shows where it would use pages of its own. */
  pages: {
    error(ctx: KoaContextWithOIDC, out: { error: string; error_description?: string }, error: Error): void
    logout(ctx: KoaContextWithOIDC): void
    loggedOut(ctx: KoaContextWithOIDC): void
  }
  /** Puts the application's own routes on the built provider. */
  mount(provider: Provider): void
}

/** What Node calls it when a browser closes its connection before the answer was complete: no failure of ours. */
const browserLeft = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']

export function standaloneApp({ issuer, brand, log, accounts, audit, clock, homeLinks }: AppOptions): App {
  const secure = new URL(issuer).protocol === 'https:'
  const frames = pageFrames({ brand, path: '/assets', log })
  const logout = logoutPages({ issuer, frames })
  return {
    pages: {
      error(ctx, { error, error_description: description }, cause) {
        setSecurityHeaders(ctx, { secure })
        const id: string = ctx.state.requestId
        if (ctx.status >= 500) log.error({ err: cause, id }, 'a request failed')
        frames.show(ctx, ctx.status >= 500 ? { page: 'error', id } : { page: 'oidc-error', error, description, id }, ctx.status)
      },
      logout: logout.ask,
      loggedOut: logout.done,
    },

    mount(provider) {
      // Host and protocol of every link and cookie come from the issuer: what a header claims is not believed.
      const { host, protocol } = new URL(issuer)
      Object.defineProperties(provider.request, {
        host: { get: () => host, configurable: true },
        protocol: { get: () => protocol.slice(0, -1), configurable: true },
      })
      provider.on('server_error', (ctx, error) => log.error({ err: error, id: ctx.state.requestId, route: ctx.oidc?.route }, 'a request failed'))
      const application: EventEmitter = provider
      application.on('error', (error: NodeJS.ErrnoException) => {
        if (!browserLeft.includes(error.code ?? '')) log.error({ err: error }, 'a request failed')
      })

      provider.use(async (ctx, next) => {
        const startedAt = clock.now()
        const id = randomUUID()
        ctx.state.requestId = id
        ctx.set('X-Request-Id', id)
        await next()
        // The route, never the URL: interaction ids and authorization parameters are nobody's business.
        const route = ctx._matchedRoute ?? ctx.oidc?.route ?? '-'
        log.info({ id, method: ctx.method, route, status: ctx.status, milliseconds: clock.now() - startedAt }, 'request')
      })
      provider.use(frames.assets)
      logout.mount(provider)
      const deps = { provider, accounts, frames, audit, clock }
      mountSignIn(deps)
      mountConsent(deps)
      provider.use(async (ctx, next) => {
        if (ctx.path === '/' && ctx.method === 'GET') {
          setSecurityHeaders(ctx, { secure })
          return frames.show(ctx, { page: 'home', issuer, discovery: `${issuer}/.well-known/openid-configuration`, links: homeLinks })
        }
        await next()
        if (ctx.status === 404 && ctx.body === undefined && ctx.accepts('html', 'json') === 'html') {
          setSecurityHeaders(ctx, { secure })
          frames.show(ctx, { page: 'not-found' }, 404)
        }
      })
    },
  }
}
