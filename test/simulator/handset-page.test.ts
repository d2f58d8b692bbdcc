// The handset page in a real browser: it rings, is answered, shows what is said, and its keys arrive.
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { accountSid, type CalledBack, type CarrierLab, calledBack, carrierLab, from, rest, to, twiml } from './carrier-lab.ts'

let browser: Browser
let lab: CarrierLab
let caller: CalledBack

beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

beforeEach(async () => {
  lab = await carrierLab({ knownHandsets: [{ number: to, label: 'Demo, mobile' }] })
  caller = await calledBack(({ path }) => {
    if (path === '/answered') return twiml('<Say>Key two digits.</Say><Gather numDigits="2" timeout="60" action="/keys"/>')
    return twiml('<Say>Your code is:</Say><Say>4 2 4 2 4 2</Say><Gather timeout="60"/>')
  })
})
afterEach(async () => {
  await lab.close()
  caller.close()
})

const place = () => rest(lab.simulator, 'POST', `${accountSid}/Calls.json`, { To: to, From: from, Url: `${caller.url}/answered` })

async function open(path: string, options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const complaints: string[] = []
  try {
    const page = await context.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(lab.simulator.url)) complaints.push(request.url())
    })
    await page.goto(lab.simulator.url + path)
    await use(page)
  } finally {
    await context.close()
  }
  expect(complaints).toEqual([])
}

const state = (page: Page, wanted: string) => page.locator(`#phone[data-state="${wanted}"]`).waitFor()

describe.each([
  { viewport: { width: 1280, height: 860 }, colorScheme: 'light' },
  { viewport: { width: 360, height: 780 }, colorScheme: 'dark' },
] as const)('at $viewport.width px, $colorScheme', (options) => {
  it('is a telephone', async () => {
    await open(`/handset/${to}`, options, async (page) => {
      await state(page, 'idle')
      await place()
      await state(page, 'ringing')
      expect(await page.title()).toMatch(/Ringing/)
      await page.getByRole('button', { name: 'Answer' }).click()
      await page.getByRole('log').getByText('Key two digits.').waitFor()
      await page.getByText('2 keys are awaited').waitFor()
      await page.keyboard.press('4')
      await page.getByRole('button', { name: '2', exact: true }).click()
      await page.locator('.is-digits').getByText('4 2 4 2 4 2').waitFor()
      expect(await page.locator('#digits').textContent()).toBe('42')
      expect((await caller.until(({ path }) => path === '/keys')).params.Digits).toBe('42')
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(options.viewport.width)
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
      await page.getByRole('button', { name: 'Hang up' }).click()
      await state(page, 'idle')
      expect(await lab.handset.calls()).toMatchObject([{ status: 'completed' }])
    })
  })
})

it('declines, and is set to something else', async () => {
  await open(`/handset/${to}`, {}, async (page) => {
    await place()
    await state(page, 'ringing')
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
    await page.getByRole('button', { name: 'Decline' }).click()
    await page.locator('#earlier').getByText('Declined').waitFor()
    await page.getByLabel('When it is called').selectOption('voicemail')
    await page.keyboard.press('5')
    await page.getByRole('alert').getByText('Nobody is on the line').waitFor()
    await place()
    await lab.handset.until('voicemail answers', ({ status }) => status === 'in-progress')
    await state(page, 'in-call')
  })
})

it('shows on the list which telephone rings, and leads there', async () => {
  await open('/', { viewport: { width: 360, height: 640 } }, async (page) => {
    await place()
    await page.locator('[data-state="ringing"]').getByText('Demo, mobile').waitFor()
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
    await page.getByRole('link', { name: 'Demo, mobile' }).click()
    await state(page, 'ringing')
  })
})
