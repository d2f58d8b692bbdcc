// The bank's API, a resource server of its own: the account for any good token, money only after a recent confirmation by phone (RFC 9470).
import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import type { Middleware } from 'koa'
import type { Log } from '../ports/log.ts'
import { type AccessToken, type AccessTokenRules, checkAccessToken } from './access-token.ts'
import type { Ledger } from './ledger.ts'
import { type StepUpRequirement, stepUpChallenge, stepUpLack } from './step-up-challenge.ts'
import { readTransferOrder } from './transfer-order.ts'

export interface ApiOptions {
  tokens: AccessTokenRules
  /** What a transfer asks of the sign-in behind the token. */
  transferRequires: StepUpRequirement
  ledger: Ledger
  logger?: Log
}

const realm = 'realm="harbour-bank-api"'

/** Routes under `/api`. Knows no cookies: only the `Authorization` header lets anybody in. */
export function createApi(options: ApiOptions): Middleware {
  const { ledger, transferRequires } = options
  const router = new Router<{ token: AccessToken }>({ prefix: '/api' })

  router.use(async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.set('X-Content-Type-Options', 'nosniff')
    let token: Awaited<ReturnType<typeof checkAccessToken>>
    try {
      token = await checkAccessToken(ctx.get('authorization'), options.tokens)
    } catch (error) {
      options.logger?.warn(
        { reason: error instanceof Error ? error.message : 'unknown' },
        'access tokens cannot be checked: the provider gives us no keys',
      )
      ctx.status = 503
      ctx.body = { error: 'temporarily_unavailable', message: 'Access tokens cannot be checked right now. Try again in a moment.' }
      return
    }
    if (!('fault' in token)) {
      ctx.state.token = token
      await next()
      return
    }
    ctx.status = 401
    if (token.fault === 'no-token') {
      // RFC 6750 section 3.1: who sent no credentials is told no error code.
      ctx.set('WWW-Authenticate', `Bearer ${realm}`)
      ctx.body = { error: 'unauthorized', message: 'Send an access token: "Authorization: Bearer …".' }
    } else {
      ctx.set('WWW-Authenticate', `Bearer ${realm}, error="invalid_token", error_description="${token.description}"`)
      ctx.body = { error: 'invalid_token', message: `${token.description}. Get a new one.` }
    }
  })

  router.get('/account', (ctx) => {
    ctx.body = ledger.statement(ctx.state.token.sub)
  })

  router.post('/transfers', bodyParser({ enableTypes: ['json'], jsonLimit: '8kb' }), (ctx) => {
    const { token } = ctx.state
    const lack = stepUpLack(transferRequires, token, Math.floor(options.tokens.clock.now() / 1000))
    if (lack !== undefined) {
      ctx.status = 401
      ctx.set('WWW-Authenticate', stepUpChallenge(transferRequires, lack))
      ctx.body = { error: 'insufficient_user_authentication', message: 'A transfer needs a recent confirmation by phone. Step up and send it again.' }
      return
    }
    const read = readTransferOrder(ctx.request.body ?? {})
    if ('faults' in read) {
      ctx.status = 422
      ctx.body = { error: 'invalid_order', message: read.faults.payee ?? read.faults.amount }
      return
    }
    const booked = ledger.book(token.sub, read.order)
    if (booked === 'insufficient-funds') {
      ctx.status = 422
      ctx.body = { error: 'insufficient_funds', message: 'There is not enough money in the account for this transfer.' }
      return
    }
    ctx.status = 201
    ctx.body = booked
  })

  const routes = router.routes()
  const allowed = router.allowedMethods()
  return (ctx, next) =>
    ctx.path.startsWith('/api/') ? routes(ctx as Parameters<typeof routes>[0], () => allowed(ctx as Parameters<typeof allowed>[0], next)) : next()
}
