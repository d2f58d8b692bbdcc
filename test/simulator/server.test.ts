// The simulator shows codes to whoever looks: who may look, and who gets nothing.
import { request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../src/simulator/server.ts'
import { accountSid, authToken, to } from './carrier-lab.ts'

let simulator: Simulator | undefined

afterEach(async () => {
  await simulator?.close()
  simulator = undefined
})

const options = { port: 0, accountSid, authToken, issuer: 'http://localhost:4000' }

async function start(more: Partial<typeof options> & { host?: 'localhost' | '127.0.0.1' | '::1' } = {}): Promise<Simulator> {
  simulator = await startSimulator({ ...options, ...more })
  return simulator
}

/** A request as somebody else's program would send it; `fetch` does not let a Host be chosen. */
function send(url: string, method: string, headers: Record<string, string>): Promise<{ status?: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, async (response) => {
      let body = ''
      for await (const chunk of response) body += chunk
      resolve({ status: response.statusCode, body })
    })
    sent.on('error', reject)
    sent.end(method === 'PUT' ? '{"behaviour":"answer"}' : undefined)
  })
}

describe('starting', () => {
  it.each([
    'https://login.example.com',
    'http://192.168.0.1:4000',
    'http://localhost.example.com',
    'http://localhost@example.com',
    'localhost:4000',
    '',
  ])('is refused beside the issuer %j', async (issuer) => {
    await expect(startSimulator({ ...options, issuer })).rejects.toThrow(/issuer on this machine/)
  })

  it.each(['http://localhost:4000', 'https://localhost', 'http://127.0.0.1:4000/op', 'http://[::1]:4000'])(
    'is possible beside the issuer %s',
    async (issuer) => {
      await start({ issuer })
    },
  )

  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.com'])('is refused on the host %s', async (host) => {
    // @ts-expect-error: the type forbids it, and a program without types is told
    await expect(startSimulator({ ...options, host })).rejects.toThrow(/this machine only/)
  })

  it('is refused without a proper account', async () => {
    await expect(start({ accountSid: 'demo' })).rejects.toThrow(/accountSid/)
    await expect(start({ authToken: '' })).rejects.toThrow(/authToken/)
  })

  it('says so when the port is taken', async () => {
    const { url } = await start()
    await expect(startSimulator({ ...options, port: Number(new URL(url).port) })).rejects.toThrow(/is taken: end what uses it/)
  })

  it.each([
    ['127.0.0.1', 'http://127.0.0.1:'],
    ['localhost', /^http:\/\/(localhost|127\.0\.0\.1):/],
  ] as const)('on %s listens on this machine, and stops when closed', async (host, begins) => {
    const { url, close } = await start({ host })
    expect(url).toMatch(typeof begins === 'string' ? new RegExp(`^${begins}`) : begins)
    expect((await fetch(`${url}/handsets`)).status).toBe(200)
    await close()
    await expect(fetch(`${url}/handsets`)).rejects.toThrow()
  })
})

describe('a page from elsewhere', () => {
  it.each(['example.com', 'localhost.example.com', '127.0.0.1.example.com:4002', '192.0.2.1'])('gets nothing by the name %s', async (host) => {
    const { url } = await start()
    expect(await send(`${url}/handsets/${to}/calls`, 'GET', { host })).toMatchObject({ status: 403, body: expect.not.stringContaining('[') })
  })

  it.each<Record<string, string>>([
    { origin: 'http://example.com' },
    { origin: 'http://localhost:1' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://localhost:4000' },
  ])('changes nothing with the headers %j', async (headers) => {
    const { url } = await start()
    expect(await send(`${url}/handsets/${to}`, 'PUT', headers)).toMatchObject({ status: 403 })
    expect(await (await fetch(`${url}/handsets/${to}`)).json()).toMatchObject({ behaviour: 'manual' })
  })

  it('is told apart from a page of its own', async () => {
    const { url } = await start()
    expect(await send(`${url}/handsets/${to}`, 'PUT', { 'sec-fetch-site': 'same-origin', origin: url })).toMatchObject({ status: 200 })
    expect(await send(`${url}/handsets/${to}`, 'PUT', { origin: url })).toMatchObject({ status: 200 })
  })
})

describe('pages', () => {
  it.each(['/', `/handset/${to}`])('%s loads nothing from elsewhere and runs no script but its own', async (path) => {
    const { url } = await start()
    const response = await fetch(url + path)
    const html = await response.text()
    const policy = response.headers.get('content-security-policy') ?? ''
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? 'none'
    expect(policy).toMatch(/^default-src 'none'; /)
    expect(policy).toContain("connect-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(html.match(/<script[^>]*>/g)).toEqual([`<script type="module" src="/assets/handset.js" nonce="${nonce}">`])
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//)
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await (await fetch(url + path)).text()).not.toContain(nonce)
  })

  it('finds a handset by a number typed as people type it', async () => {
    const { url } = await start()
    for (const typed of ['+1 202 555-0143', '%2B1 (202) 555 0143', '12025550143']) {
      const response = await fetch(`${url}/handset?number=${typed}`, { redirect: 'manual' })
      expect(response.headers.get('location')).toBe(`/handset/${to}`)
    }
    expect((await fetch(`${url}/handset?number=<script>`)).status).toBe(400)
    expect((await fetch(`${url}/handset/nobody`)).status).toBe(400)
    expect((await fetch(`${url}/nothing`)).status).toBe(404)
  })

  it('shows labels as text', async () => {
    const label = '<img src=x onerror=alert(1)>'
    simulator = await startSimulator({ ...options, knownHandsets: [{ number: to, label }] })
    for (const path of ['/', `/handset/${to}`]) {
      const html = await (await fetch(simulator.url + path)).text()
      expect(html).toContain('&lt;img')
      expect(html).not.toContain('<img')
    }
  })
})
