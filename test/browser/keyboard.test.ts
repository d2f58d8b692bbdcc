// The whole step-up with a keyboard and nothing else: every control is reached by Tab, seen when it is, and worked by Enter.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openScene, type Scene } from './scene.ts'
import { digitsOn, spokenOn, untilState } from './steps.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene.end())

/** Presses Tab until this has the focus. Throws if it cannot be reached, or if nothing shows that it has been. */
async function tabTo(page: Page, selector: string): Promise<void> {
  const wanted = page.locator(selector)
  await wanted.waitFor()
  for (let presses = 0; presses < 40; presses += 1) {
    if ((await page.locator(`${selector}:focus`).count()) === 1) return expectFocusIsSeen(page, selector)
    await page.keyboard.press('Tab')
  }
  throw new Error(`${selector} is not reached by Tab`)
}

/** The control itself or the label around it is outlined. */
async function expectFocusIsSeen(page: Page, selector: string): Promise<void> {
  const outlines = await page.evaluate(
    "[document.activeElement, document.activeElement.closest('label, .money, .with-button')].map((seen) => seen && getComputedStyle(seen)).map((style) => style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)",
  )
  expect({ selector, outlines }).toEqual({ selector, outlines: expect.arrayContaining([true]) })
}

async function enter(page: Page, selector: string): Promise<void> {
  await tabTo(page, selector)
  await page.keyboard.press('Enter')
}

/** The field has the focus by itself. */
async function typeName(page: Page): Promise<void> {
  await page.waitForSelector('#username:focus')
  await page.keyboard.type(scene.demo.username)
}

it('signs in, is called and pays by keyboard alone', { timeout: 90_000 }, async () => {
  const { context, page, leave } = await scene.visitor()
  await page.goto(scene.ringback.bankUrl)
  await enter(page, '#sign-in')
  await typeName(page)
  await tabTo(page, '#password')
  await page.keyboard.type(scene.demo.password)
  await enter(page, 'button[value="sign-in"]')
  await tabTo(page, '#payee')
  await page.keyboard.type('Ann Example')
  await tabTo(page, '#amount')
  await page.keyboard.type('250.00')
  await page.keyboard.press('Enter')
  await untilState(page, 'idle')

  const phone = await context.newPage()
  await phone.goto(`${scene.ringback.carrierUrl}/handset/${scene.demo.number}`)
  await enter(page, 'button[value="call"]')
  await untilState(page, 'ringing')
  await enter(phone, '[data-action="answer"]')
  const gate = await digitsOn(page, 'gate')
  await phone.waitForSelector('#hint:text("2 keys are awaited")')
  await phone.keyboard.type(gate)
  const code = await spokenOn(phone)
  await page.waitForSelector('#code:focus')
  await page.keyboard.type(code)
  await page.keyboard.press('Enter')
  await page.waitForSelector('#transfer-done')
  await leave()
})

it('reaches every way out of the page of the call by keyboard', { timeout: 90_000 }, async () => {
  const { page, leave } = await scene.visitor()
  await page.goto((await scene.request({ acr_values: 'urn:ringback:acr:phone' })).url)
  await typeName(page)
  await tabTo(page, '#password')
  await page.keyboard.type(scene.demo.password)
  await page.keyboard.press('Enter')
  await untilState(page, 'idle')
  await tabTo(page, 'input[name="phone"]:checked')
  await page.keyboard.press('ArrowDown')
  await tabTo(page, 'input[name="mode"]:checked')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await untilState(page, 'ringing')
  expect(await page.locator('.call-facts').textContent()).toContain('87')
  await tabTo(page, 'button[value="not-me"]')
  await enter(page, 'button[value="cancel"]')
  await page.waitForSelector('#client')
  expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
  await leave()
})
