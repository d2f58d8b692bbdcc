// A simulated carrier with a manual clock, a handset of it, and somebody who is called back: all over real HTTP.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'
import { type Handset, handset } from '../support/handset.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

export const accountSid = `AC${'0123456789abcdef'.repeat(2)}`
export const authToken = 'the auth token of the test'
export const from = '+12025550100'
export const to = '+12025550143'

export interface CarrierLab {
  simulator: Simulator
  clock: ManualClock
  handset: Handset
  close(): Promise<void>
}

/** Starts a carrier; anything of its options can be said otherwise. */
export async function carrierLab(options: Partial<SimulatorOptions> = {}): Promise<CarrierLab> {
  const clock = manualClock()
  const simulator = await startSimulator({ port: 0, accountSid, authToken, issuer: 'http://localhost:4000', clock, ...options })
  return { simulator, clock, handset: handset(simulator.url, to), close: () => simulator.close() }
}

export interface Callback {
  method: string
  /** Path and query. */
  path: string
  headers: IncomingHttpHeaders
  body: string
  params: Record<string, string>
}

export interface CallbackAnswer {
  status?: number
  type?: string
  body?: string
}

/** Somebody whom carriers call back. */
export interface CalledBack {
  url: string
  /** In the order in which they came. */
  callbacks: Callback[]
  until(isLike: (callback: Callback) => boolean): Promise<Callback>
  close(): void
}

export async function calledBack(answer: (callback: Callback) => CallbackAnswer | Promise<CallbackAnswer>): Promise<CalledBack> {
  const callbacks: Callback[] = []
  const waiting = new Set<() => void>()
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const path = request.url ?? ''
    const params = Object.fromEntries(request.method === 'GET' ? new URL(path, 'http://localhost').searchParams : new URLSearchParams(body))
    const callback = { method: request.method ?? '', path, headers: request.headers, body, params }
    callbacks.push(callback)
    for (const look of waiting) look()
    const { status = 200, type, body: answered = '' } = await answer(callback)
    response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(answered)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    callbacks,
    until(isLike) {
      return new Promise((resolve) => {
        const look = () => {
          const found = callbacks.find(isLike)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      })
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** TwiML as an answer. */
export function twiml(verbs: string): CallbackAnswer {
  return { type: 'text/xml', body: `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>` }
}

/** A request to the REST API, as the account. */
export async function rest(
  simulator: Simulator,
  method: string,
  path: string,
  form?: Record<string, string> | [string, string][],
  token = authToken,
) {
  const response = await fetch(`${simulator.url}/2010-04-01/Accounts/${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${token}`).toString('base64')}` },
    body: form === undefined ? undefined : new URLSearchParams(form),
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}
