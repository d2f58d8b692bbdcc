// Every page under axe, light and dark, wide and narrow.
import { DatabaseSync } from 'node:sqlite'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { relyingParty } from '../support/relying-party.ts'
import { faultsOf, inspectable } from './inspection.ts'
import { openScene, type Scene } from './scene.ts'
import {
  acr,
  beCalled,
  confirm,
  digitsOn,
  hearCode,
  openCallPage,
  orderTransfer,
  otherThan,
  signIn,
  signInAtBank,
  typeCode,
  untilState,
} from './steps.ts'

const slow = { timeout: 180_000 }
let scene: Scene
beforeAll(async () => {
  scene = await openScene({
    people: 8,
    change(config) {
      const [bank] = config.clients
      if (bank !== undefined) config.clients.push({ ...bank, clientId: 'stranger', name: 'The Stranger', consent: 'ask' })
    },
  })
})
afterAll(() => scene.end())

/** Expects nothing wrong with any of the pages it is shown; the message says which. */
async function expectNoFaults(page: Page, name: string): Promise<void> {
  expect({ name, faults: await faultsOf(page) }).toEqual({ name, faults: [] })
}

/** A page that goes on at once can only be looked at while its next stop answers nothing. */
async function holding(page: Page, path: string, act: () => Promise<void>): Promise<void> {
  await page.route(path, (route) => route.fulfill({ status: 204 }))
  await act()
  await page.unroute(path)
}

