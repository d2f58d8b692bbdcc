// The bank's pages: which there are, what each is given, and how they are rendered from views/demo.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ejs, { type TemplateFunction } from 'ejs'
import type { Context } from 'koa'
import type { AccountStatement } from './ledger.ts'
import type { Notice } from './notices.ts'
import type { ReadableClaim } from './readable-claims.ts'
import type { Transfer } from './transfer.ts'
import { formatMoney, type OrderFaults, transferLimit } from './transfer-order.ts'

/** A demo account to try: shown on the landing page. */
export interface SignInHint {
  username: string
  password: string
  /** What is special about it, in a few words. */
  about: string
}

/** A way on from a page: a link, or with `post` a button that changes something. */
export interface Way {
  label: string
  href: string
  post?: true
}

interface Views {
  landing: { hints: readonly SignInHint[] }
  account: {
    statement: AccountStatement
    level: Pick<ReadableClaim, 'value' | 'meaning'>
    form: { payee: string; amount: string; faults: OrderFaults }
  }
  transfer: { transfer: Transfer; notice?: Notice; detail?: string; claims: ReadableClaim[]; rawClaims: string; ways: Way[] }
  /** A page that goes on by itself, at once, to `to`: what a form leads to when the next stop is another origin. */
  onward: { heading: string; text: string; to: string; label: string; order?: { payee: string; amount: number } }
  problem: { notice: Notice; detail?: string; ways: Way[] }
}

const titles: Record<keyof Views, string> = {
  landing: 'Welcome',
  account: 'Your account',
  transfer: 'Transfer',
  onward: 'One moment',
  problem: 'Something did not work',
}

export interface Pages {
  show<View extends keyof Views>(ctx: Context, view: View, data: Views[View], options?: { status?: number; signedIn?: boolean; title?: string }): void
  /** Serves the stylesheet and the icon; false when it is neither. */
  asset(ctx: Context): boolean
}

const folder = fileURLToPath(new URL('../../views/demo/', import.meta.url))

/** Reads and compiles everything at once, so that a broken page is found at the start. */
export function loadPages(globals: { issuer: string; phoneUrl?: string }): Pages {
  const compile = (name: string): TemplateFunction =>
    ejs.compile(readFileSync(join(folder, `${name}.ejs`), 'utf8'), { filename: join(folder, `${name}.ejs`) })
  const layout = compile('layout')
  const views: Record<keyof Views, TemplateFunction> = {
    landing: compile('landing'),
    account: compile('account'),
    transfer: compile('transfer'),
    onward: compile('onward'),
    problem: compile('problem'),
  }
  const assets = new Map([
    ['/harbour.css', { type: 'text/css; charset=utf-8', body: readFileSync(join(folder, 'harbour.css')) }],
    ['/harbour.svg', { type: 'image/svg+xml', body: readFileSync(join(folder, 'harbour.svg')) }],
  ])
  const shared = { ...globals, formatMoney, formatDay, transferLimit }

  return {
    show(ctx, view, data, { status = 200, signedIn = false, title = titles[view] } = {}) {
      const body = views[view]({ ...shared, ...data })
      ctx.status = status
      ctx.type = 'html'
      ctx.body = layout({ ...shared, title, body, signedIn, nonce: ctx.state.nonce, onward: 'to' in data ? data.to : undefined })
    },
    asset(ctx) {
      const asset = assets.get(ctx.path)
      if (asset === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return false
      ctx.type = asset.type
      ctx.set('Cache-Control', 'no-cache')
      ctx.body = asset.body
      return true
    },
  }
}

const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

function formatDay(at: number): { human: string; iso: string } {
  return { human: days.format(at), iso: new Date(at).toISOString().slice(0, 10) }
}
