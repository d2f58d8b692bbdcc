// One call of the carrier: how it rings, is answered and ends, and what is reported about it on the way.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../ports/clock.ts'
import { type Conversation, type Instructions, type Pace, startConversation } from './conversation.ts'
import { CallFault, type HttpMethod } from './twiml.ts'
import { sendWebhook, type WebhookReply } from './webhook.ts'

/** The Call resource's own words for where a call stands. */
export type CallStatus = 'queued' | 'ringing' | 'in-progress' | FinalStatus
export type FinalStatus = 'completed' | 'busy' | 'failed' | 'no-answer' | 'canceled'

/** How a handset takes calls. */
export const behaviours = ['manual', 'answer', 'busy', 'decline', 'no-answer', 'unreachable', 'voicemail', 'greeting-with-tones'] as const
export type Behaviour = (typeof behaviours)[number]

export const progressEvents = ['initiated', 'ringing', 'answered', 'completed'] as const
export type ProgressEvent = (typeof progressEvents)[number]

/** A call as it was ordered. */
export interface CallOrder {
  to: string
  from: string
  instructions: Instructions
  statusCallback?: { url: string; method: HttpMethod; events: readonly ProgressEvent[] }
  ringSeconds: number
  limitSeconds: number
  /** Keyed by the carrier after the answer. */
  sendDigits?: string
  detectMachine: boolean
}

/** What all calls of a carrier share. */
export interface Trunk {
  accountSid: string
  authToken: string
  clock: Clock
  pace: Pace
  /** Aborted when the carrier closes. */
  closing: AbortSignal
  onChange(call: CarrierCall): void
  onFault(call: CarrierCall, fault: CallFault): void
}

export interface Heard {
  text: string
  language: string
  /** ISO 8601. */
  at: string
}

export interface PressedKey {
  key: string
  result: 'taken' | 'discarded'
}

/** Everything there is to know about a call; times are milliseconds since 1970. */
export interface CallState {
  status: CallStatus
  createdAt: number
  updatedAt: number
  answeredAt?: number
  endedAt?: number
  answeredBy?: 'human' | 'machine_start'
  sipResponseCode?: number
  heard: Heard[]
  keys: PressedKey[]
  /** Why the carrier gave up. */
  fault?: string
}

export interface CarrierCall {
  readonly sid: string
  readonly order: CallOrder
  readonly state: Readonly<CallState>
  gathering(): ReturnType<Conversation['gathering']>
  /** Lets the handset ring, or do whatever it does with a call. */
  dial(behaviour: Behaviour): void
  // What the callee does; false when the call is in no state for it.
  answer(): boolean
  decline(): boolean
  busy(): boolean
  hangUp(): boolean
  /** One key after the other; undefined when nobody has answered, or not any more. */
  press(keys: string): PressedKey[] | undefined
  // What the caller does over the REST API; false when the call is in no state for it.
  cancel(): boolean
  complete(): boolean
  redirect(instructions: Instructions): boolean
}

const apology = { text: 'We are sorry, an application error has occurred. Goodbye.', language: 'en-US' }

