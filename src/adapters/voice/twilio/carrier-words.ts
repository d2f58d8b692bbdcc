// What Twilio's words for calls and errors mean to us.
import type { CarrierOutcome } from '../../../domain/call-script.ts'
import type { VoiceEvent } from '../../../ports/voice-gateway.ts'

/** The outcome of a call by its final status; undefined while it is not over. `sipResponseCode` comes with the status callback only. */
export function outcomeOf(status: string, sipResponseCode?: string): CarrierOutcome | undefined {
  switch (status) {
    case 'completed':
    case 'canceled':
      return 'ended'
    case 'busy':
      return sipResponseCode === '603' ? 'declined' : 'busy'
    case 'no-answer':
      return 'no-answer'
    case 'failed':
      return ['404', '410', '484'].includes(sipResponseCode ?? '') ? 'invalid-number' : 'unreachable'
    default:
      return undefined
  }
}

/** Who answered, by machine detection's word for it. */
export function answeredBy(word: string | undefined): Extract<VoiceEvent, { type: 'answered' }>['by'] {
  if (word === 'human') return 'person'
  return word === 'fax' || word?.startsWith('machine_') ? 'machine' : 'unknown'
}

const refusals: Record<number, CarrierOutcome> = {
  // No number, or none that Twilio calls.
  21211: 'invalid-number',
  21217: 'invalid-number',
  13223: 'invalid-number',
  13224: 'invalid-number',
  // Not reachable for this account: geographic permissions, toll-fraud ranges, blocked.
  21214: 'unreachable',
  21215: 'unreachable',
  21216: 'unreachable',
  13227: 'unreachable',
  32205: 'unreachable',
}

/** How a refused call ends, by the error's code; undefined for an error that says nothing about the number called. */
export function refusalOf(code: number | undefined): CarrierOutcome | undefined {
  return code === undefined ? undefined : refusals[code]
}

/** An error of the REST API or of the way there, without anything that was in the request or the answer: both hold numbers and credentials. */
export interface CarrierFault {
  /** HTTP status; absent when there was no answer. */
  status?: number
  /** Twilio's code. */
  code?: number
  /** The network's own word, such as ECONNREFUSED. */
  network?: string
}

export function faultOf(error: unknown): CarrierFault {
  if (typeof error !== 'object' || error === null) return {}
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined
  const code = 'code' in error ? error.code : undefined
  return {
    status,
    code: typeof code === 'number' ? code : undefined,
    network: typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : undefined,
  }
}

export function faultText({ status, code, network }: CarrierFault): string {
  if (status === undefined) return network === undefined ? 'did not answer as expected' : `cannot be reached (${network})`
  return code === undefined
    ? `answered with status ${status}`
    : `answered with status ${status} and error ${code} (https://www.twilio.com/docs/errors/${code})`
}
