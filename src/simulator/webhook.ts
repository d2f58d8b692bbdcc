// The carrier's own requests: signed as Twilio signs them, and only ever to this machine.
import { createHmac } from 'node:crypto'
import { isLoopbackUrl } from './loopback.ts'
import { CallFault, type HttpMethod } from './twiml.ts'

export interface Webhook {
  url: string
  method: HttpMethod
  params: Record<string, string>
}

/** What came back, status 2xx. */
export interface WebhookReply {
  /** The media type, without parameters, in lower case. */
  type: string
  body: string
}

const answerMilliseconds = 15_000

/** `X-Twilio-Signature`: base64 of HMAC-SHA1 over the URL followed by every parameter's name and value, sorted by name. */
export function twilioSignature(authToken: string, url: string, params: Record<string, string>): string {
  const signed = Object.keys(params)
    .sort()
    .reduce((text, name) => text + name + params[name], url)
  return createHmac('sha1', authToken).update(signed, 'utf8').digest('base64')
}

/** Sends a webhook. Throws CallFault 11200 unless it is answered 2xx within 15 s; redirects are not followed. */
export async function sendWebhook(webhook: Webhook, authToken: string, signal: AbortSignal): Promise<WebhookReply> {
  if (!isLoopbackUrl(webhook.url)) throw new CallFault(11100, 'this carrier calls back to this machine only: localhost, 127.0.0.1 or [::1]')
  const url = new URL(webhook.url)
  const form = new URLSearchParams(webhook.params)
  const post = webhook.method === 'POST'
  if (!post) for (const [name, value] of form) url.searchParams.append(name, value)
  const request = {
    method: webhook.method,
    headers: {
      'X-Twilio-Signature': twilioSignature(authToken, post ? webhook.url : url.href, post ? webhook.params : {}),
      'User-Agent': 'TwilioProxy/1.1 (carrier in a box)',
      Accept: '*/*',
    },
    body: post ? form : undefined,
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerMilliseconds)]),
  } satisfies RequestInit
  const { response, body } = await fetch(url, request)
    .then(async (response) => ({ response, body: await response.text() }))
    .catch((error: unknown) => {
      throw signal.aborted ? error : new CallFault(11205, 'the webhook could not be reached or did not answer within 15 s')
    })
  if (!response.ok) throw new CallFault(11200, `the webhook answered with status ${response.status}`)
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
  return { type: type.trim().toLowerCase(), body }
}
