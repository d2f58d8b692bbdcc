// The Twilio gateway: calls over its REST API, by its own SDK, and what it calls back with. Any carrier that speaks the same API serves, by its base URL.
import type { CallStep, CarrierOutcome } from '../../../domain/call-script.ts'
import { isE164 } from '../../../domain/phone-number.ts'
import {
  CallRefused,
  type GatewayHealth,
  type OutgoingCall,
  type PlacedCall,
  type ReportVoiceEvent,
  type VoiceGateway,
  type VoiceWebhooks,
  type WebhookAnswer,
  type WebhookRequest,
} from '../../../ports/voice-gateway.ts'
import { readCallback } from './callback.ts'
import { answeredBy, faultOf, faultText, outcomeOf, refusalOf } from './carrier-words.ts'
import { stepTwiml } from './step-twiml.ts'

export interface TwilioGatewayOptions {
  accountSid: string
  authToken: string
  /** The number we call from, E.164. */
  from: string
  /** Where the carrier reaches our webhooks: https, except on this machine. */
  publicUrl: string
  /** Another carrier that speaks the same API; Twilio itself by default. https, except on this machine. */
  baseUrl?: string
  /** Lets the carrier tell persons from machines, which takes it some seconds of every call. Off by default. */
  machineDetection?: boolean
  /** How long one request may take; 10 s by default. */
  timeoutMilliseconds?: number
  /** What it is called in messages; `twilio` by default. */
  name?: string
}

/** Calls in progress that have ended meanwhile, and calls that Twilio no longer knows. */
const notInProgress = 21220
const notFound = 404

