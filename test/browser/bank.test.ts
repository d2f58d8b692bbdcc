// The demo bank from sign-in to transfer and out again, in a real browser: with and without JavaScript, wide and narrow, both modes.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openScene, type Scene } from './scene.ts'
import { acr, beCalled, confirm, digitsOn, openHandset, orderTransfer, signInAtBank, typeCode, untilState } from './steps.ts'

const slow = { timeout: 90_000 }
const wide = { viewport: { width: 1280, height: 900 } }
const narrow = { viewport: { width: 360, height: 740 } }
let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene.end())

/** The bank tells that the money is gone, and by what sign-in. */
async function expectTransferDone(page: Page): Promise<void> {
  await page.waitForSelector('#transfer-done')
  expect(await page.locator('#transfer-done').textContent()).toContain('$250.00 is on its way to Ann Example')
  expect(await page.locator('[data-claim="acr"]').getAttribute('data-value')).toBe(acr.phone)
  const amr = (await page.locator('[data-claim="amr"]').textContent()) ?? ''
  for (const method of ['pwd', 'tel', 'mfa', 'mca']) expect(amr).toContain(method)
}

describe('a transfer is confirmed', slow, () => {
  it('on a wide screen, by a code that the phone on the page beside tells', async () => {
    const { context, page, leave } = await scene.visitor(wide)
    const phone = await openHandset(await context.newPage(), scene, scene.demo)
    await signInAtBank(page, scene, scene.demo)
    await orderTransfer(page)
    await beCalled(page)
    await phone.answer()
    await phone.press(await digitsOn(page, 'gate'))
    await untilState(page, 'told')
    await typeCode(page, await phone.code())
    await expectTransferDone(page)
    await leave()
  })

  it('on a narrow screen, by a code that a phone elsewhere tells', async () => {
    const { page, leave } = await scene.visitor(narrow)
    await signInAtBank(page, scene, scene.demo)
    await orderTransfer(page)
    await confirm(page, scene.demo)
    await expectTransferDone(page)
    await leave()
  })

  it('on a narrow screen, by a code that is keyed on the phone: the page moves on by itself', async () => {
    const { context, page, leave } = await scene.visitor(narrow)
    const phone = await openHandset(await context.newPage(), scene, scene.demo)
    await signInAtBank(page, scene, scene.demo)
    await orderTransfer(page)
    await beCalled(page, { mode: 'keyed' })
    await phone.answer()
    await phone.press(await digitsOn(page, 'shown-code'))
    await expectTransferDone(page)
    await leave()
  })
})

describe('a transfer is confirmed without JavaScript', slow, () => {
  it.each([
    ['wide', wide],
    ['narrow', narrow],
  ])('on a %s screen, by a code that the phone tells', async (_, screen) => {
    const { page, leave } = await scene.visitor({ ...screen, javaScriptEnabled: false })
    await signInAtBank(page, scene, scene.demo)
    await orderTransfer(page)
    // The page refreshes itself until there is a field, which a refresh would empty.
    await confirm(page, scene.demo)
    await expectTransferDone(page)
    await leave()
  })

  it('by a code that is keyed on the phone: the page moves on by itself', async () => {
    const { page, leave } = await scene.visitor({ ...narrow, javaScriptEnabled: false })
    await signInAtBank(page, scene, scene.demo)
    await orderTransfer(page)
    await beCalled(page, { mode: 'keyed' })
    const { sid } = await scene.demo.phone.answer()
    await scene.demo.phone.key(await digitsOn(page, 'shown-code'), sid)
    await expectTransferDone(page)
    await leave()
  })
})

describe.each([
  ['with', true],
  ['without', false],
])('signing out %s JavaScript', slow, (_, javaScriptEnabled) => {
  it('leads from the bank over the provider back to the bank, signed out of both', async () => {
    const { page, leave } = await scene.visitor({ ...wide, javaScriptEnabled })
    await signInAtBank(page, scene, scene.demo)
    await page.click('button[value="sign-out"]')
    await page.waitForURL((url) => url.href.startsWith(`${scene.ringback.issuer}/session/end`))
    await page.click('button[value="yes"]')
    await page.waitForURL(`${scene.ringback.bankUrl}/`)
    await page.click('#sign-in')
    // Signed out of the provider too: it asks for the password again.
    await page.waitForSelector('input[name="password"]')
    await leave()
  })
})

it('signing out of the bank alone is told as such, and the next sign-in there asks for nothing', slow, async () => {
  const { page, leave } = await scene.visitor(narrow)
  await signInAtBank(page, scene, scene.demo)
  await page.route(`${scene.ringback.bankUrl}/`, (route) => route.fulfill({ status: 204 }))
  await page.click('button[value="sign-out"]')
  await page.click('button:has-text("Stay signed in")')
  await page.waitForSelector('h1:has-text("You are still signed in here")')
  expect(await page.locator('main').textContent()).toContain('We are taking you back to Harbour Bank.')
  await page.unroute(`${scene.ringback.bankUrl}/`)
  await page.click('a.main')
  await page.click('#sign-in')
  await page.waitForURL(`${scene.ringback.bankUrl}/account`)
  await leave()
})
