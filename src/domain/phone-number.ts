// Telephone numbers: how one is read, checked and shown.
import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'

export interface PhoneNumber {
  /** `+` and 7 to 15 digits. */
  e164: string
  /** ISO 3166-1 alpha-2; absent for numbers of no country (satellite, international freephone). */
  country?: string
  /** What the numbering plan says it is; `unknown` where the plan does not tell mobile from landline. */
  kind: 'mobile' | 'landline' | 'voip' | 'special' | 'unknown'
  extension?: string
}

/** Why a text is no telephone number we could call. */
export type NumberFault = 'not-a-number' | 'not-in-any-plan' | 'cannot-be-called'

const kinds: Record<string, PhoneNumber['kind']> = {
  MOBILE: 'mobile',
  FIXED_LINE: 'landline',
  FIXED_LINE_OR_MOBILE: 'unknown',
  PERSONAL_NUMBER: 'unknown',
  VOIP: 'voip',
}

/** Reads a number in international form, or in national form when `country` is given. Premium, shared-cost, freephone and other special numbers are `special`. */
export function parsePhoneNumber(text: string, country?: string): PhoneNumber | { fault: NumberFault } {
  // A control character or a parameter must never reach an exchange: libphonenumber would drop it silently.
  if (!/^[+\d\s().\-/xext,;=]{3,40}$/i.test(text)) return { fault: 'not-a-number' }
  const defaultCountry = country !== undefined && isSupportedCountry(country) ? country : undefined
  const parsed = parsePhoneNumberFromString(text, { defaultCountry, extract: false })
  if (parsed === undefined) return { fault: 'not-a-number' }
  if (!parsed.isValid()) return { fault: 'not-in-any-plan' }
  if (!isE164(parsed.number)) return { fault: 'cannot-be-called' }
  const type = parsed.getType()
  return {
    e164: parsed.number,
    country: parsed.country,
    kind: type === undefined ? 'unknown' : (kinds[type] ?? 'special'),
    extension: parsed.ext,
  }
}

/** The form every number must have before it gets near a carrier. */
export function isE164(text: string): boolean {
  return /^\+[1-9]\d{6,14}$/.test(text)
}

/** `•••• 43`: the same dots for every number, so that neither its country nor its length is told. */
export function maskPhoneNumber(e164: string): string {
  return `•••• ${e164.slice(-2)}`
}

/** How a number of ours is shown to people: `+1 202 555 0100`. */
export function formatPhoneNumber(e164: string): string {
  return parsePhoneNumberFromString(e164)?.formatInternational() ?? e164
}
