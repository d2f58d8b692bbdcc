// The page of the call while it is open: what changes by itself, what stays, and where it leads in the end.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { type Account, openScene, type Scene } from './scene.ts'
import { beCalled, confirm, digitsOn, hearCode, openCallPage, orderTransfer, otherThan, signInAtBank, typeCode, untilState } from './steps.ts'

const slow = { timeout: 90_000 }
let clock: ManualClock
let scene: Scene
beforeAll(async () => {
  clock = manualClock(Date.now())
  scene = await openScene({ people: 20, clock })
})
afterAll(() => scene.end())

/** Writes down every state that the page comes to show, without ever being loaded again. */
async function watchStates(page: Page): Promise<() => Promise<string>> {
  await page.evaluate(`{
    const region = document.getElementById('call-state')
    window.statesSeen = []
    new MutationObserver(() => {
      if (window.statesSeen.at(-1) !== region.dataset.state) window.statesSeen.push(region.dataset.state)
    }).observe(region, { attributes: true, attributeFilter: ['data-state'] })
  }`)
  return async () => String(await page.evaluate("window.statesSeen?.join(' ')"))
}

/** The same account asks for a call in another browser. */
async function contest(account: Account): Promise<void> {
  const { page, leave } = await scene.visitor()
  await openCallPage(page, scene, account)
  await page.click('button[value="call"]')
  await page.waitForSelector('[role="alert"]')
  await leave()
}

describe('the page of the call', slow, () => {
  it('follows the call without being loaded again, and moves the focus to what is to be done', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor()
    await openCallPage(page, scene, account)
    await beCalled(page)
    const statesSeen = await watchStates(page)
    expect(await page.title()).toContain('Your phone is ringing')
    const { sid } = await account.phone.answer()
    await page.waitForSelector('#gate-heading:focus')
    expect(await page.title()).toContain('You are on the line')
    await account.phone.key(await digitsOn(page, 'gate'), sid)
    await page.waitForSelector('#code:focus')
    expect(await page.locator('#gate').count()).toBe(0)
    // The state in between may be over too soon to be told.
    expect(await statesSeen()).toMatch(/^answered (gate-passed )?told$/)
    await leave()
  })

  it('keeps a half-typed code, its caret and its focus when something else changes', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor()
    await openCallPage(page, scene, account)
    await beCalled(page)
    const code = await hearCode(page, account)
    await page.waitForSelector('#code:focus')
    await page.keyboard.type(`${code.slice(0, 3)} ${code.slice(4)}`)
    for (let steps = 0; steps < 2; steps += 1) await page.keyboard.press('ArrowLeft')
    await contest(account)
    await page.waitForSelector('#phone-panel [role="alert"]:has-text("from another place")')
    await page.keyboard.type(code.charAt(3))
    expect(await page.inputValue('#code')).toBe(`${code.slice(0, 3)} ${code.slice(3)}`)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.href.startsWith(scene.callback))
    await leave()
  })

  it('counts the time down, warns before it is over, and offers another call afterwards', async () => {
    const account = scene.somebody()
    const { context, page, leave } = await scene.visitor()
    await context.clock.install({ time: clock.now() })
    await openCallPage(page, scene, account)
    await beCalled(page)
    await hearCode(page, account)
    await page.waitForSelector('#code')
    await context.clock.pauseAt(clock.now() + 60_000)
    const seconds = async () => {
      const [, minutes = '', rest = ''] = /^(\d) min (\d+) s$/.exec((await page.locator('#time-left').textContent())?.trim() ?? '') ?? []
      return Number(minutes) * 60 + Number(rest)
    }
    const before = await seconds()
    expect(before).toBeGreaterThan(100)
    await context.clock.runFor(5000)
    expect(await seconds()).toBe(before - 5)
    expect(await page.locator('#time-warning').textContent()).toBe('')
    await context.clock.runFor((before - 5 - 15) * 1000)
    expect(await page.locator('#time-warning').textContent()).toContain('Less than 20 seconds left')
    // The server's time decides: told by it, not by the browser's.
    await clock.advance(180_000)
    await untilState(page, 'expired')
    expect(await page.locator('#code, #time-left').count()).toBe(0)
    await confirm(page, account)
    await page.waitForURL((url) => url.href.startsWith(scene.callback))
    await leave()
  })

  it('makes one call of two clicks', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor()
    await openCallPage(page, scene, account)
    await page.dblclick('button[value="call"]')
    await untilState(page, 'ringing')
    expect(await account.phone.calls()).toHaveLength(1)
    await leave()
  })

  it('reads again when it comes back into view, since its stream may have died meanwhile', async () => {
    const account = scene.somebody()
    const { context, page, leave } = await scene.visitor()
    // A browser without a screen hides no page: it is told so, and its stream is silent.
    await context.addInitScript("Object.defineProperty(document, 'visibilityState', { get: () => window.view ?? 'visible' })")
    const show = (view: string) => page.evaluate(`window.view = '${view}'; document.dispatchEvent(new Event('visibilitychange'))`)
    await context.route('**/events', () => {})
    await openCallPage(page, scene, account)
    await page.click('button[value="call"]')
    await page.waitForSelector('#call-state:not([data-state="idle"])')
    await account.phone.until('it rings', ({ status }) => status === 'ringing')
    await show('hidden')
    const { sid } = await account.phone.answer()
    expect(await page.locator('#gate').count()).toBe(0)
    await show('visible')
    const gate = await digitsOn(page, 'gate')
    await show('hidden')
    await account.phone.key(gate, sid)
    await account.phone.until('the code is told', ({ heard }) => heard.some(({ text }) => /^\d( \d)+$/.test(text)))
    await show('visible')
    await page.waitForSelector('#code:focus')
    await leave()
  })
})

