// The carrier's callbacks, handed raw to the gateway that knows how they are signed.
import type { Middleware } from 'koa'
import type { VoiceWebhooks } from '../ports/voice-gateway.ts'

const bodyLimit = 64 * 1024

/** Serves everything below `path` to the gateway; anything else goes on. */
export function voiceWebhooks(path: string, gateway: VoiceWebhooks): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith(`${path}/`)) return next()
    if (ctx.method !== 'POST') {
      ctx.status = 405
      ctx.set('Allow', 'POST')
      return
    }
    const body = await readBody(ctx.req)
    if (body === undefined) {
      ctx.status = 413
      return
    }
    const answer = await gateway.answerWebhook({ path: ctx.url.slice(path.length), headers: ctx.headers, body })
    ctx.status = answer.status
    ctx.set('Cache-Control', 'no-store')
    if (answer.type !== undefined) ctx.type = answer.type
    ctx.body = answer.body
  }
}

async function readBody(request: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.byteLength
    if (size > bodyLimit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
