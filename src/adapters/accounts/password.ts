// Passwords as argon2id hashes, computed off the main thread by Node's own crypto, a few at a time.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import pLimit from 'p-limit'

/** Memory in KiB, passes, lanes: the names of the PHC string format. */
export interface Argon2Parameters {
  m: number
  t: number
  p: number
}

/** What OWASP's Password Storage Cheat Sheet asks for at least. */
export const defaultArgon2Parameters: Argon2Parameters = { m: 19456, t: 2, p: 1 }

/** `right-but-weak`: right, and hashed with less than is asked for today, so hash it anew while it is known. */
export type Verdict = 'right' | 'right-but-weak' | 'wrong' | 'busy'

export interface Passwords {
  /** A PHC string with a salt of its own. Waits its turn however long the line is. Throws RangeError for an empty password or one of more than 1024 bytes. */
  hash(password: string): Promise<string>
  /** Without a hash, costs what a comparison costs and is wrong. `busy` when too many are waiting. */
  verify(password: string, hash: string | undefined): Promise<Verdict>
}

const saltBytes = 16
const tagBytes = 32
const passwordBytes = 1024

/**
 * `concurrency` is how many are computed at once (each takes a thread of libuv's pool of 4 and `m` KiB), `waiting` how many more may wait before
 * `verify` is busy: 2 and 50 are about half a second of waiting on two cores.
 */
export function argon2Passwords(options: { parameters?: Argon2Parameters; concurrency?: number; waiting?: number } = {}): Passwords {
  const { parameters = defaultArgon2Parameters, concurrency = 2, waiting = 50 } = options
  const limit = pLimit(concurrency)
  // The tag is random: no password leads to it, and finding that out costs as much as any other.
  const dummy: Hash = { parameters, salt: randomBytes(saltBytes), tag: randomBytes(tagBytes) }

  return {
    async hash(password) {
      const message = messageOf(password)
      if (message === undefined) throw new RangeError(`a password has 1 to ${passwordBytes} bytes`)
      const salt = randomBytes(saltBytes)
      return format({ parameters, salt, tag: await limit(derive, message, salt, parameters, tagBytes) })
    },
    async verify(password, hash) {
      const message = messageOf(password)
      if (message === undefined) return 'wrong'
      if (limit.pendingCount >= waiting) return 'busy'
      const expected = hash === undefined ? dummy : parse(hash)
      const tag = await limit(derive, message, expected.salt, expected.parameters, expected.tag.length)
      if (!timingSafeEqual(tag, expected.tag)) return 'wrong'
      return isWeaker(expected.parameters, parameters) ? 'right-but-weak' : 'right'
    },
  }
}

/** NFC, since keyboards differ in how they compose é (NIST SP 800-63B-4, 3.1.1.2). Undefined for what is no password of ours. */
function messageOf(password: string): Buffer | undefined {
  // No composition shortens a text by more than this, and normalising a very long one would cost time.
  if (password === '' || password.length > 4 * passwordBytes) return undefined
  const message = Buffer.from(password.normalize('NFC'))
  return message.length > passwordBytes ? undefined : message
}

function derive(message: Buffer, nonce: Buffer, { m, t, p }: Argon2Parameters, tagLength: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce, memory: m, passes: t, parallelism: p, tagLength }, (error, tag) => (error ? reject(error) : resolve(tag)))
  })
}

function isWeaker(used: Argon2Parameters, asked: Argon2Parameters): boolean {
  return used.m < asked.m || used.t < asked.t || used.p < asked.p
}

interface Hash {
  parameters: Argon2Parameters
  salt: Buffer
  tag: Buffer
}

/** The PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$tag`, base64 without padding. */
function format({ parameters: { m, t, p }, salt, tag }: Hash): string {
  return `$argon2id$v=19$m=${m},t=${t},p=${p}$${unpadded(salt)}$${unpadded(tag)}`
}

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/

function parse(hash: string): Hash {
  const [, m, t, p, salt, tag] = phc.exec(hash) ?? []
  if (salt === undefined || tag === undefined)
    throw new Error('a stored password hash is not argon2id in PHC form: set the password of that account anew')
  return { parameters: { m: Number(m), t: Number(t), p: Number(p) }, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
