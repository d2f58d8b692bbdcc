// Refuses a POST that did not come from a page of ours (ASVS 5.0, 3.5.1).
import type { Middleware } from 'koa'

/** `Sec-Fetch-Site: same-origin`, or an equal `Origin` where that header is absent. `origin` is the configured one, never a header's. */
export function sameOriginOnly(origin: string): Middleware {
  return async (ctx, next) => {
    if (ctx.method === 'POST') {
      const site = ctx.get('Sec-Fetch-Site')
      const same = site === '' ? ctx.get('Origin') === origin : site === 'same-origin'
      if (!same) {
        ctx.status = 403
        ctx.type = 'text'
        ctx.body = 'This form was sent from another site, so nothing was done. Go back to the page it belongs to and send it from there.\n'
        return
      }
    }
    await next()
  }
}
