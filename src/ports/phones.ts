// The telephones bound to accounts: the only thing a host has to tell the factor about its users.
import type { PhoneBinding } from '../domain/phone-binding.ts'

export interface Phones {
  /** The account's bindings, blocked ones too, in the order the owner prefers; empty for an account without one. */
  of(accountId: string): Promise<PhoneBinding[]>
}
