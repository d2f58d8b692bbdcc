// The carrier in a box: a telephone carrier for development that speaks what Twilio speaks, with handsets in the browser. It shows codes to
// whoever looks: this machine only, in memory only, never beside an issuer that others can reach.
import { createServer, type Server } from 'node:http'
import Koa, { type Context, type Next } from 'koa'
import { listen } from '../http-server.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import { BadRequest } from './body.ts'
import { createCarrier } from './carrier.ts'
import { handsetApi } from './handset-api.ts'
import { isLoopbackHost, isLoopbackUrl } from './loopback.ts'
import { handsetPages } from './pages.ts'
import { restApi } from './rest-api.ts'

export interface SimulatorOptions {
  /** 0 for any free one. */
  port: number
  /** `localhost`, the default, is 127.0.0.1 and, where there is one, ::1. */
  host?: 'localhost' | '127.0.0.1' | '::1'
  /** `AC` and 32 hexadecimal digits. */
  accountSid: string
  authToken: string
  /** Of the provider that calls through this carrier: refused unless it is on this machine. */
  issuer: string
  clock?: Clock
  logger?: SimulatorLogger
  /** Handsets to show from the start. */
  knownHandsets?: readonly { number: string; label?: string }[]
  /** Calling codes, with their `+`, that calls to are refused with Twilio's 21215. */
  countriesNotServed?: readonly string[]
  /** 0 by default: everything is said in no time. About 60 is a person's pace; keys pressed meanwhile are lost, as on a telephone. */
  speechMillisecondsPerCharacter?: number
  /** 0 by default; 1 makes a `<Pause>` outside `<Gather>` take as long as it says. */
  pauseTimeFactor?: number
}

/** What of pino is used here. Neither numbers nor anything said or keyed is ever passed to it. */
export interface SimulatorLogger {
  warn(about: object, message: string): void
  error(about: object, message: string): void
}

export interface Simulator {
  /** Where its REST API and its handsets are, without a slash at the end. */
  url: string
  accountSid: string
  authToken: string
  /** Ends every call and every open page; nobody is told. */
  close(): Promise<void>
}

/** Starts a carrier. Throws when an option would let anybody but this machine at it, or when the port is taken. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { port, host = 'localhost', accountSid, authToken, issuer, clock = systemClock, logger, countriesNotServed = [] } = options
  if (!['localhost', '127.0.0.1', '::1'].includes(host)) {
    throw new Error(`the simulator listens on this machine only: set its host to localhost, 127.0.0.1 or ::1 instead of ${host}`)
  }
  if (!isLoopbackUrl(issuer)) {
    throw new Error(
      `the simulator shows codes to whoever looks, so it works only for an issuer on this machine (http://localhost, 127.0.0.1 or [::1]), not for ${issuer}: configure a real voice gateway`,
    )
  }
  if (!/^AC[\da-f]{32}$/.test(accountSid)) throw new Error('the simulator needs an accountSid of AC and 32 hexadecimal digits')
  if (authToken === '') throw new Error('the simulator needs an authToken that is not empty')

  const carrier = createCarrier({
    accountSid,
    authToken,
    clock,
    pace: { speechMillisecondsPerCharacter: options.speechMillisecondsPerCharacter ?? 0, pauseTimeFactor: options.pauseTimeFactor ?? 0 },
    knownHandsets: options.knownHandsets ?? [],
    onFault: (call, fault) => logger?.warn({ call: call.sid, fault: fault.code }, `simulated call: ${fault.message}`),
  })
  const app = new Koa()
  app.silent = true
  app.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever closes a page that follows the carrier live leaves in the middle of an answer.
    if (!['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET'].includes(error.code ?? '')) logger?.error({ err: error }, 'the simulator failed to answer')
  })
  app.use(guard)
  app.use(answerPlainly)
  for (const router of [restApi(carrier, { accountSid, authToken, countriesNotServed }), handsetApi(carrier), handsetPages(carrier)]) {
    app.use(router.routes()).use(router.allowedMethods())
  }

  const handler = app.callback()
  const what = 'the simulated carrier'
  const first = createServer(handler)
  const servers = [first]
  const chosen = await listen(first, { port, host: host === 'localhost' ? '127.0.0.1' : host, what })
  if (host === 'localhost') {
    // With a port of our own choosing, the other family's may be taken: then the address names the family we have.
    const second = createServer(handler)
    const listening = await listen(second, { port: chosen, host: '::1', what }).then(
      () => true,
      (error: Error) => {
        if (error.cause !== undefined && port !== 0) throw error
        return false
      },
    )
    if (listening) servers.push(second)
  }
  const name = servers.length > 1 ? 'localhost' : host === '::1' ? '[::1]' : '127.0.0.1'
  return {
    url: `http://${name}:${chosen}`,
    accountSid,
    authToken,
    async close() {
      carrier.close()
      await Promise.all(servers.map(close))
    },
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Pages from elsewhere get nothing: neither by a name of theirs that leads here (DNS rebinding), nor by a form of theirs (CSRF). */
async function guard(context: Context, next: Next): Promise<void> {
  context.set({
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  })
  const site = context.get('sec-fetch-site')
  const origin = context.get('origin')
  const changes = context.method !== 'GET' && context.method !== 'HEAD'
  const foreign = site === '' ? origin !== '' && origin !== `http://${context.host}` : site !== 'same-origin' && site !== 'none'
  if (!isLoopbackHost(context.host) || (changes && foreign)) {
    context.status = 403
    context.body = { error: 'this carrier answers to its own pages and to programs on this machine only' }
    return
  }
  await next()
}

async function answerPlainly(context: Context, next: Next): Promise<void> {
  try {
    await next()
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error
    context.status = error.status
    context.body = { error: error.message }
    return
  }
  if (context.status === 404 && context.body === undefined) {
    context.status = 404
    context.body = { error: 'there is nothing here: the handsets are at / and the REST API is under /2010-04-01/Accounts' }
  }
}
