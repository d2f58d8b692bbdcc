// Leaving out what is in the way: every address and every form, before its time. Only what is stored decides.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { isSignIn, type Person, stateOf } from '../flow/person.ts'
import type { Visited } from '../support/cookie-browser.ts'
import { callback, errorOf } from '../support/relying-party.ts'
import { type Fields, onPhonePage, post, type Scene, startScene, told } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ people: 8, change: (config) => addClient(config, 'third-party', { consent: 'ask' }) })
})
afterAll(() => scene.end())

const resumeOf = (page: Visited) => page.url.replace(/\/(phone|sign-in|consent)\//, '/auth/')

/** No address that ends the request leads to the client. */
async function expectNoWayOut(who: Person, page: Visited): Promise<void> {
  const finished = await who.browser.request(`${page.url}/finish`)
  expect(finished.status).toBe(303)
  expect(finished.headers.get('location')).toBe(new URL(page.url).pathname)
}

describe('the phone page (miniOrange CVE-2026-14245, Happy Coders CVE-2026-12492)', () => {
  it('cannot be finished before the call, while it rings, before the gate, and before the code is typed', async () => {
    const attacker = scene.somebody()
    const { page } = await onPhonePage(attacker, scene)
    await expectNoWayOut(attacker, page)
    const calling = await attacker.beCalled(page, { mode: 'spoken' })
    await attacker.until(calling, 'ringing')
    await expectNoWayOut(attacker, page)
    const code = await attacker.phone.codeThrough(async () => {
      await expectNoWayOut(attacker, page)
      return (await attacker.reload(page)).$('#gate').text().trim()
    })
    await expectNoWayOut(attacker, page)
    expect((await attacker.type(await attacker.reload(page), code)).url).toContain(`${callback}?code=`)
  })

  it('is asked for again when the request is taken up without a result', async () => {
    const attacker = scene.somebody()
    const { page } = await onPhonePage(attacker, scene)
    const again = await attacker.browser.open(resumeOf(page))
    expect(again.url).toMatch(/\/phone\//)
    expect(again.url).not.toBe(page.url)
    expect(stateOf(again)).toBe('idle')
    // The address of the first page has had its time.
    expect((await attacker.reload(page)).body).toContain('already finished')
  })

  it('takes no code before the call, while it rings, and before the gate: nothing is even counted', async () => {
    const attacker = scene.somebody()
    const { page } = await onPhonePage(attacker, scene)
    const before = await scene.count('code.wrong')
    const refused = async () => {
      for (const code of ['000000', '123456']) expect((await post(attacker.browser, page.url, { action: 'verify', code })).status).toBe(409)
    }
    await refused()
    const calling = await attacker.beCalled(page, { mode: 'spoken' })
    await attacker.until(calling, 'ringing')
    await refused()
    await attacker.phone.answer()
    await attacker.until(calling, 'answered')
    await refused()
    expect(await scene.count('code.wrong')).toBe(before)
    expect(stateOf(await attacker.reload(page))).toBe('answered')
  })

  it('is not left by another way of confirming: it starts from nothing (Keycloak CVE-2026-18963)', async () => {
    const attacker = scene.somebody()
    const { page, code } = await told(attacker, scene)
    expect((await post(attacker.browser, page.url, { action: 'call', mode: 'keyed' })).status).toBe(303)
    expect((await post(attacker.browser, page.url, { action: 'verify', code })).status).toBe(409)
    await expectNoWayOut(attacker, page)
    await attacker.until(page, 'ringing')
  })

  it.each([
    ['nothing', ''],
    ['an action of another page', 'action=sign-in&username=demo&password=x'],
    ['a consent', 'action=allow'],
    ['an inherited name', 'action=constructor'],
    ['two actions', 'action=verify&action=cancel'],
    ['a result of its own', 'action=finish&phone[done]=true&result=confirmed&login[accountId]=1'],
  ])('is not moved by a form with %s (authentik CVE-2026-49448)', async (_, body) => {
    const attacker = scene.demo('demo')
    const { page } = await onPhonePage(attacker, scene)
    const before = await scene.auditOf()
    expect((await post(attacker.browser, page.url, body)).status).toBe(303)
    expect(await scene.auditOf()).toEqual(before)
    await expectNoWayOut(attacker, page)
    expect(stateOf(await attacker.reload(page))).toBe('idle')
  })

  it('gives no code to somebody who gave up, however often the end is asked for', async () => {
    const attacker = scene.somebody()
    const { page, code } = await told(attacker, scene)
    expect((await post(attacker.browser, page.url, { action: 'cancel' })).status).toBe(303)
    await post(attacker.browser, page.url, { action: 'verify', code })
    const back = await attacker.browser.open(`${page.url}/finish`)
    expect(errorOf(back.url)).toBe('access_denied')
    expect((await attacker.browser.open(`${page.url}/finish`)).body).toContain('already finished')
    expect(await scene.count('code.right', (await scene.newest()).challenge)).toBe(0)
  })
})

describe('the pages before and after it', () => {
  it('signing in cannot be finished without the password', async () => {
    const attacker = scene.somebody()
    const asked = await attacker.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone' })
    await expectNoWayOut(attacker, asked.page)
    const forms: Fields[] = [
      { action: 'sign-in' },
      { action: 'sign-in', username: attacker.username },
      { action: 'allow' },
      { action: 'verify', code: '123456' },
    ]
    for (const form of forms) {
      await post(attacker.browser, asked.page.url, form)
      await expectNoWayOut(attacker, asked.page)
    }
    const again = await attacker.browser.open(resumeOf(asked.page))
    expect(isSignIn(again)).toBe(true)
  })

  it('consent cannot be finished without being given, and giving it does not stand in for the call', async () => {
    const attacker = scene.somebody()
    const party = await scene.client('third-party')
    const first = await attacker.askAndSignIn(party)
    expect(first.page.url).toContain('/consent/')
    await expectNoWayOut(attacker, first.page)
    expect((await attacker.browser.open(resumeOf(first.page))).url).toContain('/consent/')
    const second = await attacker.ask(party)
    expect((await attacker.browser.submit(second.page, { action: 'allow' })).url).toContain(`${callback}?code=`)
    const third = await attacker.ask(party, { acr_values: 'urn:ringback:acr:phone' })
    expect(stateOf(third.page)).toBe('idle')
    await expectNoWayOut(attacker, third.page)
  })

  it('an account with a phone is always called where a call is asked for (ZITADEL CVE-2025-64103)', async () => {
    const victim = scene.somebody()
    await victim.askAndSignIn(scene.bank)
    const ways: Fields[] = [
      { acr_values: 'urn:ringback:acr:phone' },
      { claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:ringback:acr:phone' } } }) },
      {
        claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:ringback:acr:phone' } } }),
        acr_values: 'urn:ringback:acr:phone urn:ringback:acr:password',
      },
    ]
    for (const parameters of ways) {
      expect(stateOf((await victim.ask(scene.bank, parameters)).page)).toBe('idle')
      const silent = await victim.ask(scene.bank, { ...parameters, prompt: 'none' })
      expect(errorOf(silent.page.url)).toBe('interaction_required')
    }
  })
})
