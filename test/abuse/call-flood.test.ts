// Ringing somebody again and again, to wear them down or to earn on the calls (T-5.24): three in ten minutes, ten a day, one at a time.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { type Person, stateOf, textOf } from '../flow/person.ts'
import type { Visited } from '../support/cookie-browser.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { onPhonePage, post, type Scene, startScene } from './scene.ts'

const minutes = 60_000
let clock: ManualClock
let scene: Scene
beforeAll(async () => {
  clock = manualClock(Date.now())
  scene = await startScene({ people: 4, clock, change: (config) => addClient(config, 'shop') })
})
afterAll(() => scene.end())

async function ringAndDecline(who: Person, page: Visited): Promise<void> {
  const before = (await who.phone.calls()).length
  expect((await post(who.browser, page.url, { action: 'call', mode: 'spoken' })).status).toBe(303)
  await expect.poll(async () => (await who.phone.calls()).length).toBe(before + 1)
  const { sid } = await who.phone.until('it rings', ({ status }) => status === 'ringing')
  await who.phone.act('decline', sid)
  await who.until(page, 'declined')
}

/** The refusal, and that nothing rang. Seconds to wait. */
async function refused(who: Person, page: Visited): Promise<number> {
  const before = await scene.count('call.requested')
  const answer = await post(who.browser, page.url, { action: 'call', mode: 'spoken' })
  expect(answer.status).toBe(429)
  expect(await scene.count('call.requested')).toBe(before)
  const shown = await who.reload(page)
  expect(shown.$('button[value="call"]')).toHaveLength(0)
  expect(textOf(shown)).toMatch(/call(ed)? .*(again|several)|next call/i)
  return Number(answer.headers.get('retry-after'))
}

describe('an attacker who lets the phone ring', () => {
  it('gets three calls in ten minutes, whatever the browser, the client, the mode or the restart; then when there is room again', async () => {
    const victim = scene.somebody()
    const { page } = await onPhonePage(victim, scene)
    await ringAndDecline(victim, page)
    await clock.advance(1 * minutes)
    await ringAndDecline(victim, page)
    // Giving up and coming back from elsewhere is no fresh start.
    await post(victim.browser, page.url, { action: 'cancel' })
    const elsewhere = victim.elsewhere()
    const shop = await elsewhere.askAndSignIn(await scene.client('shop'), { acr_values: 'urn:ringback:acr:phone' })
    await ringAndDecline(elsewhere, shop.page)
    expect(await refused(elsewhere, shop.page)).toBe(9 * 60)
    const third = victim.elsewhere()
    const fresh = await onPhonePage(third, scene)
    await post(elsewhere.browser, shop.page.url, { action: 'cancel' })
    expect(await refused(third, fresh.page)).toBe(9 * 60)
    await scene.ringback.restart()
    expect(await refused(third, fresh.page)).toBe(9 * 60)
    await clock.advance(9 * minutes - 1)
    expect(await refused(third, fresh.page)).toBe(1)
    await clock.advance(1)
    await ringAndDecline(third, fresh.page)
    expect(await refused(third, fresh.page)).toBe(60)
  })

  it('gets ten a day', async () => {
    const victim = scene.somebody()
    const { page } = await onPhonePage(victim, scene)
    for (let call = 0; call < 10; call += 1) {
      await ringAndDecline(victim, page)
      await clock.advance(4 * minutes)
    }
    const wait = await refused(victim, page)
    expect(wait).toBe(24 * 60 * 60 - 40 * 60)
    await clock.advance(wait * 1000 - 1000)
    const nextDay = victim.elsewhere()
    const fresh = await onPhonePage(nextDay, scene)
    expect(await refused(nextDay, fresh.page)).toBe(1)
    await clock.advance(1000)
    await ringAndDecline(nextDay, fresh.page)
  })

  it('with ten tabs at once gets no more, and one line at a time', async () => {
    const victim = scene.somebody()
    await victim.askAndSignIn(scene.bank)
    const tabs: Visited[] = []
    for (let tab = 0; tab < 10; tab += 1) tabs.push((await victim.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone' })).page)
    const before = await scene.count('call.requested')
    const answers = await Promise.all(tabs.map((page) => post(victim.browser, page.url, { action: 'call', mode: 'spoken' })))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(3)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(7)
    expect(await scene.count('call.requested')).toBe(before + 3)
    await expect.poll(async () => (await victim.phone.calls()).map(({ status }) => status).sort()).toEqual(['canceled', 'canceled', 'ringing'])
    const states = await Promise.all(tabs.map(async (page) => stateOf(await victim.reload(page))))
    expect(states.filter((state) => state === 'ringing')).toHaveLength(1)
  })
})
