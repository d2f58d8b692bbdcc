// What is made for a laptop, in front of everybody: the carrier that shows codes, secrets that a program made up, accounts whose passwords stand in a file.
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Config, ConfigError, parseConfig } from '../../src/config.ts'
import { loadSecrets } from '../../src/secrets.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { type Fields, rawRequest, type Scene, startScene, told } from './scene.ts'

const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'token' }
let scene: Scene
beforeAll(async () => {
  scene = await startScene({ people: 1 })
})
afterAll(() => scene.end())

describe('the simulated carrier', () => {
  it.each([
    'https://id.example.com',
    'http://192.168.1.10:4000',
    'http://0.0.0.0:4000',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://localhost@evil.example',
    'http://evil.example/localhost',
    'http://[::ffff:192.168.1.10]',
    'localhost',
    '',
  ])('refuses the issuer %s', async (issuer) => {
    await expect(startSimulator({ ...account, port: 0, issuer })).rejects.toThrow(/only for an issuer on this machine/)
  })

  it.each(['0.0.0.0', '::', '192.168.1.10', 'example.com', '', '127.0.0.1.evil.example'])('does not listen on %s', async (host) => {
    // As a configuration that no compiler has seen would ask for it.
    const options = { ...account, port: 0, issuer: 'http://localhost:4000', ...JSON.parse(JSON.stringify({ host })) }
    await expect(startSimulator(options)).rejects.toThrow(/listens on this machine only/)
  })

  it('answers nobody who came by another name (DNS rebinding), and no form of another site', async () => {
    const victim = scene.somebody()
    const { code } = await told(victim, scene)
    const { carrierUrl, bankUrl } = scene.ringback
    const calls = `/handsets/${victim.number}/calls`
    expect((await rawRequest(carrierUrl, calls, { headers: { host: new URL(carrierUrl).host } })).body).toContain([...code].join(' '))
    for (const host of ['evil.example', 'evil.example:4002', 'localhost.evil.example', '127.0.0.1.evil.example', '[::1].evil.example']) {
      const answer = await rawRequest(carrierUrl, calls, { headers: { host } })
      expect([403, 400]).toContain(answer.status)
      expect(answer.body).not.toContain([...code].join(' '))
    }
    const foreign: Fields[] = [
      { origin: 'https://evil.example' },
      { origin: bankUrl },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'null' },
    ]
    for (const headers of foreign)
      expect((await rawRequest(carrierUrl, `/handsets/${victim.number}`, { method: 'PUT', headers, body: '{"behaviour":"answer"}' })).status).toBe(
        403,
      )
    // A page of another site may not read it either.
    const answer = await rawRequest(carrierUrl, calls, { headers: { origin: 'https://evil.example' } })
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin')
  })

  it('takes orders only from who has the account, and calls back only to this machine', async () => {
    const { carrierUrl } = scene.ringback
    const { carrier }: { carrier: typeof account } = JSON.parse(await readFile(scene.ringback.config.secrets.file, 'utf8'))
    const order = (authorization: string | undefined, Url: string) =>
      rawRequest(carrierUrl, `/2010-04-01/Accounts/${carrier.accountSid}/Calls.json`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...(authorization === undefined ? {} : { authorization }) },
        body: String(new URLSearchParams({ To: '+12025550143', From: '+12025550100', Url })),
      })
    for (const authorization of [
      undefined,
      'Basic',
      `Basic ${btoa(`${carrier.accountSid}:`)}`,
      `Basic ${btoa(`${carrier.accountSid}:wrong`)}`,
      `Bearer ${carrier.authToken}`,
    ])
      expect((await order(authorization, 'http://localhost/x')).status).toBe(401)
    const right = `Basic ${btoa(`${carrier.accountSid}:${carrier.authToken}`)}`
    for (const url of [
      'https://evil.example/x',
      'http://169.254.169.254/latest',
      'http://localhost@evil.example/',
      'file:///etc/passwd',
      'http://127.0.0.1.evil.example/',
    ])
      expect((await order(right, url)).body).toContain('21205')
  })
})

describe('the provider', () => {
  it('listens on this machine only, as it is started for development', async () => {
    expect(scene.ringback.config.host).toBe('127.0.0.1')
    const { port } = scene.ringback.config
    const outside = Object.values((await import('node:os')).networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)
    if (outside === undefined) return
    await expect(
      new Promise((resolve, reject) => {
        request({ host: outside.address, port, path: '/', timeout: 1000 }, resolve).on('error', reject).end()
      }),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('of an issuer that others reach refuses everything that is for development, all at once', async () => {
    const text = `issuer: https://id.example.com\n${await readFile(new URL('../../config/dev.yaml', import.meta.url), 'utf8')}`
    const refusal = thrownBy(() => parseConfig({ text, name: 'production.yaml', env: {} }))
    expect(refusal).toBeInstanceOf(ConfigError)
    expect(String(refusal)).toMatch(/secrets\.madeUp/)
    expect(String(refusal)).toMatch(/voice\.simulator/)
    expect(String(refusal)).toMatch(/accounts\.seeds/)
    expect(String(refusal)).toMatch(/demo/)
    // And does not repeat what it found.
    expect(String(refusal)).not.toMatch(/correct horse|demo-bank-secret|2025550143/)
  })

  it.each([
    'http://id.example.com',
    'https://id.example.com/path',
    'https://user:secret@id.example.com',
    'https://id.example.com?x',
    'http://localhost.evil.example',
    'HTTP://LOCALHOST:4000/',
    'ftp://localhost',
  ])('refuses the issuer %s', async (issuer) => {
    const text = `issuer: ${JSON.stringify(issuer)}\n${await readFile(new URL('../../config/dev.yaml', import.meta.url), 'utf8')}`
    expect(thrownBy(() => parseConfig({ text, name: 'x.yaml', env: {} }))).toBeInstanceOf(ConfigError)
  })

  it('refuses secrets that were made up, wherever the file now lies, and secrets that others can read', async () => {
    const { file } = scene.ringback.config.secrets
    const twilio: Config['voice']['carrier'] = { kind: 'twilio', ...account, machineDetection: false }
    const issuer = 'https://id.example.com'
    await expect(loadSecrets({ issuer, secrets: { file, madeUp: true }, voice: { carrier: twilio } })).rejects.toThrow(/made up/)
    await expect(loadSecrets({ issuer, secrets: { file, madeUp: false }, voice: { carrier: twilio } })).rejects.toThrow(/made up/)
    const mode = (await import('node:fs')).statSync(file).mode & 0o777
    expect(mode).toBe(0o600)
    for (const path of [scene.ringback.config.databaseFile, scene.ringback.config.audit.file])
      expect((await import('node:fs')).statSync(path).mode & 0o077).toBe(0)
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}
