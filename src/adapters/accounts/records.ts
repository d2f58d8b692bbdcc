// Accounts of the standalone provider on records: no password and no full telephone number ever stands in the store.
import type { PhoneBinding } from '../../domain/phone-binding.ts'
import type { Account, Accounts } from '../../ports/accounts.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Phones } from '../../ports/phones.ts'
import type { OpenRecords } from '../../ports/records.ts'
import type { Passwords } from './password.ts'
import { type NumberKey, sealedNumbers } from './sealed-number.ts'

/** An account as it is stored. */
interface StoredAccount {
  login: string
  language?: string
  /** PHC string; absent for an account that cannot sign in by password. */
  password?: string
  phones: StoredPhone[]
}

/** `sealed` holds the number and the extension. */
type StoredPhone = Omit<PhoneBinding, 'number' | 'extension'> & { sealed: string }

/** Which account a login belongs to: claimed before the account is written, so that a login is given once. */
interface LoginClaim {
  accountId: string
  claimedAt: number
}

/** How long a login stays claimed for an account that is not there: whoever claimed it was killed before writing it. */
const claimMilliseconds = 60_000

/** The first of `numberKeys` seals, any of them opens. Reading an account whose key is missing throws. */
export function recordAccounts(options: {
  openRecords: OpenRecords
  passwords: Passwords
  numberKeys: readonly NumberKey[]
  clock: Clock
}): Accounts & Phones {
  const { passwords, clock } = options
  const accounts = options.openRecords<StoredAccount>('account')
  const logins = options.openRecords<LoginClaim>('login')
  const numbers = sealedNumbers(options.numberKeys)

  function sealed(accountId: string, { number, extension, ...phone }: PhoneBinding): StoredPhone {
    return { ...phone, sealed: numbers.seal(JSON.stringify({ number, extension }), [accountId, phone.id]) }
  }

  function opened(id: string, { login, language, phones }: StoredAccount): Account {
    const bindings = phones.map(({ sealed, ...phone }): PhoneBinding => ({ ...phone, ...JSON.parse(numbers.open(sealed, [id, phone.id])) }))
    return { id, login, language, phones: bindings }
  }

  /** Reads as often for an unknown login as for a known one. */
  async function lookUp(login: string): Promise<{ id: string; stored: StoredAccount } | undefined> {
    const id = (await logins.find(login))?.accountId ?? ''
    const stored = await accounts.find(id)
    return stored?.login === login ? { id, stored } : undefined
  }

  async function claim(login: string, accountId: string): Promise<boolean> {
    const owner = (await logins.find(login))?.accountId
    const isOwned = owner !== undefined && owner !== accountId && (await accounts.find(owner))?.login === login
    return logins.update(login, (current) => {
      const isFree =
        current === undefined ||
        current.accountId === accountId ||
        (current.accountId === owner && !isOwned && current.claimedAt + claimMilliseconds <= clock.now())
      if (!isFree) return { next: 'keep', result: false }
      return { next: { value: { accountId, claimedAt: clock.now() }, expiresAt: Infinity }, result: true }
    })
  }

  async function release(login: string, accountId: string): Promise<void> {
    await logins.update(login, (current) => ({ next: current?.accountId === accountId ? 'remove' : 'keep', result: undefined }))
  }

  return {
    async find(id) {
      const stored = await accounts.find(id)
      return stored === undefined ? undefined : opened(id, stored)
    },

    async findByLogin(login) {
      const found = await lookUp(login.trim())
      return found === undefined ? undefined : opened(found.id, found.stored)
    },

    async authenticate(login, password) {
      const found = await lookUp(login.trim())
      const hash = found?.stored.password
      const verdict = await passwords.verify(password, hash)
      if (verdict === 'busy') return 'busy'
      if (found === undefined || verdict === 'wrong') return undefined
      if (verdict === 'right-but-weak') {
        const stronger = await passwords.hash(password)
        // Unless the password was changed meanwhile.
        await accounts.update(found.id, (current) => ({
          next: current?.password === hash && current !== undefined ? { value: { ...current, password: stronger }, expiresAt: Infinity } : 'keep',
          result: undefined,
        }))
      }
      return opened(found.id, found.stored)
    },

    async save({ id, login: given, language, phones }, password) {
      const login = given.trim()
      if (id === '' || login === '') throw new RangeError('an account needs an id and a login that are not empty')
      const hash = password === undefined ? undefined : await passwords.hash(password)
      if (!(await claim(login, id))) return 'login-taken'
      const previous = await accounts.update(id, (current) => ({
        next: {
          value: { login, language, password: hash ?? current?.password, phones: phones.map((phone) => sealed(id, phone)) },
          expiresAt: Infinity,
        },
        result: current?.login,
      }))
      if (previous !== undefined && previous !== login) await release(previous, id)
      return 'saved'
    },

    async *list() {
      for await (const { id, value } of accounts.list()) yield opened(id, value)
    },

    async of(accountId) {
      const stored = await accounts.find(accountId)
      if (stored === undefined) return []
      const { language, phones } = opened(accountId, stored)
      return phones.map((phone) => ({ language, ...phone }))
    },
  }
}