/** A gateway to Twilio. Throws when an option cannot work. Its errors hold neither numbers nor credentials. */
export function twilioGateway(options: TwilioGatewayOptions): VoiceGateway & VoiceWebhooks {
  const { accountSid, authToken, from, baseUrl, machineDetection = false, timeoutMilliseconds = 10_000, name = 'twilio' } = options
  if (!isE164(from)) throw new Error(`${name}: "from" must be the number to call from, in E.164 such as +12025550100`)
  const publicUrl = safeUrl(options.publicUrl, `${name}: "publicUrl"`)
  if (baseUrl !== undefined) safeUrl(baseUrl, `${name}: "baseUrl"`)

  let report: ReportVoiceEvent | undefined
  let loaded: ReturnType<typeof load> | undefined

  // The SDK takes a quarter of a second to load: not before it is needed.
  async function load() {
    const { default: twilio } = await import('twilio')
    const client = twilio(accountSid, authToken, { timeout: timeoutMilliseconds })
    if (baseUrl !== undefined) client.api.baseUrl = baseUrl
    return { twilio, client }
  }

  function sdk(): ReturnType<typeof load> {
    loaded ??= load()
    return loaded
  }

  function tell(event: Parameters<ReportVoiceEvent>[0]): Promise<CallStep> {
    if (report === undefined) throw new Error(`${name}: a callback came before the gateway was started`)
    return report(event)
  }

  function callUrl(call: string, rest: string): string {
    return `${publicUrl}/calls/${encodeURIComponent(call)}/${rest}`
  }

  async function twimlOf(call: string, step: CallStep): Promise<string> {
    const { twilio } = await sdk()
    const urls = { keys: callUrl(call, `keys/${step.sequence}`), silence: callUrl(call, `silence/${step.sequence}`) }
    return stepTwiml(new twilio.twiml.VoiceResponse(), step, urls)
  }

  function outage(doing: string, error: unknown): Error {
    return new Error(`${name} ${faultText(faultOf(error))} when asked to ${doing}`)
  }

  /** Changes a call in progress; whether it still was in progress. */
  async function update(reference: string, change: { twiml: string } | { status: 'completed' }): Promise<boolean> {
    const { client } = await sdk()
    try {
      await client.calls(reference).update(change)
      return true
    } catch (error) {
      const { code, status } = faultOf(error)
      if (code === notInProgress || status === notFound) return false
      throw outage('continue a call', error)
    }
  }

  return {
    async start(takeReport) {
      report = takeReport
    },

    async place(call) {
      if (!isE164(call.to)) throw new CallRefused('invalid-number', 'the number to call is not in E.164')
      if (call.extension !== undefined && !/^[\d*#]{1,30}$/.test(call.extension)) {
        throw new CallRefused('invalid-number', 'the extension is not made of 1 to 30 of the keys 0-9, * and #')
      }
      const { client } = await sdk()
      try {
        const { sid } = await client.calls.create(order(call))
        return sid
      } catch (error) {
        const fault = faultOf(error)
        const outcome = refusalOf(fault.code)
        if (outcome !== undefined) throw new CallRefused(outcome, `${name} ${faultText(fault)}`)
        throw outage('place a call', error)
      }
    },

    async continueWith(call, step) {
      const reference = referenceOf(call)
      if (step.say.length > 0 || step.next.do === 'gather') {
        const changed = await update(reference, { twiml: await twimlOf(call.id, step) })
        // Refused is also a call that still rings: nobody can be told anything there, but it must not go on ringing.
        if (changed || step.next.do === 'gather') return
      }
      await update(reference, { status: 'completed' })
    },

    async lookUp(call): Promise<'live' | 'unknown' | CarrierOutcome> {
      if (call.carrierReference === undefined) return 'unknown'
      const { client } = await sdk()
      try {
        const { status } = await client.calls(call.carrierReference).fetch()
        return outcomeOf(status) ?? 'live'
      } catch (error) {
        if (faultOf(error).status === notFound) return 'unknown'
        throw outage('look up a call', error)
      }
    },

    async health(): Promise<GatewayHealth> {
      const { client } = await sdk()
      try {
        const { status } = await client.api.v2010.accounts(accountSid).fetch()
        if (status === 'active') return { ready: true, detail: `${name}: the account is active` }
        return { ready: false, detail: `${name}: the account is ${status}, calls need an active one` }
      } catch (error) {
        const fault = faultOf(error)
        if (fault.status === 401) return { ready: false, detail: `${name} does not accept the account SID and auth token: check both` }
        return { ready: false, detail: `${name} ${faultText(fault)}` }
      }
    },

    async answerWebhook(request: WebhookRequest): Promise<WebhookAnswer> {
      const { twilio } = await sdk()
      const callback = readCallback(request, { accountSid, authToken, publicUrl, validateRequest: twilio.validateRequest })
      if ('refused' in callback) return { status: callback.refused, body: '' }
      const { call, carrierReference, param } = callback
      switch (callback.kind) {
        case 'status': {
          const status = param('CallStatus') ?? ''
          const outcome = outcomeOf(status, param('SipResponseCode'))
          if (outcome !== undefined) await tell({ call, carrierReference, type: 'over', outcome })
          else if (status === 'ringing') await tell({ call, carrierReference, type: 'ringing' })
          return { status: 204, body: '' }
        }
        case 'answered': {
          const step = await tell({ call, carrierReference, type: 'answered', by: answeredBy(param('AnsweredBy')) })
          return { status: 200, type: 'text/xml', body: await twimlOf(call, step) }
        }
        case 'keys':
        case 'silence': {
          const keys = callback.kind === 'keys' ? (param('Digits') ?? '') : ''
          if (!/^[\d*#]{0,64}$/.test(keys)) return { status: 403, body: '' }
          const step = await tell({ call, carrierReference, type: 'keys', sequence: callback.sequence, keys })
          return { status: 200, type: 'text/xml', body: await twimlOf(call, step) }
        }
      }
    },
  }

  function order(call: OutgoingCall) {
    return {
      to: call.to,
      from,
      url: callUrl(call.id, 'answered'),
      method: 'POST',
      statusCallback: callUrl(call.id, 'status'),
      statusCallbackMethod: 'POST',
      statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
      timeout: call.ringSeconds,
      timeLimit: call.maxSeconds,
      record: false,
      // Half a second of silence each, so that the exchange that answered is listening.
      ...(call.extension === undefined ? {} : { sendDigits: `ww${call.extension}` }),
      ...(machineDetection ? { machineDetection: 'Enable' } : {}),
    }
  }

  function referenceOf(call: PlacedCall): string {
    if (call.carrierReference === undefined) throw new Error(`${name} has not said yet what it calls this call: try again when it has`)
    return call.carrierReference
  }
}

function safeUrl(text: string, what: string): string {
  const url = URL.parse(text)
  const local = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url === null || (url.protocol !== 'https:' && !(local && url.protocol === 'http:')) || url.search !== '' || url.hash !== '') {
    throw new Error(`${what} must be an https URL without query, or http on this machine`)
  }
  return text.replace(/\/+$/, '')
}