describe('a server that is stopped and started again', slow, () => {
  it('leaves a code that was told good, and the page goes on following', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor({ mayLoseConnection: true })
    await openCallPage(page, scene, account)
    await beCalled(page)
    const code = await hearCode(page, account)
    await page.waitForSelector('#code:focus')
    await page.keyboard.type(code.slice(0, 3))
    await scene.ringback.restart()
    await contest(account)
    await page.waitForSelector('#phone-panel [role="alert"]:has-text("from another place")')
    await page.keyboard.type(code.slice(3))
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.href.startsWith(scene.callback))
    await leave()
  })

  it('says of a call that its carrier lost that it could not be placed, and calls again', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor({ mayLoseConnection: true })
    await openCallPage(page, scene, account)
    await beCalled(page)
    await scene.ringback.restart()
    await untilState(page, 'gateway-down')
    expect(await page.locator('#call-state').textContent()).toContain('The fault is ours, not yours')
    await confirm(page, account)
    await page.waitForURL((url) => url.href.startsWith(scene.callback))
    await leave()
  })
})

describe('a call that comes to nothing', slow, () => {
  it('is told as an alert with the next step, live, and the next call is a click away', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor()
    await openCallPage(page, scene, account)
    const ends = [
      ['busy', () => account.phone.act('busy'), 'Your line is busy', 'End the other call, then ask us to call again.'],
      ['declined', () => account.phone.act('decline'), 'The call was declined', 'If you did not mean to decline it, ask us to call again.'],
      ['no-answer', () => clock.advance(90_000), 'Nobody answered', 'Have your phone within reach, then ask us to call again.'],
    ] as const
    for (const [state, end, title, next] of ends) {
      await beCalled(page)
      await end()
      await untilState(page, state)
      expect(await page.locator('#call-state').getAttribute('role')).toBe('alert')
      expect(await page.locator('#call-state h2').textContent()).toBe(title)
      expect(await page.locator('#call-state p').textContent()).toBe(next)
      expect(await page.locator('button[value="call"]').textContent()).toBe('Call again')
    }
    await confirm(page, account)
    await page.waitForURL((url) => url.href.startsWith(scene.callback))
    await leave()
  })

  it('for a wrong code asks again beside the field, and after the third ends the attempt', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor()
    await openCallPage(page, scene, account)
    await beCalled(page)
    const code = await hearCode(page, account)
    for (const left of ['2 tries', 'one try']) {
      await typeCode(page, otherThan(code))
      await page.waitForSelector(`#notice:has-text("That is not the code. You have ${left} left.")`)
      await page.waitForSelector('#code:focus')
    }
    await typeCode(page, otherThan(code))
    await untilState(page, 'wrong-code')
    expect(await page.locator('#call-state').textContent()).toContain('Another call comes with a new code.')
    await leave()
  })
})

describe('a person who', slow, () => {
  it('gives up is back at the bank, which says so', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor()
    await signInAtBank(page, scene, account)
    await orderTransfer(page)
    await beCalled(page)
    await page.click('button[value="cancel"]')
    await page.waitForSelector('#transfer-failed')
    expect(page.url().startsWith(scene.ringback.bankUrl)).toBe(true)
    expect(await page.locator('#transfer-failed').textContent()).toContain('You ended the confirmation')
    expect(await page.locator('#transfer-failed').textContent()).toContain('The transfer was not made.')
    await account.phone.until('it rings no more', ({ status }) => status !== 'ringing')
    await leave()
  })

  it('says that it was not them stops call and sign-in, and nobody is called for a while', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor()
    await signInAtBank(page, scene, account)
    await orderTransfer(page)
    await beCalled(page)
    await page.click('button[value="not-me"]')
    await page.waitForSelector('#transfer-failed:has-text("You ended the confirmation")')
    await account.phone.until('it rings no more', ({ status }) => status !== 'ringing')
    await page.click('button[value="again"]')
    await page.waitForSelector('#call-state:has-text("We cannot call you right now")')
    expect(await page.locator('#call-state').textContent()).toContain('You can try again in 24 hours.')
    expect(await page.locator('button[value="call"]').count()).toBe(0)
    await page.click('button[value="cancel"]')
    await page.waitForSelector('#transfer-failed:has-text("Your phone could not confirm this")')
    await leave()
  })

  it('goes back or repeats the way out after it is finished is told so, and finds no error', async () => {
    const account = scene.somebody()
    const { page, leave } = await scene.visitor()
    await openCallPage(page, scene, account)
    const finishing = page.waitForRequest((request) => request.url().endsWith('/finish') && request.url().includes('/phone/'))
    await confirm(page, account)
    const finish = (await finishing).url()
    await page.waitForURL((url) => url.href.startsWith(scene.callback))
    const back = await page.goBack()
    expect(back?.status()).toBe(200)
    expect(await page.locator('h1').textContent()).toBe('This sign-in is already finished')
    expect((await page.goto(finish))?.status()).toBe(200)
    expect(await page.locator('h1').textContent()).toBe('This sign-in is already finished')
    expect((await page.reload())?.status()).toBe(200)
    expect(await page.locator('h1').textContent()).toBe('This sign-in is already finished')
    await leave()
  })
})
