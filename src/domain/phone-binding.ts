// A binding: this telephone belongs to this account.

export interface PhoneBinding {
  /** Opaque; what pages and records name the phone by. */
  id: string
  /** E.164. */
  number: string
  /** Keyed after answer, inside a company. */
  extension?: string
  /** BCP 47: what is spoken on it. */
  language?: string
  /** What its owner calls it. */
  label?: string
  /** Since when it may not be called; absent for one in use. Milliseconds since 1970. */
  blockedAt?: number
}

/** The phones that may be called. */
export function usablePhones(phones: readonly PhoneBinding[]): PhoneBinding[] {
  return phones.filter((phone) => phone.blockedAt === undefined)
}
