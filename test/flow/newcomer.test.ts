// What somebody gets who runs `npm start` for the first time.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { relyingParty } from '../support/relying-party.ts'
import { acr, demoAccounts } from './flow.ts'
import { person } from './person.ts'
import { dataDirectory, type Process, startProcess } from './process.ts'

let data: Awaited<ReturnType<typeof dataDirectory>>
let ringback: Process
beforeAll(async () => {
  data = await dataDirectory()
  ringback = await startProcess({ dataDir: data.path, by: 'npm' })
})
afterAll(() => data.remove())

describe('npm start', () => {
  it('prints three addresses, each with a sentence on what to try; PORT moves all three', () => {
    const lines = ringback.started.split('\n').map((line) => line.trim())
    for (const [name, url] of [
      ['provider', ringback.issuer],
      ['bank', ringback.bankUrl],
      ['phone', ringback.carrierUrl],
    ]) {
      const at = lines.findIndex((line) => line.startsWith(`${name} `) && line.endsWith(` ${url}`))
      expect(at, `${name} at ${url}`).toBeGreaterThanOrEqual(0)
      expect(lines[at + 1]).toMatch(/^[A-Z].*\.$/)
    }
  })

  it.each(['issuer', 'bankUrl', 'carrierUrl'] as const)('opens a page at its %s', async (name) => {
    const response = await fetch(ringback[name])
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/html')
  })

  it('keeps its data where DATA_DIR says, readable by its owner only', async () => {
    const files = await readdir(data.path)
    expect(files).toEqual(expect.arrayContaining(['ringback.db', 'secrets.json', 'audit.jsonl']))
    for (const file of files) expect((await stat(join(data.path, file))).mode & 0o077, file).toBe(0)
  })

  it('answers discovery with what relying parties look for', async () => {
    const response = await fetch(`${ringback.issuer}/.well-known/openid-configuration`)
    expect(await response.json()).toMatchObject({
      issuer: ringback.issuer,
      authorization_endpoint: expect.stringContaining(ringback.issuer),
      token_endpoint: expect.stringContaining(ringback.issuer),
      introspection_endpoint: expect.stringContaining(ringback.issuer),
      userinfo_endpoint: expect.stringContaining(ringback.issuer),
      end_session_endpoint: expect.stringContaining(ringback.issuer),
      acr_values_supported: expect.arrayContaining([acr.password, acr.phone, acr.call]),
      claims_supported: expect.arrayContaining(['sub', 'acr', 'amr', 'auth_time']),
      claims_parameter_supported: true,
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: expect.arrayContaining(['ES256', 'RS256']),
      authorization_response_iss_parameter_supported: true,
    })
  })

  it('ends within ten seconds on SIGTERM to npm, with status 0, though somebody follows a call live', async () => {
    const bank = await relyingParty(ringback.issuer)
    const demo = person(demoAccounts.demo, '+12025550143', ringback.carrierUrl)
    const { page } = await demo.askAndSignIn(bank, { acr_values: acr.phone })
    const calling = await demo.beCalled(page)
    await demo.until(calling, 'ringing')
    const events = await demo.browser.request(`${calling.url}/events`)
    const stream = events.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await stream?.read())?.value).toContain('retry:')

    const asked = Date.now()
    const ended = await ringback.end('SIGTERM')
    expect([ended.code, ended.signal]).toEqual([0, null])
    expect(Date.now() - asked).toBeLessThan(10_000)
    for (let read = await stream?.read(); read && !read.done; read = await stream?.read());
    expect(ended.output).not.toMatch(/1202555\d{4}/)
    expect(ended.output.match(/"level":50.*/g)).toBeNull()
  })
})
