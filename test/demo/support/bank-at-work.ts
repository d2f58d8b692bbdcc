// A bank, its provider and a browser for each test, and the few things a person does there.
import { pino } from 'pino'
import { afterEach, beforeEach } from 'vitest'
import { type Bank, startBank } from '../../../src/demo/bank.ts'
import { type CookieBrowser, cookieBrowser, type Visited } from '../../support/cookie-browser.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import { client, type PlainProvider, plainProvider } from './plain-provider.ts'

export let clock: ManualClock
export let provider: PlainProvider
export let bank: Bank
export let browser: CookieBrowser
export let logged: string

/** Every test of the file that calls this gets a bank, a provider and a browser of its own. */
export function bankAtWork(): void {
  beforeEach(async () => {
    logged = ''
    clock = manualClock(Date.now())
    provider = await plainProvider()
    const keep = (line: string) => {
      logged += line
    }
    const logger = pino({}, { write: keep })
    bank = await startBank({
      port: 0,
      issuer: provider.issuer,
      ...client,
      clock,
      logger,
      hints: [{ username: 'demo', password: 'a <password>', about: 'English' }],
    })
    provider.open(bank)
    browser = cookieBrowser([])
  })

  afterEach(async () => {
    await bank.close()
    await provider.close()
  })
}

export const text = (page: Visited) => page.$('main').text().replace(/\s+/g, ' ').trim()
export const signIn = (by = browser) => by.open(`${bank.url}/login`)
export const order = { payee: 'Riverside Management', amount: '25.50' }

/** The browser is signed in at the bank as before, and nobody any more at the provider. */
export async function forgetAtProvider(): Promise<void> {
  const kept = (await browser.jar.getCookies(bank.url)).filter(({ key }) => key === 'harbour_session')
  await browser.jar.removeAllCookies()
  for (const cookie of kept) await browser.jar.setCookie(cookie, bank.url)
}

export async function balance(): Promise<string> {
  return (await browser.open(`${bank.url}/account`)).$('#balance').text()
}

/** Follows redirects and onward pages, but only at the bank: where the browser would leave it for the provider. */
export async function leaveFor(url: string, init?: RequestInit, by = browser): Promise<URL> {
  const response = await by.request(url, init)
  const body = await response.text()
  const next = response.headers.get('location') ?? /http-equiv="refresh" content="0; url=([^"]+)"/.exec(body)?.[1]
  if (next === undefined) throw new Error(`${url} leads nowhere: ${response.status}`)
  const target = new URL(next, url)
  return target.origin === bank.url ? leaveFor(target.href, undefined, by) : target
}

export const posted = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
  headers: { 'sec-fetch-site': 'same-origin' },
})

/** The provider's answer to an authorization request: the callback's address, not yet visited. */
export async function answerOf(authorization: URL, by = browser): Promise<string> {
  const walker = cookieBrowser([bank.redirectUri])
  for (const cookie of await by.jar.getCookies(provider.issuer)) await walker.jar.setCookie(cookie, provider.issuer)
  const { url } = await walker.open(authorization.href)
  for (const cookie of await walker.jar.getCookies(provider.issuer))
    if (cookie.key !== 'harbour_session') await by.jar.setCookie(cookie, provider.issuer)
  return url
}
