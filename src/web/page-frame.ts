// What every page of ours is served with: its headers, its assets, and an error page with an id instead of a stack.
import { randomUUID } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import type { Log } from '../ports/log.ts'
import { pageAssets } from './assets.ts'
import type { Page } from './page-models.ts'
import { pageRenderer } from './render.ts'

export interface PageFrames {
  /** Answers with a page. */
  show(ctx: Context, page: Page, status?: number): void
  /** Turns what is thrown further in into a 500 with an id; the log has the rest under the same id. */
  errors: Middleware
  /** Serves stylesheet, script and icon under `{path}/{name}`. */
  assets: Middleware
}

/** Pages in the name of `brand`, with their assets below `path` (which may itself be mounted: the prefix is taken from the request). */
export function pageFrames({ brand, path, log }: { brand: string; path: string; log: Log }): PageFrames {
  const renderer = pageRenderer({ brand })
  const { files } = pageAssets()
  const show: PageFrames['show'] = (ctx, page, status = 200) => {
    ctx.status = status
    ctx.type = 'html'
    ctx.body = renderer.render(page, { nonce: String(ctx.state.nonce), assets: `${mountPath(ctx)}${path}` })
  }
  return {
    show,
    async errors(ctx, next) {
      try {
        await next()
      } catch (error) {
        const status = unreadableStatus(error)
        if (status !== undefined) {
          ctx.status = status
          ctx.type = 'text'
          ctx.body = 'This form is too large or cannot be read, so nothing was done. Go back to the page it belongs to and send it from there.\n'
          return
        }
        // The request's own id where there is one: the same on the page, in the header and in every line of the log.
        const id: string = ctx.state.requestId ?? randomUUID()
        log.error({ err: error, id, method: ctx.method, route: ctx._matchedRoute }, 'a request failed')
        show(ctx, { page: 'error', id }, 500)
      }
    },
    async assets(ctx, next) {
      const file = ctx.path.startsWith(`${path}/`) ? files.get(ctx.path.slice(path.length + 1)) : undefined
      if (file === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
      ctx.set({ 'Cache-Control': 'public, max-age=31536000, immutable', ETag: file.etag, 'X-Content-Type-Options': 'nosniff' })
      ctx.type = file.type
      ctx.status = 200
      if (ctx.fresh) ctx.status = 304
      else ctx.body = file.body
    },
  }
}

/** What stands before our own paths when the provider is mounted inside another application. */
export function mountPath(ctx: Context): string {
  return ctx.originalUrl.slice(0, ctx.originalUrl.length - ctx.url.length)
}

/** The status for a body that was sent in a way nobody can read (too large, cut off, not as it says): the sender's fault. Undefined for a failure of ours. */
function unreadableStatus(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  // raw-body's errors have a type; zlib's only have a code.
  if ('type' in error && typeof error.type === 'string' && 'status' in error && typeof error.status === 'number' && error.status < 500)
    return error.status
  return 'code' in error && String(error.code).startsWith('Z_') ? 400 : undefined
}
