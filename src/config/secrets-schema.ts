// What a file of secrets holds. The words of its rules never repeat a value.
import { createPrivateKey, type JsonWebKey } from 'node:crypto'
import { z } from 'zod'
import type { JsonSchema } from './json-schema.ts'
import { matching, text } from './values.ts'

const keyBytes = 32

const secret = matching(/^[A-Za-z0-9_-]*$/, 'is not base64url', 'write random bytes in base64url').transform((encoded, context) => {
  const bytes = new Uint8Array(Buffer.from(encoded, 'base64url'))
  if (bytes.byteLength >= keyBytes) return bytes
  context.issues.push({
    code: 'custom',
    input: encoded,
    message: `is shorter than ${keyBytes} bytes`,
    params: { remedy: `make a new one: ${keyBytes} bytes from a random generator, in base64url` },
  })
  return z.NEVER
})

const idFault = 'is not an id'

/** 32 bytes exactly: what AES-256 takes. Its id stands in the store before a dot. */
const numberKeys = z
  .array(
    z.strictObject({
      id: matching(/^[\w-]{1,64}$/, idFault, 'use letters, digits, _ and -').describe('Its name.'),
      secret: secret.refine((bytes) => bytes.byteLength === keyBytes, {
        message: `is longer than ${keyBytes} bytes`,
        params: { remedy: `make one of exactly ${keyBytes} bytes` },
      }),
    }),
  )
  .min(1)
  .check((context) => once(context, 'id', (key) => key.id))

const namedKeys = z
  .array(z.strictObject({ id: matching(/^[\w.-]{1,64}$/, idFault, 'use letters, digits, _ . and -').describe('Its name.'), secret }))
  .min(1)
  .check((context) => once(context, 'id', (key) => key.id))

const part = text().optional()
const signingKey = z
  .strictObject({
    kid: text(),
    kty: z.enum(['EC', 'RSA']),
    alg: z.enum(['ES256', 'RS256']),
    use: z.literal('sig'),
    // RFC 7518, sections 6.2 and 6.3.
    d: text(),
    crv: part,
    x: part,
    y: part,
    n: part,
    e: part,
    p: part,
    q: part,
    dp: part,
    dq: part,
    qi: part,
  })
  .check((context) => {
    const problem = unfit(context.value)
    const remedy = 'make a new key: EC P-256 for ES256, or RSA of 2048 bits or more for RS256'
    if (problem !== undefined) context.issues.push({ code: 'custom', input: undefined, message: problem, params: { remedy } })
  })

const signingKeys = z
  .array(signingKey)
  .check((context) => once(context, 'kid', (key) => key.kid))
  .check((context) => {
    for (const alg of ['ES256', 'RS256']) {
      if (context.value.some((key) => key.alg === alg)) continue
      context.issues.push({
        code: 'custom',
        input: undefined,
        message: `has no key for ${alg}`,
        params: { remedy: `add a private key whose alg is ${alg}` },
      })
    }
  })

export const secretsSchema = z.strictObject({
  cookieKeys: z
    .array(matching(/^[A-Za-z0-9_-]{43,}$/, 'is not 32 random bytes in base64url', 'make a new one: 32 bytes from a random generator'))
    .min(1)
    .describe('Sign cookies; the first signs, all are accepted.'),
  codeKeys: namedKeys.describe('Codes are derived from them, the first derives new ones.'),
  numberKeys: numberKeys.describe('Telephone numbers are sealed with them in the store; the first seals new ones.'),
  jwks: z.strictObject({ keys: signingKeys.describe('The private keys, as JWK.') }).describe('What tokens are signed with.'),
  carrier: z
    .strictObject({ accountSid: text().describe('Its name.'), authToken: text().describe('Its secret.') })
    .optional()
    .describe('The account that the simulator is to have.'),
  madeUpForDevelopment: z.boolean().default(false).describe('Whether the program made the file itself, which is not good enough for production.'),
})

export function secretsJsonSchema(): JsonSchema {
  return z.toJSONSchema(secretsSchema, { io: 'input' })
}

/** Why a key cannot sign what its `alg` says. */
function unfit(jwk: JsonWebKey & { alg: string }): string | undefined {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey({ key: jwk, format: 'jwk' })
    const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {}
    if (jwk.alg === 'ES256') return asymmetricKeyType === 'ec' && namedCurve === 'prime256v1' ? undefined : 'is not a P-256 key, which ES256 needs'
    return asymmetricKeyType === 'rsa' && modulusLength >= 2048 ? undefined : 'is not an RSA key of 2048 bits or more, which RS256 needs'
  } catch {
    return 'is not a private key'
  }
}

function once<Item>(context: z.core.ParsePayload<Item[]>, key: string, nameOf: (item: Item) => string): void {
  const names = context.value.map(nameOf)
  names.forEach((name, index) => {
    if (names.indexOf(name) === index) return
    const params = { remedy: 'give each key a name of its own' }
    context.issues.push({ code: 'custom', input: undefined, path: [index, key], message: 'is the name of an earlier key', params })
  })
}
