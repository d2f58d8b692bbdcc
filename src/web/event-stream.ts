// Server-sent events: one message whenever something changed, for as long as somebody listens.
import type { Context } from 'koa'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

const heartbeatMilliseconds = 15_000

/** Answers with an event stream of what `follow` yields, each message sent once; ends with the listener, with the stream, or when `closing` aborts. */
export function sendEvents(ctx: Context, follow: (signal: AbortSignal) => AsyncIterable<string>, closing: AbortSignal, clock: Clock, log: Log): void {
  const ended = new AbortController()
  const signal = AbortSignal.any([ended.signal, closing])
  ctx.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
  ctx.status = 200
  // Written by hand: as a body, every listener that leaves would be an error of the application's.
  ctx.respond = false
  const stream = ctx.res
  stream.once('close', () => ended.abort())
  stream.write('retry: 1000\n\n')

  let cancelHeartbeat = () => {}
  const beat = () => {
    cancelHeartbeat = clock.after(heartbeatMilliseconds, () => {
      stream.write(': still here\n\n')
      beat()
    })
  }
  beat()
  const pump = async () => {
    let last: string | undefined
    for await (const message of follow(signal)) {
      if (message !== last) stream.write(`data: ${message}\n\n`)
      last = message
    }
  }
  pump()
    .catch((error: unknown) => log.error({ err: error }, 'an event stream broke off'))
    .finally(() => {
      cancelHeartbeat()
      ended.abort()
      stream.end()
    })
}
