// The parameters of the Calls resource, read as strictly as Twilio reads them.
import { isE164 } from '../domain/phone-number.ts'
import { type CallOrder, progressEvents } from './call.ts'
import type { Instructions } from './conversation.ts'
import { isLoopbackUrl } from './loopback.ts'
import { RestFault, type RestFaultCode } from './rest-fault.ts'
import type { HttpMethod } from './twiml.ts'

const defaultRingSeconds = 60
const defaultLimitSeconds = 4 * 60 * 60
const mostTwimlCharacters = 4000

/** Reads the parameters of a new call. `countriesNotServed` are calling codes with their `+`. Throws RestFault. */
export function readCallOrder(form: URLSearchParams, countriesNotServed: readonly string[]): CallOrder {
  const to = phoneNumber(form, 'To')
  if (to === undefined) throw new RestFault(21201)
  if (!isE164(to)) throw new RestFault(21211)
  const from = phoneNumber(form, 'From')
  if (from === undefined) throw new RestFault(21213)
  if (!isE164(from)) throw new RestFault(21212)
  if (countriesNotServed.some((code) => to.startsWith(code))) throw new RestFault(21215)
  const instructions = readInstructions(form)
  if (instructions === undefined) throw new RestFault(21205, 'Neither Url nor Twiml is specified')
  const sendDigits = text(form, 'SendDigits')
  if (sendDigits !== undefined && !/^[0-9A-D*#wW]{1,32}$/.test(sendDigits)) throw new RestFault(21206)
  const detection = text(form, 'MachineDetection')
  if (detection !== undefined && detection !== 'Enable') throw new RestFault(20001, 'MachineDetection is Enable or absent with this carrier')
  return {
    to,
    from,
    instructions,
    statusCallback: readStatusCallback(form),
    ringSeconds: readSeconds(form, 'Timeout', defaultRingSeconds, 600, 21208),
    limitSeconds: readSeconds(form, 'TimeLimit', defaultLimitSeconds, 86_400, 20001),
    sendDigits,
    detectMachine: detection === 'Enable',
  }
}

/** Where the next TwiML comes from; undefined when the form does not say. `Url` goes before `Twiml`, as with Twilio. */
export function readInstructions(form: URLSearchParams): Instructions | undefined {
  const url = text(form, 'Url')
  if (url !== undefined) return { url: callbackUrl(url, 'Url'), method: readMethod(form, 'Method') }
  const twiml = text(form, 'Twiml')
  if (twiml === undefined) return undefined
  if (twiml.length > mostTwimlCharacters) throw new RestFault(20001, `Twiml is longer than ${mostTwimlCharacters} characters`)
  return { twiml }
}

function readStatusCallback(form: URLSearchParams): CallOrder['statusCallback'] {
  const url = text(form, 'StatusCallback')
  if (url === undefined) return undefined
  const wanted = form
    .getAll('StatusCallbackEvent')
    .flatMap((value) => value.split(/[\s,]+/))
    .filter((value) => value !== '')
  const events = progressEvents.filter((event) => wanted.includes(event))
  if (events.length !== new Set(wanted).size) throw new RestFault(20001, `StatusCallbackEvent is one of ${progressEvents.join(', ')}`)
  return {
    url: callbackUrl(url, 'StatusCallback'),
    method: readMethod(form, 'StatusCallbackMethod'),
    events: wanted.length === 0 ? ['completed'] : events,
  }
}

function callbackUrl(url: string, parameter: string): string {
  if (!isLoopbackUrl(url))
    throw new RestFault(21205, `${parameter} is not a valid URL: this carrier calls back to localhost, 127.0.0.1 and [::1] only`)
  return url
}

function readMethod(form: URLSearchParams, parameter: string): HttpMethod {
  const method = (text(form, parameter) ?? 'POST').toUpperCase()
  if (method !== 'GET' && method !== 'POST') throw new RestFault(21209, `${parameter} is GET or POST`)
  return method
}

function readSeconds(form: URLSearchParams, parameter: string, otherwise: number, most: number, code: RestFaultCode): number {
  const given = text(form, parameter)
  if (given === undefined) return otherwise
  if (!/^[1-9]\d{0,4}$/.test(given) || Number(given) > most) throw new RestFault(code, `${parameter} is a whole number of seconds from 1 to ${most}`)
  return Number(given)
}

/** A plus sign that somebody forgot to encode arrives as a space; Twilio is not strict about it either. */
function phoneNumber(form: URLSearchParams, parameter: string): string | undefined {
  return form.get(parameter)?.replace(/^ (?=\d)/, '+') || undefined
}

function text(form: URLSearchParams, parameter: string): string | undefined {
  return form.get(parameter)?.trim() || undefined
}
