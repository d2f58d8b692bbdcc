// Somebody who knows the password, in another browser, at the same moment: refused, told so, and no nearer to anything of the victim's.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { gateOn, stateOf, textOf } from '../flow/person.ts'
import { callback, errorOf } from '../support/relying-party.ts'
import { onPhonePage, post, type Scene, startScene, told } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ people: 8, change: (config) => addClient(config, 'shop') })
})
afterAll(() => scene.end())

describe("the victim's challenge, from another browser (ScratchVerifier CVE-2020-26236, better-auth GHSA-cq3f-vc6p-68fh)", () => {
  it('the start is refused and both are told; the attacker cannot end, report, confirm or see it', async () => {
    const victim = scene.somebody()
    const { asked, page, code, challenge } = await told(victim, scene)
    const attacker = victim.elsewhere()
    const theirs = (await onPhonePage(attacker, scene)).page
    expect(stateOf(theirs)).toBe('idle')

    const refused = await post(attacker.browser, theirs.url, { action: 'call', mode: 'spoken' })
    expect(refused.status).toBe(409)
    const words = await refused.text()
    expect(words).toContain('in progress from another place')
    expect(words).not.toMatch(/id="gate"|id="shown-code"|name="code"/)
    expect(words).not.toContain(code)
    expect(textOf(await victim.reload(page))).toContain('Somebody just asked for another call')
    expect(await scene.count('challenge.contested', challenge)).toBe(1)

    // Even with the right code in hand.
    expect((await post(attacker.browser, theirs.url, { action: 'verify', code })).status).toBe(409)
    expect(stateOf(await attacker.reload(theirs))).toBe('idle')
    for (const action of ['not-me', 'cancel']) await post(attacker.browser, theirs.url, { action })
    for (const type of ['code.right', 'code.wrong', 'challenge.cancelled', 'challenge.reported', 'factor.blocked'])
      expect(await scene.count(type, challenge)).toBe(0)
    expect(await victim.phone.calls()).toHaveLength(1)

    const back = await victim.type(await victim.reload(page), code)
    expect((await asked.finish(back)).claims()).toMatchObject({ acr: 'urn:ringback:acr:phone' })
  })

  it('what the victim confirmed is nothing that the attacker has', async () => {
    const victim = scene.somebody()
    const attacker = victim.elsewhere()
    const theirs = (await onPhonePage(attacker, scene)).page
    await victim.go(scene.bank, { acr_values: 'urn:ringback:acr:phone' })
    expect(stateOf(await attacker.reload(theirs))).toBe('idle')
    expect((await attacker.browser.request(`${theirs.url}/finish`)).headers.get('location')).toBe(new URL(theirs.url).pathname)
    const silent = await attacker.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone', prompt: 'none' })
    expect(errorOf(silent.page.url)).toBe('interaction_required')
  })

  it('ten browsers at once: one of them has a call, and the phone rings once', async () => {
    const victim = scene.somebody()
    const browsers = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const somewhere = victim.elsewhere()
        return { somewhere, page: (await onPhonePage(somewhere, scene)).page }
      }),
    )
    const answers = await Promise.all(browsers.map(({ somewhere, page }) => post(somewhere.browser, page.url, { action: 'call', mode: 'spoken' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array.from({ length: 9 }, () => 409)])
    await victim.phone.until('it rings', ({ status }) => status === 'ringing')
    expect(await victim.phone.calls()).toHaveLength(1)
    const states = await Promise.all(browsers.map(async ({ somewhere, page }) => stateOf(await somewhere.reload(page))))
    expect(states.filter((state) => state === 'idle')).toHaveLength(9)
  })
})

describe('a code in another place', () => {
  it("of one's own browser: the spoken code of one tab does nothing in another, and is not counted", async () => {
    const victim = scene.somebody()
    const { asked, page, code, challenge } = await told(victim, scene)
    const other = await victim.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone' })
    const shop = await victim.ask(await scene.client('shop'), { acr_values: 'urn:ringback:acr:phone' })
    for (const elsewhere of [other, shop]) {
      expect((await post(victim.browser, elsewhere.page.url, { action: 'verify', code })).status).toBe(409)
      expect(stateOf(await victim.reload(elsewhere.page))).toBe('idle')
      expect(gateOn(await victim.reload(elsewhere.page))).toBe('')
    }
    expect(await scene.count('code.right', challenge)).toBe(0)
    expect(await scene.count('code.wrong', challenge)).toBe(0)
    expect((await asked.finish(await victim.type(page, code))).claims()).toMatchObject({ acr: 'urn:ringback:acr:phone' })
  })

  it('a tab that starts a call of its own makes the code of the first one worthless', async () => {
    const victim = scene.somebody()
    const { page, code, challenge } = await told(victim, scene)
    const other = await victim.ask(await scene.client('shop'), { acr_values: 'urn:ringback:acr:phone' })
    await victim.beCalled(other.page, { mode: 'spoken' })
    await victim.until(other.page, 'ringing')
    expect((await post(victim.browser, page.url, { action: 'verify', code })).status).toBe(409)
    expect((await post(victim.browser, other.page.url, { action: 'verify', code })).status).toBe(409)
    // The first call is cut off, not left talking.
    await expect.poll(async () => (await victim.phone.calls()).filter(({ status }) => status === 'in-progress')).toEqual([])
    for (const type of ['code.right', 'code.wrong']) expect(await scene.count(type, challenge)).toBe(0)
  })

  it("one client's authorization code is not another's (Keycloak CVE-2026-16089), nor of use with another verifier", async () => {
    const victim = scene.somebody()
    const asked = await victim.askAndSignIn(scene.bank)
    const shop = await scene.client('shop')
    const theirs = await shop.request()
    const stolen = new URL(asked.page.url)
    // The shop's own answer, but for the code.
    const injected = new URL(theirs.url)
    const back = new URL(callback)
    back.search = String(
      new URLSearchParams({
        code: stolen.searchParams.get('code') ?? '',
        state: injected.searchParams.get('state') ?? '',
        iss: scene.ringback.issuer,
      }),
    )
    await expect(theirs.finish(back.href)).rejects.toMatchObject({ error: 'invalid_grant' })

    const again = await victim.ask(scene.bank)
    const other = await scene.bank.request()
    back.search = String(
      new URLSearchParams({
        code: new URL(again.page.url).searchParams.get('code') ?? '',
        state: new URL(other.url).searchParams.get('state') ?? '',
        iss: scene.ringback.issuer,
      }),
    )
    await expect(other.finish(back.href)).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})
