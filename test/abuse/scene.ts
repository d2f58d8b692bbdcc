// The whole thing as an attacker meets it: on production's limits, with what an attacker would make by hand and what an auditor reads afterwards.
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Config } from '../../src/config.ts'
import { defaultLimits } from '../../src/domain/guard.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { twilioSignature } from '../../src/simulator/webhook.ts'
import { type Flow, startFlow } from '../flow/flow.ts'
import type { Asked, Person } from '../flow/person.ts'
import type { CookieBrowser, Visited } from '../support/cookie-browser.ts'

export type AuditLine = Record<string, unknown>

/** Fields of a form, parameters of a request, or headers. */
export type Fields = Record<string, string>

/** A callback to the provider, as a carrier or somebody who plays one would send it. */
export interface Forgery {
  /** Added to, or replacing, what the carrier sends. */
  params?: Record<string, string>
  /** Signed with this in place of the account's own token. */
  token?: string
  /** Signed for this address in place of the one it is sent to. */
  signedUrl?: string
  /** In place of a signature; `null` for none. */
  signature?: string | null
  /** What is sent in place of what was signed. */
  body?: string
}

export interface Scene extends Flow {
  /** What was written about this challenge, or about everything. */
  auditOf(challenge?: string): Promise<AuditLine[]>
  count(type: string, challenge?: string): Promise<number>
  /** Our ids of the newest call and its challenge. */
  newest(): Promise<{ call: string; challenge: string }>
  /** Sends a callback for a call, under `/voice/calls/{call}/{rest}`. `sid` is the carrier's reference. */
  callBack(call: string, rest: string, sid: string, forgery?: Forgery): Promise<{ status: number; body: string }>
}

export async function startScene(options: { people: number; clock?: Clock; change?: (config: Config) => void }): Promise<Scene> {
  const flow = await startFlow({
    ...options,
    change(config) {
      config.factor.limits = { ...defaultLimits }
      options.change?.(config)
    },
  })
  const { config, dataDir } = flow.ringback
  const { carrier }: { carrier: { accountSid: string; authToken: string } } = JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8'))

  async function auditOf(challenge?: string): Promise<AuditLine[]> {
    return (await flow.audit()).filter((line) => challenge === undefined || line.challenge === challenge)
  }

  return {
    ...flow,
    auditOf,
    async count(type, challenge) {
      return (await auditOf(challenge)).filter((line) => line.type === type).length
    },
    async newest() {
      const line = (await flow.audit()).findLast(({ type }) => type === 'call.requested')
      if (line === undefined) throw new Error('no call was requested yet')
      return { call: String(line.call), challenge: String(line.challenge) }
    },
    async callBack(call, rest, sid, { params, token = carrier.authToken, signedUrl, signature, body } = {}) {
      const url = `${config.voice.publicUrl}/calls/${call}/${rest}`
      const sent = { CallSid: sid, AccountSid: carrier.accountSid, CallStatus: 'in-progress', Direction: 'outbound-api', ...params }
      const given = signature === undefined ? twilioSignature(token, signedUrl ?? url, sent) : signature
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...(given === null ? {} : { 'x-twilio-signature': given }) },
        body: body ?? String(new URLSearchParams(sent)),
      })
      return { status: answer.status, body: await answer.text() }
    },
  }
}

/** Somebody signed in and on the page of the call. */
export function onPhonePage(who: Person, scene: Scene, parameters: Record<string, string> = {}): Promise<Asked> {
  return who.askAndSignIn(scene.bank, { acr_values: 'urn:ringback:acr:phone', ...parameters })
}

/** Somebody who was told a code and has not typed it yet. */
export async function told(who: Person, scene: Scene): Promise<{ asked: Asked; page: Visited; code: string; challenge: string }> {
  const asked = await onPhonePage(who, scene)
  const calling = await who.beCalled(asked.page, { mode: 'spoken' })
  const code = await who.hearCode(calling)
  return { asked, page: await who.reload(calling), code, challenge: (await scene.newest()).challenge }
}

/** So many different codes that are not this one. */
export function wrongCodes(right: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String((Number(right) + index + 1) % 10 ** right.length).padStart(right.length, '0'))
}

/** One POST of a page's form, made by hand: nothing of the page is added, no redirect followed. */
export function post(
  browser: CookieBrowser,
  url: string,
  body: Record<string, string> | string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return browser.request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', ...headers },
    body: typeof body === 'string' ? body : String(new URLSearchParams(body)),
  })
}

/** A request whose path and headers no client library puts in order first. */
export function rawRequest(
  origin: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }> {
  const { hostname, port } = new URL(origin)
  const headers = { ...(options.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(options.body)) }), ...options.headers }
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method: options.method ?? 'GET', headers, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => {
        body += text
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}
