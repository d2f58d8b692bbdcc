// Signing in and out at the bank, and the callback where every answer of the provider arrives, step-ups included.
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { refusalNotice } from './notices.ts'
import type { Pages, SignInHint, Way } from './pages.ts'
import { ProviderUnreachable, type RelyingParty } from './relying-party.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Transfers } from './transfer.ts'

export interface SignInRoutesDeps {
  relyingParty: RelyingParty
  sessions: Sessions
  transfers: Transfers
  pages: Pages
  hints: readonly SignInHint[]
  clock: Clock
  logger?: Log
}

export function addSignInRoutes(router: Router, deps: SignInRoutesDeps): void {
  const { relyingParty, sessions, transfers, pages } = deps

  router.get('/', (ctx) => {
    if (sessions.find(ctx)?.signedIn !== undefined) return ctx.redirect('/account')
    pages.show(ctx, 'landing', { hints: deps.hints })
  })

  router.get('/login', async (ctx) => {
    // Only the password level: what needs more asks for more when it comes to it.
    const { url, attempt } = await relyingParty.begin()
    sessions.open(ctx).begin({ ...attempt, startedAt: deps.clock.now() })
    seeOther(ctx, url.href)
  })

  router.get('/callback', async (ctx) => {
    const { state } = ctx.query
    const session = sessions.find(ctx)
    const attempt = typeof state === 'string' ? session?.take(state) : undefined
    if (session === undefined || attempt === undefined) return showStale(ctx, session)
    const transfer = attempt.transfer === undefined ? undefined : session.transfers.get(attempt.transfer)
    if (transfer !== undefined) {
      await transfers.resume(session, transfer, ctx.querystring, attempt)
      return seeOther(ctx, `/transfers/${transfer.id}`)
    }
    const answer = await relyingParty.finish(ctx.querystring, attempt).catch((error: unknown) => {
      // So that a reload, once the provider is back, finishes what was begun.
      if (error instanceof ProviderUnreachable) session.begin(attempt)
      throw error
    })
    if ('error' in answer) {
      deps.logger?.info({ error: answer.error }, 'sign-in refused by the provider')
      return pages.show(ctx, 'problem', problemOf(answer), { status: 403, signedIn: session.signedIn !== undefined })
    }
    if (session.signedIn === undefined) sessions.renew(ctx, session)
    // Another person in the same browser gets nothing of the one before.
    const owner = session.signedIn !== undefined && session.signedIn.sub !== answer.sub ? sessions.replace(ctx) : session
    owner.signedIn = answer
    deps.logger?.info({ sub: answer.sub, acr: answer.claims.acr }, 'signed in')
    seeOther(ctx, '/account')
  })

  router.post('/logout', (ctx) => {
    const signedIn = sessions.find(ctx)?.signedIn
    sessions.replace(ctx).farewell = signedIn?.idToken
    seeOther(ctx, '/logout')
  })

  router.get('/logout', (ctx) => {
    if (sessions.find(ctx)?.farewell === undefined) return ctx.redirect('/')
    const text = 'You are signed out of Harbour Bank. We are taking you to the sign-in service, to sign you out there as well.'
    pages.show(ctx, 'onward', { heading: 'Goodbye', text, to: '/logout/continue', label: 'Sign out there too' })
  })

  router.get('/logout/continue', async (ctx) => {
    const session = sessions.find(ctx)
    const idToken = session?.farewell
    if (session === undefined || idToken === undefined) return ctx.redirect('/')
    const there = await relyingParty.endSessionUrl(idToken)
    session.farewell = undefined
    seeOther(ctx, there?.href ?? '/')
  })

  function showStale(ctx: Context, session: Session | undefined): void {
    const signedIn = session?.signedIn !== undefined
    const notice = {
      heading: 'This sign-in is not waiting any more',
      happened: 'It was already finished, it is too old, or it was started in another browser. Nothing was changed by coming here.',
      next: signedIn ? 'You are still signed in: go back to your account.' : 'Start again from our home page.',
    }
    pages.show(ctx, 'problem', { notice, ways: [signedIn ? toAccount : toHome] }, { status: 400, signedIn })
  }
}

const toAccount: Way = { label: 'Go to your account', href: '/account' }
export const toHome: Way = { label: 'Go to the home page', href: '/' }

function problemOf(answer: { error: string; description?: string }): { notice: ReturnType<typeof refusalNotice>; detail: string; ways: Way[] } {
  const notice = { ...refusalNotice(answer.error), heading: 'You are not signed in' }
  return { notice, detail: technicalDetail(answer), ways: [{ label: 'Sign in again', href: '/login' }, toHome] }
}

/** The provider's own words for an error. */
export function technicalDetail(answer: { error: string; description?: string }): string {
  return answer.description === undefined ? answer.error : `${answer.error}: ${answer.description}`
}

/** Goes on with a GET, whatever this request was. */
export function seeOther(ctx: Context, to: string): void {
  ctx.status = 303
  ctx.redirect(to)
}
