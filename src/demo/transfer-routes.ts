// The account page and everything about transfers: the form, the way to step up, and what became of it.
import { bodyParser } from '@koa/bodyparser'
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Clock } from '../ports/clock.ts'
import type { ApiClient } from './api-client.ts'
import type { AccountStatement } from './ledger.ts'
import { failureNotice } from './notices.ts'
import type { Pages, Way } from './pages.ts'
import { readableClaims } from './readable-claims.ts'
import type { RelyingParty, SignedIn } from './relying-party.ts'
import type { Session, Sessions } from './sessions.ts'
import { seeOther, technicalDetail } from './sign-in-routes.ts'
import type { Transfer, Transfers } from './transfer.ts'
import { type OrderFaults, readTransferOrder } from './transfer-order.ts'

export interface TransferRoutesDeps {
  api: ApiClient
  relyingParty: RelyingParty
  sessions: Sessions
  transfers: Transfers
  pages: Pages
  clock: Clock
}

const emptyForm = { payee: '', amount: '', faults: {} }
const formParser = bodyParser({ enableTypes: ['form'], formLimit: '8kb' })

export function addTransferRoutes(router: Router, deps: TransferRoutesDeps): void {
  const { api, sessions, transfers, pages } = deps

  router.get('/account', async (ctx) => {
    const visitor = signedInVisitor(ctx)
    if (visitor === undefined) return seeOther(ctx, '/')
    const statement = await statementFor(ctx, visitor.signedIn)
    if (statement !== undefined) showAccount(ctx, visitor.signedIn, statement, emptyForm)
  })

  router.post('/transfer', formParser, async (ctx) => {
    const visitor = signedInVisitor(ctx)
    if (visitor === undefined) return seeOther(ctx, '/')
    const { session, signedIn } = visitor
    const statement = await statementFor(ctx, signedIn)
    if (statement === undefined) return
    // Checked before the API is asked, so that nobody is called for a transfer that cannot be made.
    const form = formOf(ctx.request.body)
    const read = readTransferOrder(form)
    const faults: OrderFaults =
      'faults' in read ? read.faults : read.order.amount > statement.balance ? { amount: 'There is not enough money in your account for this.' } : {}
    if ('faults' in read || faults.amount !== undefined) return showAccount(ctx, signedIn, statement, { ...form, faults }, 422)
    const transfer = await transfers.send(session, signedIn, read.order)
    seeOther(ctx, nextStop(transfer))
  })

  router.get('/step-up', (ctx) => {
    const found = challenged(ctx)
    if (found === undefined) return
    const text =
      'Moving money needs more than your password. We are taking you to the sign-in service, which confirms with a telephone call that it is you.'
    const to = `/step-up/continue?transfer=${found.transfer.id}`
    pages.show(
      ctx,
      'onward',
      { heading: 'Please confirm this transfer', text, to, label: 'Continue', order: found.transfer.order },
      { signedIn: true, title: 'Confirm by phone' },
    )
  })

  router.get('/step-up/continue', async (ctx) => {
    const found = challenged(ctx)
    if (found === undefined) return
    const { url, attempt } = await deps.relyingParty.begin(found.transfer.requirement)
    found.session.begin({ ...attempt, transfer: found.transfer.id, startedAt: deps.clock.now() })
    seeOther(ctx, url.href)
  })

  router.get('/transfers/:id', (ctx) => {
    const visitor = signedInVisitor(ctx)
    if (visitor === undefined) return seeOther(ctx, '/')
    const transfer = visitor.session.transfers.get(ctx.params.id ?? '')
    if (transfer === undefined) return seeOther(ctx, '/account')
    showTransfer(ctx, transfer)
  })

  router.post('/transfers/:id/again', async (ctx) => {
    const visitor = signedInVisitor(ctx)
    const transfer = visitor?.session.transfers.get(ctx.params.id ?? '')
    if (visitor === undefined || transfer === undefined) return seeOther(ctx, '/')
    await transfers.sendAgain(transfer, visitor.signedIn)
    seeOther(ctx, nextStop(transfer))
  })

  function signedInVisitor(ctx: Context): { session: Session; signedIn: SignedIn } | undefined {
    const session = sessions.find(ctx)
    return session?.signedIn === undefined ? undefined : { session, signedIn: session.signedIn }
  }

  /** The transfer of the query if it waits for a step-up; otherwise the answer is already given: a step-up never starts over by itself. */
  function challenged(ctx: Context): { session: Session; transfer: Transfer } | undefined {
    const visitor = signedInVisitor(ctx)
    const id = ctx.query.transfer
    const transfer = typeof id === 'string' ? visitor?.session.transfers.get(id) : undefined
    if (visitor !== undefined && transfer?.state === 'challenged') return { session: visitor.session, transfer }
    seeOther(ctx, transfer === undefined ? '/' : `/transfers/${transfer.id}`)
    return undefined
  }

  async function statementFor(ctx: Context, signedIn: SignedIn): Promise<AccountStatement | undefined> {
    const answer = await api.statement(signedIn.accessToken)
    if (answer.outcome === 'ok') return answer.value
    const notice =
      answer.outcome === 'rejected'
        ? { heading: 'Your account cannot be shown', happened: answer.message, next: 'Reload this page in a moment.' }
        : failureNotice({ reason: 'sign-in-expired' })
    pages.show(
      ctx,
      'problem',
      { notice, ways: [{ label: 'Sign in again', href: '/login' }] },
      { status: answer.outcome === 'rejected' ? 502 : 401, signedIn: true },
    )
    return undefined
  }

  function showAccount(
    ctx: Context,
    signedIn: SignedIn,
    statement: AccountStatement,
    form: { payee: string; amount: string; faults: OrderFaults },
    status = 200,
  ): void {
    const level = readableClaims(signedIn.claims, deps.clock.now()).find(({ name }) => name === 'acr') ?? {
      value: '',
      meaning: 'The sign-in service did not tell the level.',
    }
    pages.show(
      ctx,
      'account',
      { statement, level, form },
      { status, signedIn: true, title: status === 200 ? undefined : 'Please check the transfer' },
    )
  }

  function showTransfer(ctx: Context, transfer: Transfer): void {
    const { failure, by } = transfer
    const notice = failure === undefined ? undefined : failureNotice(failure)
    const detail = failure?.reason === 'not-confirmed' ? technicalDetail(failure) : undefined
    const claims = by === undefined ? [] : readableClaims(by.claims, deps.clock.now())
    const rawClaims = by === undefined ? '' : JSON.stringify(by.claims, null, 2)
    const title = transfer.state === 'done' ? 'Transfer done' : transfer.state === 'failed' ? 'Transfer not made' : 'Transfer waiting'
    pages.show(ctx, 'transfer', { transfer, notice, detail, claims, rawClaims, ways: waysOn(transfer) }, { signedIn: true, title })
  }
}

