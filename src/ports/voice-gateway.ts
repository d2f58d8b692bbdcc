// Whoever places telephone calls for us. A gateway reports what happens and is told what to do next; it decides nothing.
import type { HeardEvent } from '../domain/account-factor.ts'
import type { CallStep, CarrierOutcome } from '../domain/call-script.ts'

/** A call we ask a gateway to place. */
export interface OutgoingCall {
  /** Our id of the call: opaque, unguessable, safe in a URL. */
  id: string
  /** Whom to ring, E.164. */
  to: string
  /** Keys sent after the call is answered, before anything is said: an extension inside a company. */
  extension?: string
  /** How long it may ring, in seconds. */
  ringSeconds: number
  /** After how many seconds an answered call is cut off. */
  maxSeconds: number
  /** BCP 47 tag of the language spoken in it. */
  language: string
}

/** A call that a gateway has placed: our id, and the carrier's reference for it once known. */
export interface PlacedCall {
  id: string
  carrierReference?: string
}

/** What a gateway tells us about a call. The same event may be reported twice, late, or out of order. */
export type VoiceEvent = HeardEvent

/** What a gateway says about itself, for operators. */
export interface GatewayHealth {
  ready: boolean
  detail: string
}

/** Raised by `place` when the carrier refuses the call; anything else it throws counts as an outage of the gateway. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused'
  readonly outcome: CarrierOutcome
  constructor(outcome: CarrierOutcome, message: string) {
    super(message)
    this.outcome = outcome
  }
}

/** Takes an event and answers with what the call does next; only the answers to `answered` and `keys` are to be carried out. */
export type ReportVoiceEvent = (event: VoiceEvent) => Promise<CallStep>

export interface VoiceGateway {
  /** Called once, before any other method, with the function that takes the gateway's reports. */
  start(report: ReportVoiceEvent): Promise<void>
  /** Places a call and returns the carrier's reference as soon as the carrier has accepted it, without waiting for an answer. Throws CallRefused. */
  place(call: OutgoingCall): Promise<string>
  /** Puts a step into a call in progress, in place of what it is doing; a step that only hangs up also ends a call that still rings. Idempotent. */
  continueWith(call: PlacedCall, step: CallStep): Promise<void>
  /** Whether the carrier still has this call: `live`, how it ended, or `unknown`. */
  lookUp(call: PlacedCall): Promise<'live' | 'unknown' | CarrierOutcome>
  health(): Promise<GatewayHealth>
}

/** A carrier's callback over HTTP, as it arrived. */
export interface WebhookRequest {
  /** What follows the configured public URL, query included. */
  path: string
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The raw form body. */
  body: string
}

export interface WebhookAnswer {
  status: number
  /** Content type; absent for an empty body. */
  type?: string
  body: string
}

/** A gateway whose carrier calls back over HTTP: whichever process owns the credentials mounts this under the configured public URL, POST only. */
export interface VoiceWebhooks {
  answerWebhook(request: WebhookRequest): Promise<WebhookAnswer>
}
