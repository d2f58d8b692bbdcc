// More than one page at once: two tabs of one person, and somebody else in front of another browser.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, openScene, type Scene, type Visitor } from './scene.ts'
import { acr, beCalled, confirm, digitsOn, hearCode, openCallPage, orderTransfer, signIn, signInAtBank, typeCode, untilState } from './steps.ts'

const slow = { timeout: 90_000 }
let scene: Scene
beforeAll(async () => {
  scene = await openScene({ people: 7 })
})
afterAll(() => scene.end())

/** A tab that asks for the level of the phone; `expectConfirmed` redeems what it came back with. */
async function openTab({ context }: Visitor): Promise<{ page: Page; expectConfirmed(): Promise<void> }> {
  const page = await context.newPage()
  const { url, finish } = await scene.request({ acr_values: acr.phone })
  await page.goto(url)
  return {
    page,
    async expectConfirmed() {
      await page.waitForURL((to) => to.href.startsWith(scene.callback))
      expect((await finish(page.url())).claims()).toMatchObject({ acr: acr.phone })
    },
  }
}

/** The session is still there and still confirmed: nobody is asked anything. */
async function expectSessionSurvived({ context }: Visitor): Promise<void> {
  const page = await context.newPage()
  const { url, finish } = await scene.request({ acr_values: acr.phone, prompt: 'none' })
  await page.goto(url)
  expect((await finish(page.url())).claims()).toMatchObject({ acr: acr.phone })
}

describe('two tabs of one browser', slow, () => {
  it('that sign in and step up at once both finish, and the session survives', async () => {
    const account = scene.somebody()
    const visitor = await scene.visitor()
    const first = await openTab(visitor)
    const second = await openTab(visitor)
    // Both stand at the sign-in page, and each signing in gives the session another id.
    await signIn(first.page, account)
    await untilState(first.page, 'idle')
    await signIn(second.page, account)
    await untilState(second.page, 'idle')
    await confirm(first.page, account)
    await first.expectConfirmed()
    // What one tab confirmed, the other has too, without a second call and without a click.
    await second.expectConfirmed()
    expect(await account.phone.calls()).toHaveLength(1)
    await expectSessionSurvived(visitor)
    await visitor.leave()
  })

  it('that both ask for a call ring one after the other: the later one counts, and both finish', async () => {
    const account = scene.somebody()
    const visitor = await scene.visitor()
    await openCallPage(visitor.page, scene, account)
    const first = await openTab(visitor)
    const second = await openTab(visitor)
    await beCalled(first.page)
    const code = await hearCode(first.page, account)
    await first.page.waitForSelector('input[name="code"]')
    await second.page.click('button[value="call"]')
    await untilState(second.page, 'ringing')
    // The code of the call before is void from here on, and its page asks for it no longer.
    await untilState(first.page, 'idle')
    expect(await first.page.locator('input[name="code"]').count()).toBe(0)
    const next = await hearCode(second.page, account)
    expect(next).not.toBe(code)
    await typeCode(second.page, next)
    await second.expectConfirmed()
    await first.expectConfirmed()
    await expectSessionSurvived(visitor)
    await visitor.leave()
  })

  it('that pay at the bank at once are both served, by one call', async () => {
    const account = scene.somebody()
    const visitor = await scene.visitor()
    await signInAtBank(visitor.page, scene, account)
    const other = await visitor.context.newPage()
    await other.goto(`${scene.ringback.bankUrl}/account`)
    await orderTransfer(visitor.page)
    await orderTransfer(other)
    await confirm(other, account)
    await Promise.all([visitor.page, other].map((page) => page.waitForSelector('#transfer-done')))
    expect(await account.phone.calls()).toHaveLength(1)
    await visitor.leave()
  })
})

it('a tab without JavaScript that asks for a call after the other was confirmed moves on, and nobody is called', slow, async () => {
  const account = scene.somebody()
  const visitor = await scene.visitor({ javaScriptEnabled: false })
  await openCallPage(visitor.page, scene, account)
  const other = await openTab(visitor)
  await confirm(visitor.page, account)
  await visitor.page.waitForSelector('#client')
  await other.page.click('button[value="call"]')
  await other.expectConfirmed()
  expect(await account.phone.calls()).toHaveLength(1)
  await visitor.leave()
})

describe('another browser that asks for the same account', slow, () => {
  let account: Account
  let victim: Visitor
  let attacker: Visitor

  it('is refused a call while one goes on, and the page of the first is told', async () => {
    account = scene.somebody()
    victim = await scene.visitor()
    attacker = await scene.visitor()
    await openCallPage(victim.page, scene, account)
    await beCalled(victim.page)
    await openCallPage(attacker.page, scene, account)
    await attacker.page.click('button[value="call"]')
    await attacker.page.waitForSelector('[role="alert"]:has-text("A call for your account is in progress from another place")')
    await victim.page.waitForSelector('[role="alert"]:has-text("Somebody just asked for another call to you, from another place")')
    expect(await account.phone.calls()).toHaveLength(1)
  })

  it('neither sees the gate nor can use the code, which stays good where it belongs', async () => {
    const call = await account.phone.answer()
    const gate = await digitsOn(victim.page, 'gate')
    await attacker.page.reload()
    expect(await attacker.page.locator('#gate, #shown-code, input[name="code"]').count()).toBe(0)
    await account.phone.key(gate, call.sid)
    await untilState(victim.page, 'told')
    const code = await hearAgain()
    // Not even posted from the attacker's own page: the form is made to take it.
    await attacker.page.evaluate(`{
      const button = document.querySelector('button[value="cancel"]')
      button.value = 'verify'
      button.form.append(Object.assign(document.createElement('input'), { name: 'code', value: '${code}' }))
      button.click()
    }`)
    await attacker.page.waitForSelector('[role="alert"]')
    expect(attacker.page.url().startsWith(scene.callback)).toBe(false)
    await typeCode(victim.page, code)
    await victim.page.waitForURL((url) => url.href.startsWith(scene.callback))
    await victim.leave()
    await attacker.leave()
  })

  async function hearAgain(): Promise<string> {
    const [call] = await account.phone.calls()
    return call?.heard.findLast(({ text }) => /^\d( \d)+$/.test(text))?.text.replaceAll(' ', '') ?? ''
  }
})