export function createCarrierCall(order: CallOrder, trunk: Trunk): CarrierCall {
  const { clock } = trunk
  const createdAt = clock.now()
  const state: CallState = { status: 'queued', createdAt, updatedAt: createdAt, heard: [], keys: [] }
  const timers = new Set<() => void>()
  let conversation: Conversation | undefined
  let pressesTones = false
  let sequenceNumber = 0
  let webhooks: Promise<unknown> = Promise.resolve()

  /** Webhooks of one call go out one after the other, so that they arrive in the order of what they report. */
  function send(url: string, method: HttpMethod, params: Record<string, string>, ...signals: AbortSignal[]): Promise<WebhookReply> {
    const sent = webhooks.then(() => sendWebhook({ url, method, params }, trunk.authToken, AbortSignal.any([trunk.closing, ...signals])))
    webhooks = sent.catch(() => {})
    return sent
  }

  function params(): Record<string, string> {
    return {
      CallSid: call.sid,
      AccountSid: trunk.accountSid,
      From: order.from,
      To: order.to,
      Caller: order.from,
      Called: order.to,
      CallStatus: state.status,
      Direction: 'outbound-api',
      ApiVersion: '2010-04-01',
      ...(order.detectMachine && state.answeredBy !== undefined ? { AnsweredBy: state.answeredBy } : {}),
    }
  }

  function report(event: ProgressEvent): void {
    const number = sequenceNumber++
    if (order.statusCallback === undefined || !order.statusCallback.events.includes(event)) return
    const about = {
      ...params(),
      SequenceNumber: String(number),
      Timestamp: rfc2822(clock.now()),
      CallbackSource: 'call-progress-events',
      ...(event === 'initiated' ? { CallStatus: 'initiated' } : {}),
      ...(state.endedAt === undefined
        ? {}
        : { CallDuration: String(durationSeconds(state)), Duration: String(Math.ceil(durationSeconds(state) / 60)) }),
      ...(state.sipResponseCode === undefined ? {} : { SipResponseCode: String(state.sipResponseCode) }),
    }
    // Nobody who misses a report is told twice: Twilio does not either.
    send(order.statusCallback.url, order.statusCallback.method, about).catch((error: unknown) => {
      if (error instanceof CallFault) trunk.onFault(call, error)
    })
  }

  function changed(): void {
    state.updatedAt = clock.now()
    trunk.onChange(call)
  }

  function enter(status: CallStatus): void {
    state.status = status
    changed()
  }

  function isOpen(...statuses: CallStatus[]): boolean {
    return statuses.includes(state.status)
  }

  function end(status: FinalStatus, sipResponseCode?: number): boolean {
    if (state.endedAt !== undefined) return false
    stopTimers()
    conversation?.stop()
    state.endedAt = clock.now()
    state.sipResponseCode = sipResponseCode
    enter(status)
    report('completed')
    return true
  }

  function stopTimers(): void {
    for (const cancel of timers) cancel()
    timers.clear()
  }

  function pickUp(by: 'human' | 'machine_start'): boolean {
    if (!isOpen('ringing')) return false
    stopTimers()
    state.answeredAt = clock.now()
    state.answeredBy = by
    enter('in-progress')
    report('answered')
    timers.add(clock.after(order.limitSeconds * 1000, () => end('completed')))
    conversation = startConversation(order.instructions, {
      clock,
      pace: trunk.pace,
      fetchTwiml: (url, method, extra, signal) => send(url, method, { ...params(), ...extra }, signal),
      onSaid(say) {
        state.heard.push({ text: say.text, language: say.language, at: new Date(clock.now()).toISOString() })
        if (pressesTones) {
          pressesTones = false
          pressAll('0123456789')
        }
        changed()
      },
      onGathering: changed,
      onEnd(fault) {
        if (fault !== undefined) {
          state.fault = `${fault.code}: ${fault.message}`
          state.heard.push({ ...apology, at: new Date(clock.now()).toISOString() })
          trunk.onFault(call, fault)
        }
        end('completed')
      },
    })
    return true
  }

  function pressAll(keys: string): PressedKey[] {
    const pressed = [...keys].map((key): PressedKey => ({ key, result: conversation?.press(key) ?? 'discarded' }))
    state.keys.push(...pressed)
    return pressed
  }

  const call: CarrierCall = {
    sid: `CA${randomBytes(16).toString('hex')}`,
    order,
    state,
    gathering: () => (state.status === 'in-progress' ? (conversation?.gathering() ?? null) : null),
    dial(behaviour) {
      if (!isOpen('queued')) return
      report('initiated')
      if (behaviour === 'busy') return void end('busy', 486)
      if (behaviour === 'unreachable') return void end('failed', 480)
      enter('ringing')
      report('ringing')
      timers.add(clock.after(order.ringSeconds * 1000, () => end('no-answer', 487)))
      pressesTones = behaviour === 'greeting-with-tones'
      if (behaviour === 'decline') end('busy', 603)
      if (behaviour === 'answer' || pressesTones) pickUp('human')
      if (behaviour === 'voicemail') pickUp('machine_start')
    },
    answer: () => pickUp('human'),
    decline: () => isOpen('ringing') && end('busy', 603),
    busy: () => isOpen('ringing') && end('busy', 486),
    hangUp: () => isOpen('in-progress') && end('completed'),
    press(keys) {
      if (!isOpen('in-progress')) return undefined
      const pressed = pressAll(keys)
      changed()
      return pressed
    },
    cancel() {
      // A call in progress stays as it is: that is what Twilio does with `canceled`.
      return isOpen('queued', 'ringing') ? end('canceled', 487) : isOpen('in-progress')
    },
    complete: () => (isOpen('in-progress') ? end('completed') : isOpen('queued', 'ringing') && end('canceled', 487)),
    redirect(instructions) {
      if (!isOpen('in-progress') || conversation === undefined) return false
      conversation.redirect(instructions)
      return true
    },
  }
  return call
}

/** Whole seconds from answer to end; 0 when nobody answered. */
export function durationSeconds(state: Readonly<CallState>): number {
  if (state.answeredAt === undefined || state.endedAt === undefined) return 0
  return Math.round((state.endedAt - state.answeredAt) / 1000)
}

/** As in `Tue, 10 Aug 2010 08:02:17 +0000`. */
export function rfc2822(milliseconds: number): string {
  return new Date(milliseconds).toUTCString().replace('GMT', '+0000')
}
