// The secrets: made up once for development, read from a private file in production, and never told to anyone.
import { fork } from 'node:child_process'
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config.ts'
import { loadSecrets } from '../../src/secrets.ts'

const root = mkdtempSync(join(tmpdir(), 'ringback-secrets-'))
afterAll(() => rmSync(root, { recursive: true }))

const loopback = 'http://localhost:4000'
const simulator = { carrier: { kind: 'simulator' as const, port: 4002, url: 'http://localhost:4002' } }
const accountSid = 'AC0123456789abcdef0123456789abcdef'
const twilio = { carrier: { kind: 'twilio' as const, accountSid, authToken: 'token', machineDetection: false } }

const madeUp = (file: string) => loadSecrets({ issuer: loopback, secrets: { file, madeUp: true }, voice: simulator })
const fromFile = (file: string, issuer = loopback) => loadSecrets({ issuer, secrets: { file, madeUp: false }, voice: twilio })

async function refused(loading: Promise<unknown>): Promise<ConfigError> {
  const error: unknown = await loading.then(
    () => new Error('the secrets were accepted'),
    (reason: unknown) => reason,
  )
  if (error instanceof ConfigError) return error
  throw error
}

const said = async (loading: Promise<unknown>) => (await refused(loading)).problems.map(({ path, problem }) => `${path}: ${problem}`)

describe('made up for development', () => {
  const file = join(root, 'data', 'deeper', 'secrets.json')

  test('on the first start, and the same on the next', async () => {
    const first = await madeUp(file)
    expect(first.cookieKeys.map((key) => Buffer.from(key, 'base64url').length)).toEqual([32])
    expect(first.codeKeys.map(({ secret }) => secret.byteLength)).toEqual([32])
    expect(first.numberKeys.map(({ secret }) => secret.byteLength)).toEqual([32])
    expect(first.carrier).toEqual({ accountSid: expect.stringMatching(/^AC[0-9a-f]{32}$/), authToken: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(await madeUp(file)).toEqual(first)
  })

  test('with keys that sign', async () => {
    const { jwks } = await madeUp(file)
    expect(jwks.keys.map(({ alg, use }) => [alg, use])).toEqual([
      ['ES256', 'sig'],
      ['RS256', 'sig'],
    ])
    for (const jwk of jwks.keys) {
      const key = createPrivateKey({ key: jwk, format: 'jwk' })
      expect(verify('sha256', Buffer.from('text'), createPublicKey(key), sign('sha256', Buffer.from('text'), key))).toBe(true)
    }
  })

  test('readable by their owner only, with nothing left beside them', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(root, 'data', 'deeper'))).toEqual(['secrets.json'])
    expect(statSync(join(root, 'data', 'deeper')).mode & 0o077).toBe(0)
  })

  test('different ones elsewhere', async () => {
    const [here, there] = [await madeUp(file), await madeUp(join(root, 'other.json'))]
    expect(there.cookieKeys).not.toEqual(here.cookieKeys)
    expect(there.codeKeys[0]?.secret).not.toEqual(here.codeKeys[0]?.secret)
  })

  test('first starts at the same moment end up with the same', async () => {
    const contested = join(root, 'contested', 'secrets.json')
    const all = await Promise.all(Array.from({ length: 6 }, () => madeUp(contested)))
    for (const secrets of all) expect(secrets).toEqual(all[0])
    expect(readdirSync(join(root, 'contested'))).toEqual(['secrets.json'])
  })

  test('also of separate processes', async () => {
    const contested = join(root, 'processes', 'secrets.json')
    const program = join(import.meta.dirname, 'print-key-ids.ts')
    const printed = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = fork(program, [contested], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
        let text = ''
        child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        await once(child, 'close')
        return text
      }),
    )
    expect(printed[0]).toMatch(/^code-[0-9a-f]{12} es256-/)
    expect(new Set(printed).size).toBe(1)
  })

  test('where they cannot be written, the error says so', async () => {
    expect(await said(madeUp(join(root, 'x'.repeat(240))))).toEqual([': cannot be written (ENAMETOOLONG)'])
  })

  test('never for an issuer that is not on this machine, asked for or found', async () => {
    const unmade = join(root, 'unmade.json')
    const issuer = 'https://id.example.com'
    const problem = 'madeUpForDevelopment: these secrets were made up for development, and the issuer is not on this machine'
    expect(await said(loadSecrets({ issuer, secrets: { file: unmade, madeUp: true }, voice: twilio }))).toEqual([problem])
    expect(readdirSync(root)).not.toContain('unmade.json')
    expect(await said(fromFile(file, issuer))).toEqual([problem])
  })
})

