// What a person does on the pages, step by step, and what they wait for in between. Nothing in here needs the page's script.
import type { Page } from 'playwright-core'
import type { Account, Scene } from './scene.ts'

export const acr = { password: 'urn:ringback:acr:password', phone: 'urn:ringback:acr:phone' }

export async function signIn(page: Page, { username, password }: Account): Promise<void> {
  await page.fill('input[name="username"]', username)
  await page.fill('input[name="password"]', password)
  await page.click('button[value="sign-in"]')
}

/** Waits until the page of the call says this. */
export async function untilState(page: Page, state: string): Promise<void> {
  await page.waitForSelector(`#call-state[data-state="${state}"]`)
}

/** Somebody who is signed in asks for the level of the phone: leads to the page of the call. */
export async function openCallPage(page: Page, scene: Scene, account: Account): Promise<void> {
  await scene.signIn(page.context(), account)
  await page.goto((await scene.request({ acr_values: acr.phone })).url)
  await untilState(page, 'idle')
}

/** Asks for the call and waits until it rings. */
export async function beCalled(page: Page, choice: { mode?: 'spoken' | 'keyed' } = {}): Promise<void> {
  if (choice.mode !== undefined) await page.check(`input[name="mode"][value="${choice.mode}"]`)
  await page.click('button[value="call"]')
  await untilState(page, 'ringing')
}

/** What the page says is to be keyed: the gate or the code. */
export async function digitsOn(page: Page, id: 'gate' | 'shown-code'): Promise<string> {
  const digits = (await page.locator(`#${id}`).textContent()) ?? ''
  return digits.trim()
}

/** Answers the phone, keys the gate, and listens to the code. */
export function hearCode(page: Page, { phone }: Account): Promise<string> {
  return phone.codeThrough(() => digitsOn(page, 'gate'))
}

/** Another code than this one. */
export function otherThan(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0')
}

export async function typeCode(page: Page, code: string): Promise<void> {
  await page.fill('input[name="code"]', code)
  await page.click('button[value="verify"]')
}

/** The whole of a call with a spoken code, from "Call me" to the right code. */
export async function confirm(page: Page, account: Account): Promise<void> {
  await beCalled(page)
  const code = await hearCode(page, account)
  await typeCode(page, code)
}

/** From the bank's home page, through the provider, to the account. */
export async function signInAtBank(page: Page, { ringback }: Scene, account: Account): Promise<void> {
  await page.goto(ringback.bankUrl)
  await page.click('#sign-in')
  await signIn(page, account)
  await page.waitForURL(`${ringback.bankUrl}/account`)
}

/** Fills in a transfer at the bank and sends it: leads to the page of the call. */
export async function orderTransfer(page: Page): Promise<void> {
  await page.fill('#payee', 'Ann Example')
  await page.fill('#amount', '250.00')
  await page.click('#transfer-form button')
  await page.waitForSelector('#call-state')
}

/** What the phone's own page shows as the code, once it was said. */
export async function spokenOn(phone: Page): Promise<string> {
  const digits = (await phone.locator('#said .is-digits').last().textContent()) ?? ''
  return (/\d( \d)+$/.exec(digits)?.[0] ?? '').replaceAll(' ', '')
}

/** The phone's own page, operated with its buttons. */
export interface HandsetPage {
  answer(): Promise<void>
  /** Waits until so many keys are awaited, then presses these. */
  press(keys: string): Promise<void>
  /** The code, once it was said. */
  code(): Promise<string>
}

export async function openHandset(page: Page, { ringback }: Scene, { number }: Account): Promise<HandsetPage> {
  await page.goto(`${ringback.carrierUrl}/handset/${number}`)
  return {
    answer: () => page.click('[data-action="answer"]'),
    async press(keys) {
      await page.waitForSelector(`#hint:text("${keys.length} keys are awaited")`)
      for (const key of keys) await page.click(`[data-key="${key}"]`)
    },
    code: () => spokenOn(page),
  }
}
