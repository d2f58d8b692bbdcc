// The three requests that every page of an interaction answers: show it, act on its form, and go back to the client.
// How it ended is stored before the browser is told, so that each of them may be repeated, and none of them can be skipped.
import bodyParser from '@koa/bodyparser'
import Router from '@koa/router'
import type { Context } from 'koa'
import { errors, type Interaction, type Provider } from 'oidc-provider'
import { mountPath, type PageFrames } from './page-frame.ts'
import type { FinishedKind } from './page-models.ts'
import { sameOriginOnly } from './same-origin.ts'
import { securityHeaders } from './security-headers.ts'

/** How an interaction ends: what `interactionFinished` takes. */
export type InteractionResult = Record<string, unknown>

/** One request to a page: the interaction it belongs to, found by the browser's own cookie. */
export interface Visit {
  interaction: Interaction
  /** The relying party's name for people, and its id. */
  client: string
  clientId: string
  /** The path of the page itself. */
  here: string
}

export interface InteractionPages<Problem> {
  provider: Provider
  frames: PageFrames
  /** Below the provider; the uid follows. */
  path: string
  /** The prompt whose interactions these pages serve. */
  prompt: string
  /** Carries out what the form asks for. Answers with a problem, or with how the interaction ends, or with neither: then the page is shown again. */
  act(ctx: Context, visit: Visit, form: Record<string, unknown>): Promise<{ problem: Problem } | { result: InteractionResult } | undefined>
  /** Shows the page, with the problem of the form just sent. */
  show(ctx: Context, visit: Visit, problem?: Problem): Promise<void>
  /** How the interaction ends by what is stored elsewhere, if it does. */
  resultOf?(visit: Visit): Promise<InteractionResult | undefined>
  finishedKind(result: InteractionResult): FinishedKind
  /** Answers `GET {path}/{uid}/events`. */
  events?(ctx: Context, visit: Visit): void
}

/** Puts the pages on the provider. */
export function mountInteractionPages<Problem>(pages: InteractionPages<Problem>): void {
  const { provider, frames, path } = pages
  const issuer = new URL(provider.issuer)
  const router = new Router({ prefix: path })
  router.use(securityHeaders({ secure: issuer.protocol === 'https:' }), frames.errors, sameOriginOnly(issuer.origin))

  router.get('/:uid', async (ctx) => {
    const visit = await visitOf(ctx)
    if (visit !== undefined) await showPage(ctx, visit)
  })

  router.post('/:uid', bodyParser({ enableTypes: ['form'], formLimit: '8kb' }), async (ctx) => {
    const visit = await visitOf(ctx)
    if (visit === undefined) return
    const body: unknown = ctx.request.body
    const acted = visit.interaction.result === undefined ? await pages.act(ctx, visit, isObject(body) ? body : {}) : undefined
    if (acted !== undefined && 'problem' in acted) return showPage(ctx, visit, acted.problem)
    if (acted !== undefined) await store(ctx, acted.result)
    seeOther(ctx, visit.here)
  })

  // A GET, since it changes nothing that is not stored already: it takes the browser where the stored result says.
  router.get('/:uid/finish', async (ctx) => {
    const visit = await visitOf(ctx)
    if (visit === undefined) return
    const { interaction } = visit
    if (interaction.result !== undefined) return seeOther(ctx, interaction.returnTo)
    const result = await pages.resultOf?.(visit)
    seeOther(ctx, result === undefined ? visit.here : await store(ctx, result))
  })

  if (pages.events !== undefined) {
    const { events } = pages
    router.get('/:uid/events', async (ctx) => {
      const visit = await visitOf(ctx)
      if (visit !== undefined) events(ctx, visit)
    })
  }

  provider.use(router.routes())

  async function showPage(ctx: Context, visit: Visit, problem?: Problem): Promise<void> {
    const result = visit.interaction.result ?? (await pages.resultOf?.(visit))
    if (result === undefined) return pages.show(ctx, visit, problem)
    frames.show(ctx, { page: 'finished', kind: pages.finishedKind(result), client: visit.client, refresh: `${visit.here}/finish` })
  }

  async function visitOf(ctx: Context): Promise<Visit | undefined> {
    const uid: string = ctx.params.uid
    const interaction = await findInteraction(ctx, uid)
    if (interaction === 'over') frames.show(ctx, { page: 'already-finished' })
    if (interaction === 'unknown') frames.show(ctx, { page: 'session-not-found' }, 400)
    if (typeof interaction === 'string') return undefined
    const clientId = String(interaction.params.client_id)
    const client = (await provider.Client.find(clientId))?.clientName ?? clientId
    return { interaction, client, clientId, here: `${mountPath(ctx)}${path}/${uid}` }
  }

  /** The interaction named in the path, if this browser's signed cookie names the same one; `over` when this browser had it and it has ended. */
  async function findInteraction(ctx: Context, uid: string): Promise<Interaction | 'over' | 'unknown'> {
    const { cookies } = provider.createContext(ctx.req, ctx.res)
    // Without these options the signature would not be looked at.
    const cookie = cookies.get(provider.cookieName('interaction'), { signed: Boolean(provider.keys) })
    if (cookie !== uid) return 'unknown'
    try {
      const interaction = await provider.interactionDetails(ctx.req, ctx.res)
      if (interaction.uid !== uid || interaction.prompt.name !== pages.prompt) return 'unknown'
      // Whoever is signed in here must be who the page is about: a planted interaction cookie is not enough.
      const session = interaction.session && (await provider.Session.get(ctx))
      return session?.uid === interaction.session?.uid ? interaction : 'unknown'
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return 'over'
      throw error
    }
  }

  /** Stores how the interaction ended; what came before it (a login) is kept. */
  function store(ctx: Context, result: InteractionResult): Promise<string> {
    return provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: true })
  }
}

function seeOther(ctx: Context, location: string): void {
  ctx.status = 303
  ctx.redirect(location)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