describe('a file of secrets', () => {
  const path = join(root, 'own.json')
  let good: Record<string, unknown>
  const write = (content: unknown) => {
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 })
    return path
  }

  beforeAll(async () => {
    await madeUp(join(root, 'model.json'))
    const { madeUpForDevelopment: _, carrier: __, ...rest } = JSON.parse(readFileSync(join(root, 'model.json'), 'utf8'))
    good = rest
  })

  test('is accepted for production, with the account of the carrier from the configuration', async () => {
    const secrets = await fromFile(write(good), 'https://id.example.com')
    expect(secrets.carrier).toEqual({ accountSid, authToken: 'token' })
  })

  test.each([0o644, 0o640, 0o660, 0o604, 0o620])('with mode %o is refused', async (mode) => {
    chmodSync(write(good), mode)
    const error = await refused(fromFile(path))
    expect(error.problems[0]?.problem).toContain(`other users (mode 0${mode.toString(8)})`)
    expect(error.message).toContain(`chmod 600 ${path}`)
    chmodSync(path, 0o600)
  })

  test('that is not there, or no JSON', async () => {
    expect(await said(fromFile(join(root, 'nowhere.json')))).toEqual([': does not exist'])
    const error = await refused(fromFile(write('{ "cookieKeys": hunter2 }')))
    expect(error.message).toContain('is not JSON')
    expect(error.message).not.toContain('hunter2')
  })

  test('has all its problems reported at once, without a word of its content', async () => {
    const short = Buffer.alloc(31, 'hunter2').toString('base64url')
    const twice = { id: 'hunter-id', secret: Buffer.alloc(32, 'hunter2').toString('base64url') }
    const content = {
      cookieKeys: ['hunter2'],
      codeKeys: [twice, twice, { id: 'short', secret: short }],
      numbrKeys: [],
      jwks: { keys: [{ kid: 'a', kty: 'EC', alg: 'ES256', use: 'sig', d: 'hunter2', crv: 'P-256', x: 'hunter2', y: 'hunter2' }] },
    }
    const loading = () => fromFile(write(content))
    expect(await said(loading())).toEqual([
      'cookieKeys[0]: is not 32 random bytes in base64url',
      'codeKeys[2].secret: is shorter than 32 bytes',
      'numberKeys: is missing',
      'jwks.keys[0]: is not a private key',
      'numbrKeys: is not an option',
    ])
    const { message, stack } = await refused(loading())
    expect(message).toContain('did you mean numberKeys?')
    expect(`${message}${stack}`).not.toContain('hunter2')
    expect(`${message}${stack}`).not.toContain(short)
  })

  test('names every key once', async () => {
    const [key] = [good.codeKeys].flat()
    expect(await said(fromFile(write({ ...good, codeKeys: [key, key] })))).toEqual(['codeKeys[1].id: is the name of an earlier key'])
  })

  test('has a key for each algorithm, fit for it', async () => {
    const [ec, rsa] = readKeys(good)
    expect(await said(fromFile(write({ ...good, jwks: { keys: [ec] } })))).toEqual(['jwks.keys: has no key for RS256'])
    const swapped = {
      keys: [
        { ...Object(ec), alg: 'RS256' },
        { ...Object(rsa), alg: 'ES256' },
      ],
    }
    expect(await said(fromFile(write({ ...good, jwks: swapped })))).toEqual([
      'jwks.keys[0]: is not an RSA key of 2048 bits or more, which RS256 needs',
      'jwks.keys[1]: is not a P-256 key, which ES256 needs',
    ])
    const { d: _, ...publicKey } = Object(ec)
    expect(await said(fromFile(write({ ...good, jwks: { keys: [publicKey, rsa] } })))).toEqual(['jwks.keys[0].d: is missing'])
  })

  test('needs an account for the simulator', async () => {
    const loading = loadSecrets({ issuer: loopback, secrets: { file: write(good), madeUp: false }, voice: simulator })
    expect(await said(loading)).toEqual(['carrier: is missing'])
  })

  test('that is a folder cannot be read', async () => {
    expect(await said(fromFile(root))).toEqual([': cannot be read (EISDIR)'])
  })
})

function readKeys(content: Record<string, unknown>): unknown[] {
  const { jwks } = content
  return typeof jwks === 'object' && jwks !== null && 'keys' in jwks && Array.isArray(jwks.keys) ? jwks.keys : []
}
