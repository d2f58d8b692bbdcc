// The provider's own secrets: one JSON file that its user alone may read, or, for development, one that is made up on the first start.
import { open } from 'node:fs/promises'
import type { z } from 'zod'
import { errorCode } from './config/error-code.ts'
import { makeUpSecrets } from './config/made-up-secrets.ts'
import { secretsJsonSchema, secretsSchema } from './config/secrets-schema.ts'
import { problemsOf } from './config/words.ts'
import { type Config, ConfigError, isLoopbackIssuer, type Problem } from './config.ts'
import type { CodeKey } from './domain/code.ts'

export { makeSecretsFile } from './config/made-up-secrets.ts'

/** A private key that tokens are signed with (RFC 7517). */
export type PrivateJwk = z.output<typeof secretsSchema>['jwks']['keys'][number]

/** Never to be logged or shown. */
export interface Secrets {
  /** Sign cookies; the first signs, all are accepted. */
  cookieKeys: string[]
  /** Codes are derived from them; the first derives new ones. */
  codeKeys: CodeKey[]
  /** For what is stored about telephone numbers; the first is used for what is new. */
  numberKeys: { id: string; secret: Uint8Array }[]
  /** One for ES256 and one for RS256 at least. */
  jwks: { keys: PrivateJwk[] }
  /** The carrier's account: of `voice.twilio`, or the one that the simulator is to have. */
  carrier: { accountSid: string; authToken: string }
}

type SecretsConfig = Pick<Config, 'issuer' | 'secrets'> & { voice: Pick<Config['voice'], 'carrier'> }

/**
 * Reads the secrets of a configuration; where they are made up and not there yet, makes them. Processes that start at the same moment end up with
 * the same ones. Throws ConfigError with all that is wrong with the file: its mode, its content, or that it is fit for development only.
 */
export async function loadSecrets(config: SecretsConfig): Promise<Secrets> {
  const { file, madeUp } = config.secrets
  if (madeUp && !isLoopbackIssuer(config.issuer)) throw new ConfigError(file, [madeUpInProduction])
  if (madeUp) await makeUpSecrets(file).catch(cannotWrite(file))
  const { text, mode } = await readPrivate(file)
  const problems: Problem[] = []
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const problem = `can be read or changed by other users (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`
    problems.push({ path: '', problem, remedy: `chmod 600 ${file}; if others may have read it, make new secrets` })
  }
  const parsed = secretsSchema.safeParse(readJson(text, file, problems))
  if (!parsed.success) {
    const source = { schema: secretsJsonSchema(), line: () => undefined, variables: () => [] }
    throw new ConfigError(file, [...problems, ...problemsOf(parsed.error.issues, source)])
  }
  const { cookieKeys, codeKeys, numberKeys, jwks, madeUpForDevelopment } = parsed.data
  if (madeUpForDevelopment && !isLoopbackIssuer(config.issuer)) problems.push(madeUpInProduction)
  const carrier = config.voice.carrier.kind === 'twilio' ? config.voice.carrier : parsed.data.carrier
  if (carrier === undefined) {
    problems.push({ path: 'carrier', problem: 'is missing', remedy: 'add accountSid and authToken: the account that the simulator is to have' })
  }
  if (problems.length > 0 || carrier === undefined) throw new ConfigError(file, problems)
  return { cookieKeys, codeKeys, numberKeys, jwks, carrier: { accountSid: carrier.accountSid, authToken: carrier.authToken } }
}

const madeUpInProduction: Problem = {
  path: 'madeUpForDevelopment',
  problem: 'these secrets were made up for development, and the issuer is not on this machine',
  remedy: 'make a file of your own for this issuer and name it as secrets.file: others may know these keys',
}

function cannotWrite(file: string) {
  return (error: unknown) => {
    const remedy = 'choose another dataDir, or let the user that runs the provider write there; its file system has to support hard links'
    throw new ConfigError(file, [{ path: '', problem: `cannot be written (${errorCode(error)})`, remedy }])
  }
}

/** Content and mode of the same file, whatever is put in its place meanwhile. */
async function readPrivate(file: string): Promise<{ text: string; mode: number }> {
  try {
    await using handle = await open(file, 'r')
    return { text: await handle.readFile('utf8'), mode: (await handle.stat()).mode }
  } catch (error) {
    const code = errorCode(error)
    const problem = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
    throw new ConfigError(file, [{ path: '', problem, remedy: 'put the secrets there, for the user that runs the provider (chmod 600)' }])
  }
}

function readJson(text: string, file: string, problems: readonly Problem[]): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the text.
    throw new ConfigError(file, [...problems, { path: '', problem: 'is not JSON', remedy: 'restore it from a backup, or write it anew' }])
  }
}
