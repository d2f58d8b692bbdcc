// New secrets: for development made on the first start, which they say themselves, or for production when an operator asks for a file.
import { generateKeyPair, type JsonWebKey, randomBytes, randomUUID } from 'node:crypto'
import { access, link, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { errorCode } from './error-code.ts'

const makeKeyPair = promisify(generateKeyPair)

/**
 * Makes the file unless it is there. It appears complete or not at all, readable by its owner only, and of several processes that make it at the
 * same moment one wins: what is in the file counts, so read it afterwards.
 */
export async function makeUpSecrets(file: string): Promise<void> {
  if (!(await exists(file))) await writeNew(file, { madeUpForDevelopment: true, ...(await newSecrets()) })
}

/** Makes a file for production, as `makeUpSecrets` does. False when there is one already: it is left as it is. */
export async function makeSecretsFile(file: string): Promise<boolean> {
  if (await exists(file)) return false
  const { carrier: _, ...secrets } = await newSecrets()
  await writeNew(file, secrets)
  return true
}

async function writeNew(file: string, secrets: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomUUID()}.new`
  try {
    await using handle = await open(draft, 'wx', 0o600)
    await handle.writeFile(`${JSON.stringify(secrets, null, 2)}\n`)
    await handle.sync()
    // Unlike a rename, a link never replaces what another process put there.
    await link(draft, file).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error
    })
  } finally {
    await rm(draft, { force: true })
  }
}

/** New secrets, in the form of the file. */
async function newSecrets() {
  const [ec, rsa] = await Promise.all([makeKeyPair('ec', { namedCurve: 'P-256' }), makeKeyPair('rsa', { modulusLength: 2048 })])
  return {
    cookieKeys: [secret()],
    codeKeys: [{ id: id('code'), secret: secret() }],
    numberKeys: [{ id: id('number'), secret: secret() }],
    jwks: { keys: [signingKey(ec.privateKey.export({ format: 'jwk' }), 'ES256'), signingKey(rsa.privateKey.export({ format: 'jwk' }), 'RS256')] },
    carrier: { accountSid: `AC${randomBytes(16).toString('hex')}`, authToken: randomBytes(16).toString('hex') },
  }
}

function signingKey(jwk: JsonWebKey, alg: string): JsonWebKey {
  return { ...jwk, kid: id(alg.toLowerCase()), alg, use: 'sig' }
}

function secret(): string {
  return randomBytes(32).toString('base64url')
}

function id(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    // A file that is there but may not be read is for the reader to report.
    (error: unknown) => errorCode(error) !== 'ENOENT',
  )
}
