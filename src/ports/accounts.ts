// Accounts of the standalone provider: who may sign in, and which telephones are bound to whom.
import type { PhoneBinding } from '../domain/phone-binding.ts'

export interface Account {
  /** Opaque and permanent: the `sub` of its tokens. */
  id: string
  /** What the person types to sign in; compared as given, trimmed. */
  login: string
  /** BCP 47: the language of calls and pages. */
  language?: string
  phones: PhoneBinding[]
}

export interface Accounts {
  find(id: string): Promise<Account | undefined>
  findByLogin(login: string): Promise<Account | undefined>
  /** The account, if the password is right. An unknown login costs the same time as a wrong password. */
  authenticate(login: string, password: string): Promise<Account | undefined | 'busy'>
  /** Adds the account, or changes the one with this id; refuses a login that another account has. Without `password` the old one stays. */
  save(account: Account, password?: string): Promise<'saved' | 'login-taken'>
  list(): AsyncIterable<Account>
}
