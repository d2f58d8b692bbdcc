// Twilio's callbacks: only what carries its signature is believed.
import type { validateRequest } from 'twilio'
import type { WebhookRequest } from '../../../ports/voice-gateway.ts'

/** A callback that is Twilio's own and well-formed. */
export type Callback = { call: string; carrierReference: string; param(name: string): string | undefined } & (
  | { kind: 'answered' }
  | { kind: 'status' }
  | { kind: 'keys'; sequence: number }
  | { kind: 'silence'; sequence: number }
)

export interface CallbackVerifier {
  accountSid: string
  authToken: string
  /** Without a slash at the end. */
  publicUrl: string
  validateRequest: typeof validateRequest
}

const paths = /^\/calls\/(?<call>[\w.-]{1,128})\/(?:(?<kind>answered|status)|(?<step>keys|silence)\/(?<sequence>\d{1,9}))$/

/** Reads a callback: the status to refuse it with, or what it says. The URL that was signed is the configured one, whatever host the request names. */
export function readCallback(request: WebhookRequest, verifier: CallbackVerifier): Callback | { refused: 403 | 404 } {
  const groups = paths.exec(request.path)?.groups
  if (groups?.call === undefined) return { refused: 404 }
  const signature = request.headers['x-twilio-signature']
  const params = formParams(request.body)
  const url = verifier.publicUrl + request.path
  if (typeof signature !== 'string' || !verifier.validateRequest(verifier.authToken, signature, url, params)) return { refused: 403 }
  // The signature joins names and values without a mark between them, so one that was overheard also fits parameters cut elsewhere. Hence every value is held to its form.
  const param = (name: string) => (typeof params[name] === 'string' ? params[name] : undefined)
  const carrierReference = param('CallSid')
  if (param('AccountSid') !== verifier.accountSid || carrierReference === undefined || !/^CA[\da-f]{32}$/.test(carrierReference))
    return { refused: 403 }
  const about = { call: groups.call, carrierReference, param }
  if (groups.kind === 'answered' || groups.kind === 'status') return { ...about, kind: groups.kind }
  return { ...about, kind: groups.step === 'keys' ? 'keys' : 'silence', sequence: Number(groups.sequence) }
}

function formParams(body: string): Record<string, string | string[]> {
  const params: Record<string, string | string[]> = Object.create(null)
  const form = new URLSearchParams(body)
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name)
    params[name] = values.length === 1 ? (values[0] ?? '') : values
  }
  return params
}
