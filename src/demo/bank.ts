// Harbour Bank, the demonstration: a relying party whose API asks for a step-up when money moves. Starts its server.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import Router from '@koa/router'
import { createRemoteJWKSet, customFetch, type RemoteJWKSet } from 'jose'
import Koa, { HttpError } from 'koa'
import { listen } from '../http-server.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { createApi } from './api.ts'
import { createApiClient } from './api-client.ts'
import { openLedger } from './ledger.ts'
import { statusNotice, unreachableNotice } from './notices.ts'
import { pageSecurity } from './page-security.ts'
import { loadPages, type SignInHint } from './pages.ts'
import { createRelyingParty, ProviderUnreachable } from './relying-party.ts'
import { openSessions } from './sessions.ts'
import { addSignInRoutes, toHome } from './sign-in-routes.ts'
import { createTransfers } from './transfer.ts'
import { addTransferRoutes } from './transfer-routes.ts'

export interface BankOptions {
  /** 0 for any free one. */
  port: number
  /** The address to listen on; 127.0.0.1 unless given. */
  host?: string
  issuer: string
  /** Where the provider is reached from here, if not under its issuer. */
  fetchIssuerFrom?: string
  clientId: string
  clientSecret: string
  /** The API's resource indicator, which is the audience of its access tokens; `{url}/api` unless given. */
  resource?: string
  /** The level a transfer needs; `urn:ringback:acr:phone` unless given. */
  acr?: string
  /** How old the confirmation for a transfer may be, in seconds; 300 unless given. */
  maxAge?: number
  /** The page of the simulated phone, to point people to. */
  phoneUrl?: string
  /** Demo accounts to point people to. */
  hints?: readonly SignInHint[]
  /** Judges sessions, access tokens and how old a confirmation is; the ID token's times are judged by the machine's clock. */
  clock?: Clock
  logger?: Log
}

export interface Bank {
  /** Without a slash at the end. */
  url: string
  /** Registered at the provider as `redirect_uris` and `post_logout_redirect_uris`. */
  redirectUri: string
  postLogoutRedirectUri: string
  resource: string
  /** Takes no new requests and waits for those under way. */
  close(): Promise<void>
}

/** Starts the bank. The provider need not be there yet. Throws when the port is taken or the issuer is no URL. */
export async function startBank(options: BankOptions): Promise<Bank> {
  const { host = '127.0.0.1', clock = systemClock, logger } = options
  const server = createServer()
  const port = await listen(server, { port: options.port, host, what: 'the bank' })
  const url = `http://${urlHost(host)}:${port}`
  const bank = { url, redirectUri: `${url}/callback`, postLogoutRedirectUri: `${url}/`, resource: options.resource ?? `${url}/api` }
  try {
    server.on('request', createApp(options, bank, clock).callback())
  } catch (error) {
    server.close()
    throw error
  }
  logger?.info({ url, issuer: options.issuer }, 'Harbour Bank is open')
  return {
    ...bank,
    async close() {
      const closed = once(server, 'close')
      server.close()
      // A browser that keeps a request open must not keep the process alive.
      const cancel = clock.after(2000, () => server.closeAllConnections())
      await closed
      cancel()
    },
  }
}

function createApp(options: BankOptions, bank: Omit<Bank, 'close'>, clock: Clock): Koa {
  const { issuer, clientId, clientSecret, fetchIssuerFrom, logger } = options
  const relyingParty = createRelyingParty({ ...bank, issuer, fetchIssuerFrom, clientId, clientSecret })
  const sessions = openSessions(clock)
  const pages = loadPages({ issuer, phoneUrl: options.phoneUrl })
  const api = createApiClient({ apiUrl: `${bank.url}/api`, issuer, clientId })
  const transfers = createTransfers({ api, relyingParty, clock, logger })

  let keySet: RemoteJWKSet | undefined
  const resourceServer = createApi({
    tokens: {
      issuer,
      audience: bank.resource,
      clientId,
      clock,
      async keys(header, token) {
        keySet ??= createRemoteJWKSet(await relyingParty.jwksUri(), { [customFetch]: relyingParty.fetch })
        return await keySet(header, token)
      },
    },
    transferRequires: { acrValues: [options.acr ?? 'urn:ringback:acr:phone'], maxAge: options.maxAge ?? 300 },
    ledger: openLedger(clock),
    logger,
  })

  const router = new Router()
  addSignInRoutes(router, { relyingParty, sessions, transfers, pages, hints: options.hints ?? [], clock, logger })
  addTransferRoutes(router, { api, relyingParty, sessions, transfers, pages, clock })

  const app = new Koa()
  app.use(async (ctx, next) => {
    try {
      await next()
      if (ctx.status >= 400 && (ctx.body === undefined || ctx.body === null)) showStatus(ctx, ctx.status)
    } catch (error) {
      if (error instanceof ProviderUnreachable) {
        logger?.warn({ reason: error.message }, 'the provider cannot be reached')
        ctx.set('Retry-After', '5')
        pages.show(ctx, 'problem', { notice: unreachableNotice(issuer), detail: error.message, ways: [toHome] }, { status: 503 })
      } else if (error instanceof HttpError || isClientFault(error)) {
        showStatus(ctx, error.status)
      } else {
        const id = randomUUID()
        // Only the message: what hangs on an error may hold tokens.
        logger?.error({ id, path: ctx.path, error: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' }, 'unexpected fault')
        showStatus(ctx, 500, id)
      }
    }
  })
  app.use(resourceServer)
  app.use(pageSecurity(bank.url, (ctx) => showStatus(ctx, 403)))
  app.use(async (ctx, next) => {
    if (!pages.asset(ctx)) await next()
  })
  app.use(router.routes())
  app.use(router.allowedMethods())

  function showStatus(ctx: Koa.Context, status: number, id?: string): void {
    const notice = statusNotice(status)
    if (ctx.path.startsWith('/api/')) {
      ctx.status = status
      ctx.body = {
        error: status === 404 ? 'not_found' : status >= 500 ? 'server_error' : 'invalid_request',
        message: `${notice.happened} ${notice.next}`,
        id,
      }
      return
    }
    const detail = id === undefined ? undefined : `Fault ${id}`
    pages.show(ctx, 'problem', { notice, detail, ways: [toHome] }, { status, signedIn: sessions.find(ctx)?.signedIn !== undefined })
  }
  return app
}

/** A fault of the request, as the body parser reports it. */
function isClientFault(error: unknown): error is { status: number } {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status >= 400 && error.status < 500
}

/** The name browsers are sent to: localhost wherever that leads here, since the redirect URI is registered with it. */
function urlHost(host: string): string {
  if (/^(127\.0\.0\.1|::1|localhost|0\.0\.0\.0|::)$/.test(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