describe('no rule of accessibility is broken', slow, () => {
  it('on the way in', async () => {
    const { page, leave } = await scene.visitor(inspectable)
    await page.goto(scene.ringback.issuer)
    await expectNoFaults(page, 'home')
    await page.goto((await scene.request({ acr_values: acr.phone })).url)
    await expectNoFaults(page, 'sign-in')
    await signIn(page, { ...scene.demo, password: 'not this one' })
    await page.waitForSelector('#problem')
    await expectNoFaults(page, 'sign-in, refused')
    await signIn(page, { ...scene.demo, username: 'nophone' })
    await page.waitForSelector('h1:has-text("There is no phone on your account")')
    await expectNoFaults(page, 'no phone')
    await leave()
  })

  it('on the page of the call', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor(inspectable)
    await openCallPage(page, scene, scene.demo)
    await expectNoFaults(page, 'idle, two phones')
    await beCalled(page)
    await expectNoFaults(page, 'ringing')
    const gate = async () => {
      const digits = await digitsOn(page, 'gate')
      await expectNoFaults(page, 'answered')
      return digits
    }
    const code = await scene.demo.phone.codeThrough(gate)
    await untilState(page, 'told')
    await expectNoFaults(page, 'told')
    await typeCode(page, otherThan(code))
    await page.waitForSelector('#notice')
    await expectNoFaults(page, 'told, after a wrong code')
    await leave()

    const other = await scene.visitor(inspectable)
    await openCallPage(other.page, scene, account)
    await beCalled(other.page, { mode: 'keyed' })
    await account.phone.answer()
    await other.page.waitForSelector('#shown-code')
    await expectNoFaults(other.page, 'answered, keyed')
    await account.phone.act('hang-up')
    await untilState(other.page, 'hung-up')
    await expectNoFaults(other.page, 'hung-up')
    await beCalled(other.page)
    await account.phone.act('busy')
    await untilState(other.page, 'busy')
    await expectNoFaults(other.page, 'busy')
    await beCalled(other.page)
    const third = await scene.visitor(inspectable)
    await openCallPage(third.page, scene, account)
    await third.page.click('button[value="call"]')
    await third.page.waitForSelector('[role="alert"]')
    await expectNoFaults(third.page, 'refused, since another browser is being called')
    await other.page.waitForSelector('#phone-panel [role="alert"]')
    await expectNoFaults(other.page, 'ringing, contested')
    await holding(other.page, '**/phone/*/finish', async () => {
      await other.page.click('button[value="not-me"]')
      await untilState(other.page, 'reported')
      await expectNoFaults(other.page, 'finished, reported')
    })
    await third.page.reload()
    await third.page.waitForSelector('#call-state:has-text("We cannot call you right now")')
    await expectNoFaults(third.page, 'blocked')
    await other.leave()
    await third.leave()
  })

  it('on the way out', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor(inspectable)
    const stranger = await relyingParty(scene.ringback.issuer, 'stranger', 'demo-bank-secret')
    await scene.signIn(page.context(), account)
    await page.goto((await stranger.request({ acr_values: acr.phone, redirect_uri: scene.callback })).url)
    await untilState(page, 'idle')
    const here = page.url()
    await holding(page, '**/phone/*/finish', async () => {
      await confirm(page, account)
      await untilState(page, 'confirmed')
      await expectNoFaults(page, 'finished, confirmed')
    })
    await page.click('a.main')
    await page.waitForSelector('button[value="allow"]')
    await expectNoFaults(page, 'consent')
    await page.click('button[value="allow"]')
    await page.waitForSelector('#client')
    await page.goBack()
    expect(await page.locator('h1').textContent()).toBe('This sign-in is already finished')
    await expectNoFaults(page, 'already finished')

    const { issuer } = scene.ringback
    await page.goto(`${here.slice(0, here.lastIndexOf('/'))}/somebody-elses`)
    await expectNoFaults(page, 'session not found')
    await page.goto(`${issuer}/nowhere`)
    await expectNoFaults(page, 'not found')
    await page.goto(`${issuer}/auth?client_id=nobody`)
    await expectNoFaults(page, 'a request that cannot be answered')
    await page.goto(`${issuer}/session/end`)
    await expectNoFaults(page, 'signing out')
    await page.click('button[value="yes"]')
    await page.waitForSelector('h1:has-text("You are signed out")')
    await expectNoFaults(page, 'signed out')
    await leave()
  })

  it('on the page of a failure, which the log knows by its id', async () => {
    const { page, context } = await scene.visitor(inspectable)
    // Only the page itself is to fail: nothing else may be reading meanwhile.
    await page.route('**/events', (route) => route.abort())
    await openCallPage(page, scene, scene.somebody())
    const here = page.url()
    const store = new DatabaseSync(scene.ringback.config.databaseFile)
    store.exec('ALTER TABLE records RENAME TO mislaid')
    expect((await page.goto(here))?.status()).toBe(500)
    store.exec('ALTER TABLE mislaid RENAME TO records')
    store.close()
    await expectNoFaults(page, 'error')
    const id = (await page.locator('code').textContent()) ?? ''
    const { logged } = scene.ringback
    const known = logged.findIndex((line) => line.includes('"level":"error"') && line.includes(id))
    expect(logged.splice(known, 1).join('')).toContain('no such table')
    await context.close()
  })

  it('at the bank', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor(inspectable)
    await page.goto(scene.ringback.bankUrl)
    await expectNoFaults(page, 'the bank, landing')
    await signInAtBank(page, scene, account)
    await expectNoFaults(page, 'the bank, account')
    await orderTransfer(page)
    await page.click('button[value="cancel"]')
    await page.waitForSelector('#transfer-failed')
    await expectNoFaults(page, 'the bank, failed')
    await page.click('button[value="again"]')
    await confirm(page, account)
    await page.waitForSelector('#transfer-done')
    await page.click('summary')
    await expectNoFaults(page, 'the bank, done')
    await holding(page, '**/logout/continue', async () => {
      await page.click('button[value="sign-out"]')
      await page.waitForSelector('#continue')
      await expectNoFaults(page, 'the bank, goodbye')
    })
    await page.click('#continue')
    await holding(page, `${scene.ringback.bankUrl}/`, async () => {
      await page.click('button[value="yes"]')
      await page.waitForSelector('h1:has-text("You are signed out")')
      await expectNoFaults(page, 'signed out, on the way back')
    })
    await leave()
  })

  it('on the handsets', async () => {
    const account = scene.somebody()
    const { context, page, leave } = await scene.visitor(inspectable)
    await openCallPage(page, scene, account)
    const phone = await context.newPage()
    await phone.goto(`${scene.ringback.carrierUrl}/handset/${account.number}`)
    await expectNoFaults(phone, 'the handset, idle')
    await beCalled(page)
    await phone.waitForSelector('[data-action="answer"]')
    await expectNoFaults(phone, 'the handset, ringing')
    await hearCode(page, account)
    await phone.waitForSelector('#said .is-digits')
    await expectNoFaults(phone, 'the handset, in a call')
    await phone.goto(scene.ringback.carrierUrl)
    await expectNoFaults(phone, 'the handsets')
    await leave()
  })
})
