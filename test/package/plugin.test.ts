// The package as it is published, in the hands of somebody who has an oidc-provider already.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cookieBrowser } from '../support/cookie-browser.ts'
import { handset } from '../support/handset.ts'
import { callback, errorOf, relyingParty } from '../support/relying-party.ts'

const run = promisify(execFile)
const project = new URL('../..', import.meta.url).pathname

let folder: string
let host: ChildProcess
let addresses: { issuer: string; carrierUrl: string }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ringback-host-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: project })
  const tarball: string = JSON.parse(stdout.slice(stdout.indexOf('[')))[0].filename
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'host', private: true, type: 'module' }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`, 'oidc-provider@9', 'koa@3', 'koa-mount@4'], {
    cwd: folder,
  })
  await copyFile(new URL('host.mjs', import.meta.url), join(folder, 'host.mjs'))
  host = spawn(process.execPath, ['host.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: host.stdout ?? process.stdin })
  addresses = await new Promise((resolve, reject) => {
    host.once('exit', (code) => reject(new Error(`the host ended with ${code}`)))
    lines.on('line', (line) => line.startsWith('{') && resolve(JSON.parse(line)))
  })
}, 240_000)

afterAll(async () => {
  host?.kill()
  await rm(folder, { recursive: true, force: true })
})

async function stepUp(parameters: Record<string, string>) {
  const rp = await relyingParty(addresses.issuer, 'app', 'secret-of-the-app')
  const browser = cookieBrowser([callback])
  const { url, finish } = await rp.request(parameters)
  const page = await browser.open(url)
  expect(page.url).toMatch(new RegExp(`^${addresses.issuer}/phone-step-up/`))
  const calling = await browser.submit(page, { action: 'call' })
  const phone = handset(addresses.carrierUrl, '+12025550143')
  const code = await phone.codeThrough(async () => (await browser.open(calling.url)).$('#gate').text().trim())
  const back = await browser.submit(await browser.open(calling.url), { code, action: 'verify' })
  return { rp, browser, tokens: await finish(back.url) }
}

describe('the packed plugin on a mounted host', () => {
  it("walks the flow under the host's mount path, and leaves the host's claims as they were", async () => {
    const { rp, tokens } = await stepUp({ acr_values: 'urn:ringback:acr:phone' })
    expect(tokens.claims()).toMatchObject({
      acr: 'urn:ringback:acr:phone',
      amr: ['pwd', 'tel', 'mfa', 'mca'],
      auth_time: expect.any(Number),
      sub: 'alice',
    })
    const userinfo = await client.fetchUserInfo(rp.config, tokens.access_token, 'alice')
    expect(userinfo).toMatchObject({ department: 'money' })
    const introspected = await client.tokenIntrospection(rp.config, tokens.access_token)
    expect(introspected).toMatchObject({ active: true, tenant: 'acme', acr: 'urn:ringback:acr:phone', amr: ['pwd', 'tel', 'mfa', 'mca'] })
  })

  it("announces the host's acr values beside ours", async () => {
    const rp = await relyingParty(addresses.issuer, 'app', 'secret-of-the-app')
    const { acr_values_supported } = rp.config.serverMetadata()
    expect(acr_values_supported).toEqual(['urn:host:acr:badge', 'urn:ringback:acr:password', 'urn:ringback:acr:phone', 'urn:ringback:acr:call'])
  })

  it("lets the host's own acr work as before, asked for as essential, without a call", async () => {
    const rp = await relyingParty(addresses.issuer, 'app', 'secret-of-the-app')
    const claims = JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:host:acr:badge' } } })
    const { url, finish } = await rp.request({ claims })
    const tokens = await finish((await cookieBrowser([callback]).open(url)).url)
    expect(tokens.claims()).toMatchObject({ acr: 'urn:host:acr:badge', amr: ['hwk'] })
  })

  it("runs the host's own prompts, before and after ours", async () => {
    const { tokens } = await stepUp({ acr_values: 'urn:ringback:acr:phone', scope: 'openid profile' })
    expect(tokens.scope).toBe('openid profile')
  })

  it('refuses an acr that neither the host nor we know', async () => {
    const rp = await relyingParty(addresses.issuer, 'app', 'secret-of-the-app')
    const { url } = await rp.request({ acr_values: 'urn:nobody:acr:gold' })
    expect(errorOf((await cookieBrowser([callback]).open(url)).url)).toBe('unmet_authentication_requirements')
  })
})
