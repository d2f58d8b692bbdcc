// The handset as a page: a telephone in the browser, without anything from elsewhere.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Router } from '@koa/router'
import ejs from 'ejs'
import type { Context } from 'koa'
import { behaviours } from './call.ts'
import type { Carrier } from './carrier.ts'
import { handset, summary } from './handset-api.ts'

const views = new URL('../../views/handset/', import.meta.url)
const assets = { 'handset.css': 'text/css; charset=utf-8', 'handset.js': 'text/javascript; charset=utf-8' }

/** `/` with every handset in use, `/handset/{number}` with one, and what they load. */
export function handsetPages(carrier: Carrier): Router {
  const router = new Router()
  const index = template('index.ejs')
  const page = template('handset.ejs')

  router.get('/', (context) => {
    answer(context, (nonce) => index({ nonce, handsets: carrier.handsets().map(summary) }))
  })

  router.get('/handset', (context) => {
    const { number } = context.query
    // A plus sign typed into a form's address line arrives as a space.
    const typed = typeof number === 'string' ? number.replace(/[\s().\-/]/g, '') : ''
    const { number: e164 } = handset(typed.startsWith('+') ? typed : `+${typed}`, carrier)
    context.redirect(`/handset/${e164}`)
  })

  router.get('/handset/:number', (context) => {
    const shown = handset(context.params.number, carrier)
    answer(context, (nonce) => page({ nonce, handset: summary(shown), behaviours }))
  })

  for (const [name, type] of Object.entries(assets)) {
    const content = readFileSync(new URL(name, views))
    router.get(`/assets/${name}`, (context) => {
      context.set('Cache-Control', 'no-cache')
      context.type = type
      context.body = content
    })
  }

  router.get('/favicon.ico', (context) => {
    context.status = 204
  })

  return router
}

function template(name: string): ejs.TemplateFunction {
  const file = new URL(name, views)
  return ejs.compile(readFileSync(file, 'utf8'), { filename: file.pathname, strict: true, localsName: 'view', _with: false })
}

function answer(context: Context, render: (nonce: string) => string): void {
  const nonce = randomBytes(16).toString('base64')
  const sources = [`script-src 'nonce-${nonce}'`, `style-src 'nonce-${nonce}'`, "connect-src 'self'", "form-action 'self'"]
  context.set('Content-Security-Policy', ["default-src 'none'", ...sources, "base-uri 'none'", "frame-ancestors 'none'"].join('; '))
  context.type = 'html'
  context.body = render(nonce)
}
