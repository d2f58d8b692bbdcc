// Guessing the code: at once, again and again, from everywhere, and by keys. Only what was counted is ever compared.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { type Person, shownCodeOn, stateOf, textOf } from '../flow/person.ts'
import type { Visited } from '../support/cookie-browser.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { onPhonePage, post, type Scene, startScene, told, wrongCodes } from './scene.ts'

const minutes = 60_000
let clock: ManualClock
let scene: Scene
beforeAll(async () => {
  clock = manualClock(Date.now())
  scene = await startScene({ people: 9, clock, change: (config) => addClient(config, 'shop') })
})
afterAll(() => scene.end())

const verify = (who: Person, page: Visited, code: string) => post(who.browser, page.url, { action: 'verify', code })

describe('many codes at once (ZITADEL CVE-2023-47111, Keycloak CVE-2024-4629)', () => {
  it('200 wrong codes in parallel: 3 are evaluated, and the right one comes too late', async () => {
    const victim = scene.somebody()
    const { page, code, challenge } = await told(victim, scene)
    const answers = await Promise.all(wrongCodes(code, 200).map((wrong) => verify(victim, page, wrong)))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 422)).toHaveLength(3)
    expect(statuses.filter((status) => status === 409)).toHaveLength(197)
    expect(await scene.count('code.wrong', challenge)).toBe(3)
    expect(await scene.count('challenge.wrong-code', challenge)).toBe(1)

    const after = await victim.reload(page)
    expect(stateOf(after)).toBe('wrong-code')
    expect(after.$('[name="code"]')).toHaveLength(0)
    expect((await verify(victim, page, code)).status).toBe(409)
    expect(await scene.count('code.right', challenge)).toBe(0)
    expect(stateOf(await victim.reload(page))).toBe('wrong-code')
  })
})

describe('starting over to guess on (caddy-security #271, Azure "AuthQuake", Outline CVE-2026-33640)', () => {
  it('another call in the same challenge does not give three new tries', async () => {
    const victim = scene.somebody()
    const { page, code } = await told(victim, scene)
    for (const wrong of wrongCodes(code, 2)) expect((await verify(victim, page, wrong)).status).toBe(422)
    const again = await victim.beCalled(await victim.reload(page), { mode: 'spoken' })
    const next = await victim.hearCode(again)
    expect((await verify(victim, page, wrongCodes(next, 1)[0] ?? '')).status).toBe(422)
    expect(stateOf(await victim.reload(page))).toBe('wrong-code')
    expect((await verify(victim, page, next)).status).toBe(409)
  })

  it('5 failures across challenges, interactions, browsers and clients block the account for 15 minutes, over a restart too', async () => {
    const victim = scene.somebody()
    const first = await told(victim, scene)
    for (const wrong of wrongCodes(first.code, 3)) await verify(victim, first.page, wrong)

    const attacker = victim.elsewhere()
    const shop = await scene.client('shop')
    const asked = await attacker.askAndSignIn(shop, { acr_values: 'urn:ringback:acr:phone' })
    const calling = await attacker.beCalled(asked.page, { mode: 'spoken' })
    const code = await attacker.hearCode(calling)
    for (const wrong of wrongCodes(code, 2)) expect((await verify(attacker, calling, wrong)).status).toBe(422)
    expect(await scene.count('factor.blocked', (await scene.newest()).challenge)).toBe(1)
    // The challenge had a third try left; the account had not.
    expect((await verify(attacker, calling, code)).status).toBe(409)

    const before = await scene.count('call.requested')
    const refused = async (who: Person, page: Visited, seconds: number) => {
      const answer = await post(who.browser, page.url, { action: 'call', mode: 'spoken' })
      expect(answer.status).toBe(403)
      expect(answer.headers.get('retry-after')).toBe(String(seconds))
      const shown = await who.reload(page)
      expect(textOf(shown)).toContain('blocked')
      expect(shown.$('button[value="call"]')).toHaveLength(0)
      expect(await scene.count('call.requested')).toBe(before)
    }
    await refused(attacker, calling, 900)
    await refused(victim, first.page, 900)
    const third = victim.elsewhere()
    const fresh = await onPhonePage(third, scene)
    expect(textOf(fresh.page)).toContain('blocked')
    await clock.advance(14 * minutes)
    await scene.ringback.restart()
    await refused(victim, first.page, 60)
    await clock.advance(1 * minutes)
    expect((await post(victim.browser, first.page.url, { action: 'call', mode: 'spoken' })).status).toBe(303)
    await victim.phone.until('it rings', (call) => call.status === 'ringing')
  })

  it('wrong keys on the telephone are counted like wrong codes on a page (ZITADEL CVE-2025-64102)', async () => {
    const victim = scene.somebody()
    const { page } = await onPhonePage(victim, scene)
    const calling = await victim.beCalled(page, { mode: 'keyed' })
    await victim.phone.answer()
    const code = shownCodeOn(await victim.until(calling, 'answered'))
    const { challenge } = await scene.newest()
    for (const [index, wrong] of wrongCodes(code, 3).entries()) {
      await victim.phone.until(
        'it is asked for the code',
        (call) => call.gathering !== null && call.heard.filter(({ text }) => text.includes('not the code')).length === index,
      )
      await victim.phone.key(wrong)
    }
    await victim.phone.until('the call has ended', (call) => call.status === 'completed')
    expect(stateOf(await victim.reload(calling))).toBe('wrong-code')
    expect(await scene.count('code.wrong', challenge)).toBe(3)
    expect(await scene.count('code.right', challenge)).toBe(0)
  })
})

describe('a code out of its time', () => {
  it('the code of an earlier call is wrong after "call again" (ScratchVerifier CVE-2020-26236, Syracom CVE-2024-48942)', async () => {
    const victim = scene.somebody()
    const { page, code: old, challenge } = await told(victim, scene)
    const again = await victim.beCalled(page, { mode: 'spoken' })
    // While the new call rings the old code is not even compared.
    expect((await verify(victim, again, old)).status).toBe(409)
    expect(await scene.count('code.wrong', challenge)).toBe(0)
    await victim.hearCode(again)
    expect((await verify(victim, again, old)).status).toBe(422)
    expect(await scene.count('code.wrong', challenge)).toBe(1)
    expect(await scene.count('code.right', challenge)).toBe(0)
  })

  it('the code is good until 180 seconds after its call began, not a second more (Keycloak CVE-2024-7318)', async () => {
    const victim = scene.somebody()
    const { page, code, challenge } = await told(victim, scene)
    await clock.advance(180_000)
    expect(stateOf(await victim.reload(page))).toBe('expired')
    expect((await verify(victim, page, code)).status).toBe(409)
    expect(await scene.count('code.right', challenge)).toBe(0)
  })

  it('a used code is used: neither it nor another one counts again (ZITADEL CVE-2025-46815, ASVS 6.5.1)', async () => {
    const victim = scene.somebody()
    const { page, code, challenge } = await told(victim, scene)
    expect((await verify(victim, page, code)).status).toBe(303)
    for (const given of [code, ...wrongCodes(code, 5)]) expect((await verify(victim, page, given)).status).toBe(200)
    expect(await scene.count('code.right', challenge)).toBe(1)
    expect(await scene.count('code.wrong', challenge)).toBe(0)
  })
})
