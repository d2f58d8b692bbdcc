// The whole thing running, Chromium in front of it, and a relying party that only wants to be come back to.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Config } from '../../src/config.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { launchChromium } from '../support/chromium.ts'
import { cookieBrowser } from '../support/cookie-browser.ts'
import { type Handset, handset } from '../support/handset.ts'
import { type RelyingParty, relyingParty } from '../support/relying-party.ts'
import { type RunningRingback, startRingback } from '../support/ringback.ts'

export interface Account {
  username: string
  password: string
  /** E.164. */
  number: string
  phone: Handset
}

/** A browser with cookies of its own, and the first tab in it. */
export interface Visitor {
  context: BrowserContext
  page: Page
  /** Closes the browser. Throws if on the way it asked another machine for something, a policy was violated or a script failed. */
  leave(): Promise<void>
}

export type VisitorOptions = BrowserContextOptions & { mayLoseConnection?: boolean }

export interface Scene {
  ringback: RunningRingback
  /** The account that `npm start` comes with. */
  demo: Account
  /** An account that no other test has met. */
  somebody(): Account
  visitor(options?: VisitorOptions): Promise<Visitor>
  /** Signs this browser in without the pages of it, which take longer than what most tests are about. */
  signIn(context: BrowserContext, account: Account): Promise<void>
  /** The address of an authorization request by the demo bank's client that returns to `callback`; `finish` redeems what came back. */
  request(parameters?: Record<string, string>): ReturnType<RelyingParty['request']>
  callback: string
  /** Stops everything and removes its data; what was logged must hold no failure. */
  end(): Promise<void>
}

const password = 'a quiet harbour at night'

export async function openScene(options: { people?: number; clock?: Clock; change?: (config: Config) => void } = {}): Promise<Scene> {
  const client = await waitingClient()
  const people = Array.from({ length: options.people ?? 0 }, (_, index) => ({
    username: `person-${index}`,
    password,
    number: `+120255501${10 + index}`,
  }))
  const ringback = await startRingback({
    clock: options.clock,
    change(config) {
      for (const { username, number } of people) config.accounts.seeds.push({ login: username, password, language: 'en', phones: [{ number }] })
      for (const { redirectUris } of config.clients) redirectUris.push(client.callback)
      options.change?.(config)
    },
  })
  const [party, chromium] = await Promise.all([relyingParty(ringback.issuer), launchChromium()])
  const account = (known: Omit<Account, 'phone'>): Account => ({ ...known, phone: handset(ringback.carrierUrl, known.number) })
  const origins = [ringback.issuer, ringback.bankUrl, ringback.carrierUrl, client.callback].map((url) => new URL(url).origin)
  const request: Scene['request'] = (parameters) => party.request({ redirect_uri: client.callback, ...parameters })
  let met = 0
  return {
    ringback,
    demo: account({ username: 'demo', password: 'correct horse battery staple', number: '+12025550143' }),
    somebody() {
      const next = people[met++]
      if (next === undefined) throw new Error(`these tests meet more than ${people.length} people: give openScene a larger number`)
      return account(next)
    },
    visitor: (visitorOptions) => openVisitor(chromium, origins, visitorOptions),
    async signIn(context, { username, password }) {
      const browser = cookieBrowser([client.callback])
      const page = await browser.open((await request()).url)
      await browser.submit(page, { username, password, action: 'sign-in' })
      const cookies = await browser.jar.getCookies(ringback.issuer)
      assert.notEqual(cookies.length, 0, `${username} could not sign in`)
      await context.addCookies(cookies.map(({ key, value }) => ({ name: key, value, url: ringback.issuer })))
    },
    request,
    callback: client.callback,
    async end() {
      await chromium.close()
      await ringback.remove()
      await client.close()
      assert.deepEqual(
        ringback.logged.filter((line) => line.includes('"level":"error"')),
        [],
      )
    },
  }
}

async function openVisitor(chromium: Browser, origins: string[], { mayLoseConnection = false, ...options }: VisitorOptions = {}): Promise<Visitor> {
  // Where nothing draws but the processor, what moves on the pages would take most of the time.
  const context = await chromium.newContext({ reducedMotion: 'reduce', ...options })
  // Every wait of these tests is for something that happens within two seconds on a quiet machine.
  context.setDefaultTimeout(20_000)
  const complaints: string[] = []
  await context.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => console.error('policy violated:', event.violatedDirective, event.blockedURI))",
  )
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol !== 'data:' && !origins.includes(origin)) complaints.push(`asked for ${request.url()}`)
  })
  context.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`status ${response.status()} from ${response.url()}`)
  })
  context.on('console', (message) => {
    const text = message.text()
    // A refusal is a page with its own status, which Chromium reports as if something were missing.
    const expected = /the server responded with a status of 4\d\d/.test(text) || (mayLoseConnection && text.includes('net::ERR_'))
    if ((message.type() === 'error' && !expected) || /Content Security Policy|violates/i.test(text)) complaints.push(text)
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  const page = await context.newPage()
  return {
    context,
    page,
    async leave() {
      await context.close()
      assert.deepEqual(complaints, [])
    },
  }
}

async function waitingClient(): Promise<{ callback: string; close(): Promise<void> }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>The client</title><p id="client">Back at the client')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    callback: `http://127.0.0.1:${port}/cb`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
