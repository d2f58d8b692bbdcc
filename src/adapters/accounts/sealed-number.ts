// Telephone numbers at rest: sealed with AES-256-GCM, so that a stolen store tells no number and a number cannot be moved to another account.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** A key of the operator's that numbers are sealed with: exactly 32 bytes. */
export interface NumberKey {
  /** Stands in the store beside what it sealed: letters, digits, `_`, `-`. */
  id: string
  secret: Uint8Array
}

export interface SealedNumbers {
  /** Seals with the first key. `owner` must be given again to open it: what it was sealed for. */
  seal(text: string, owner: readonly string[]): string
  /** Opens with whichever key sealed it. Throws when that key is not listed, and when anything was changed. */
  open(sealed: string, owner: readonly string[]): string
}

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/** The first key seals, every listed one opens: to change keys, put the new one first and keep the old one until all accounts were saved again. */
export function sealedNumbers(keys: readonly NumberKey[]): SealedNumbers {
  const [first] = keys
  if (first === undefined) throw new Error('no key to seal telephone numbers with: configure at least one of 32 random bytes')
  for (const { id, secret } of keys) {
    if (!/^[\w-]{1,64}$/.test(id)) throw new Error(`the id of a number key is letters, digits, "_" and "-", not ${JSON.stringify(id)}`)
    if (secret.length !== 32) throw new Error(`number key ${id} has ${secret.length} bytes: give it 32 random ones`)
  }
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) throw new Error('two number keys have the same id: give each its own')

  return {
    seal(text, owner) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv(algorithm, first.secret, iv, { authTagLength: tagBytes }).setAAD(associated(owner))
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${first.id}.${sealed.toString('base64url')}`
    },
    open(sealed, owner) {
      const [id = '', body = ''] = sealed.split('.')
      const key = keys.find((candidate) => candidate.id === id)
      if (key === undefined)
        throw new Error(`a telephone number is sealed with key ${JSON.stringify(id)}, which is not configured: list that key again, after the first`)
      const bytes = Buffer.from(body, 'base64url')
      try {
        const decipher = createDecipheriv(algorithm, key.secret, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
        decipher.setAAD(associated(owner)).setAuthTag(bytes.subarray(-tagBytes))
        return decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
      } catch (cause) {
        const message = `a telephone number sealed with key ${id} does not open: the key is another one of that id, or the store was changed`
        throw new Error(`${message}; configure the right key, or bind the phone again`, { cause })
      }
    },
  }
}

/** JSON, so that no two lists of words run together to the same bytes. */
function associated(owner: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(owner))
}