function nextStop(transfer: Transfer): string {
  return transfer.state === 'challenged' ? `/step-up?transfer=${transfer.id}` : `/transfers/${transfer.id}`
}

function waysOn(transfer: Transfer): Way[] {
  const toAccount: Way = { label: 'Back to your account', href: '/account' }
  switch (transfer.state) {
    case 'done':
      return [toAccount]
    case 'sending':
      return [{ label: 'Look again', href: `/transfers/${transfer.id}` }, toAccount]
    case 'challenged':
      return [{ label: 'Continue to the confirmation', href: `/step-up?transfer=${transfer.id}` }, toAccount]
    case 'failed':
      if (transfer.failure?.reason === 'rejected') return [toAccount]
      if (transfer.failure?.reason === 'sign-in-expired') return [{ label: 'Sign in again', href: '/login' }, toAccount]
      return [{ label: 'Try again', href: `/transfers/${transfer.id}/again`, post: true }, toAccount]
  }
}

/** The form's fields as they were typed; anything but a text counts as empty. */
function formOf(body: unknown): { payee: string; amount: string } {
  const fields: { payee?: unknown; amount?: unknown } = typeof body === 'object' && body !== null ? body : {}
  return { payee: typeof fields.payee === 'string' ? fields.payee : '', amount: typeof fields.amount === 'string' ? fields.amount : '' }
}
