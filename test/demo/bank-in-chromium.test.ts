// Harbour Bank in a real browser: the whole way, wide and narrow, light and dark, with and without JavaScript, and nothing axe objects to.
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Bank, startBank } from '../../src/demo/bank.ts'
import { launchChromium } from '../support/chromium.ts'
import { client, type PlainProvider, plainProvider } from './support/plain-provider.ts'

let provider: PlainProvider
let bank: Bank
let chromium: Browser

beforeAll(async () => {
  provider = await plainProvider()
  const hints = [{ username: 'demo', password: 'correct horse battery staple', about: 'English, two phones' }]
  bank = await startBank({ port: 0, issuer: provider.issuer, ...client, hints, phoneUrl: 'http://localhost:9/' })
  provider.open(bank)
  chromium = await launchChromium()
})

afterAll(async () => {
  await chromium.close()
  await bank.close()
  await provider.close()
})

/** Walks from the landing page to a transfer that failed and was then made; `look` is called on every page on the way. */
async function walk(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  provider.person = 'confirm'
  await page.goto(bank.url)
  await look('landing')
  await page.click('#sign-in')
  await page.waitForURL(`${bank.url}/account`)
  await look('account')
  await page.fill('#amount', '12,5')
  await page.click('#transfer-form button')
  await page.waitForSelector('#payee-fault')
  await look('faults')
  await page.fill('#payee', 'A payee with a rather long name that has to wrap somewhere, Ltd.')
  await page.fill('#amount', '1.00')
  // A page that goes on at once can only be looked at while its next stop answers nothing.
  await page.route('**/step-up/continue*', (route) => route.fulfill({ status: 204 }))
  await page.click('#transfer-form button')
  await page.waitForSelector('#continue')
  await look('step-up')
  await page.unroute('**/step-up/continue*')
  provider.person = 'give-up'
  await page.click('#continue')
  await page.waitForSelector('#transfer-failed')
  await look('failed')
  provider.person = 'confirm'
  await page.click('.ways button')
  await page.waitForSelector('#transfer-done')
  await page.click('summary')
  await look('done')
  await page.goto(`${bank.url}/nowhere`)
  await look('not found')
}

// A walk is some twenty pages, and the machine may be busy.
const slow = { timeout: 180_000 }

const views: [string, BrowserContextOptions][] = [
  ['wide and light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
  ['narrow and dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
]

it.each(views)('is walked through %s, without a fault of accessibility, policy or layout', slow, async (_, options) => {
  const context = await chromium.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (/Content Security Policy|violates/i.test(message.text())) complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (![bank.url, provider.issuer].includes(new URL(request.url()).origin)) complaints.push(`asked for ${request.url()}`)
  })
  await walk(page, async (name) => {
    const { violations } = await new AxeBuilder({ page }).analyze()
    for (const { id, nodes } of violations) complaints.push(`${name}: ${id} ${nodes.map(({ html }) => html).join(' ')}`)
    if (await overflows(page)) complaints.push(`${name}: wider than the window`)
  })
  expect(complaints).toEqual([])
  await context.close()
})

it('works without JavaScript, on the narrowest screen', slow, async () => {
  const context = await chromium.newContext({ javaScriptEnabled: false, viewport: { width: 320, height: 640 } })
  const page = await context.newPage()
  const wide: string[] = []
  await walk(page, async (name) => {
    if (await overflows(page)) wide.push(name)
  })
  expect(wide).toEqual([])
  // Out again: a form, an onward page, and the provider, which Chromium would block if it were one chain of redirects.
  await page.click('button[value="sign-out"]')
  await page.waitForURL((url) => url.href.startsWith(`${provider.issuer}/session/end`))
  await page.goto(`${bank.url}/account`)
  expect(page.url()).toBe(`${bank.url}/`)
  await context.close()
})

async function overflows(page: Page): Promise<boolean> {
  // As text, since the rest of this file knows no `document`.
  return (await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')) === true
}
