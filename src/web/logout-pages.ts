// RP-initiated logout in our own words, and back to the client in a way that browsers let through.
import Router from '@koa/router'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { PageFrames } from './page-frame.ts'
import { sameOriginOnly } from './same-origin.ts'
import { securityHeaders, setSecurityHeaders } from './security-headers.ts'

const path = '/signed-out'
const confirmPath = '/session/end/confirm'

export interface LogoutPages {
  /** For oidc-provider's `logoutSource`. */
  ask(ctx: KoaContextWithOIDC): void
  /** For its `postLogoutSuccessSource`. */
  done(ctx: KoaContextWithOIDC): void
  /** Puts the rest on the built provider. */
  mount(provider: Provider): void
}

export function logoutPages({ issuer, frames }: { issuer: string; frames: PageFrames }): LogoutPages {
  const { origin, protocol } = new URL(issuer)
  const secure = protocol === 'https:'
  // Where which client wants the browser back, and whether it is signed out of us too; signed, and read once by the page that goes there.
  const cookieName = `${secure ? '__Secure-' : ''}ringback_signed_out`
  const cookie = { signed: true, httpOnly: true, sameSite: 'lax', secure, path } as const
  return {
    ask(ctx) {
      setSecurityHeaders(ctx, { secure })
      const { session, client } = ctx.oidc
      frames.show(ctx, {
        page: 'logout',
        action: ctx.oidc.urlFor('end_session_confirm'),
        xsrf: String(session?.state?.secret),
        client: client?.clientName,
      })
    },
    done(ctx) {
      setSecurityHeaders(ctx, { secure })
      frames.show(ctx, { page: 'logged-out', client: ctx.oidc.client?.clientName })
    },
    mount(provider) {
      const router = new Router()
      router.use(path, securityHeaders({ secure }), frames.errors)
      router.get(path, async (ctx) => {
        const back = ctx.cookies.get(cookieName, { signed: true })
        if (back === undefined) return frames.show(ctx, { page: 'logged-out' })
        ctx.cookies.set(cookieName, null, cookie)
        const { to = '', client = new URL(to).host, kind } = Object.fromEntries(new URLSearchParams(back))
        frames.show(ctx, { page: 'finished', kind: kind === 'stayed' ? 'stayed' : 'signed-out', client, refresh: to })
      })
      // The form's redirect may not leave for another origin (`form-action`), so it leads to a page of ours that goes there.
      router.post(confirmPath, sameOriginOnly(origin), async (ctx, next) => {
        await next()
        const location = ctx.response.get('Location')
        if (ctx.status !== 303 || location === '' || new URL(location, issuer).origin === origin) return
        const { client, params } = ctx.oidc ?? {}
        const back = new URLSearchParams({ to: location, kind: params?.logout === undefined ? 'stayed' : 'signed-out' })
        if (client?.clientName !== undefined) back.set('client', client.clientName)
        ctx.cookies.set(cookieName, back.toString(), cookie)
        ctx.redirect(path)
        ctx.status = 303
      })
      provider.use(router.routes())
    },
  }
}
