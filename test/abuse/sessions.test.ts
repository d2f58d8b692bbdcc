// Sessions that were stolen, planted, or used in two places at once: what was confirmed belongs to whoever confirmed it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { isSignIn, type Person, stateOf } from '../flow/person.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { callback, errorOf } from '../support/relying-party.ts'
import { onPhonePage, post, type Scene, startScene } from './scene.ts'

const phone = 'urn:ringback:acr:phone'
const sessionCookie = 'ringback_session'
let clock: ManualClock
let scene: Scene
beforeAll(async () => {
  clock = manualClock(Date.now())
  scene = await startScene({ people: 16, clock, change: (config) => addClient(config, 'shop') })
})
afterAll(() => scene.end())

async function sessionId(who: Person): Promise<string | undefined> {
  return (await who.browser.jar.getCookies(scene.ringback.issuer)).find(({ key }) => key === sessionCookie)?.value
}

/** A thief's copy of a browser, with all its cookies of this moment. */
async function copyOf(who: Person): Promise<Person> {
  const thief = who.elsewhere()
  const { cookies } = await who.browser.jar.serialize()
  for (const { key, value, path = '/' } of cookies) await thief.browser.jar.setCookie(`${key}=${value}; Path=${path}`, scene.ringback.issuer + path)
  return thief
}

/** What a request without any interaction comes to: an acr, or an error. */
async function silently(who: Person, acr: string): Promise<unknown> {
  const asked = await who.ask(scene.bank, { acr_values: acr, prompt: 'none' })
  return errorOf(asked.page.url) ?? (await asked.finish(asked.page)).claims()?.acr
}

describe('a stolen session cookie', () => {
  /** Somebody who has just stepped up, and a thief with the cookies of the moment before. */
  async function robbed(): Promise<{ victim: Person; thief: Person }> {
    const victim = scene.somebody()
    const { page } = await onPhonePage(victim, scene)
    const thief = await copyOf(victim)
    expect(await silently(thief, 'urn:ringback:acr:password')).toBe('urn:ringback:acr:password')
    expect((await victim.confirm(page)).url).toContain('code=')
    return { victim, thief }
  }

  it('from before the step-up is worth nothing half a minute after it (better-auth GHSA-xg6x-h9c9-2m83, MISP CVE-2026-10611)', async () => {
    const { victim, thief } = await robbed()
    await clock.advance(30_000)
    expect(await silently(thief, phone)).toBe('login_required')
    expect(await silently(victim, phone)).toBe(phone)
  })

  it('that was planted before the sign-in is worth nothing after it (session fixation; ASVS 7.2.4)', async () => {
    const victim = scene.somebody()
    const attacker = victim.elsewhere()
    // Whoever asks to be signed out gets a session, signed in or not.
    await attacker.browser.open(`${scene.ringback.issuer}/session/end`)
    const planted = await sessionId(attacker)
    expect(planted).toBeDefined()
    const unwitting = await copyOf(attacker)
    await unwitting.askAndSignIn(scene.bank)
    expect(await sessionId(unwitting)).not.toBe(planted)
    expect(await silently(unwitting, 'urn:ringback:acr:password')).toBe('urn:ringback:acr:password')
    expect(await silently(attacker, 'urn:ringback:acr:password')).toBe('login_required')
  })

  it('is one only with its signature', async () => {
    const victim = scene.somebody()
    await victim.askAndSignIn(scene.bank)
    const forger = victim.elsewhere()
    await forger.browser.jar.setCookie(`${sessionCookie}=${await sessionId(victim)}; Path=/`, scene.ringback.issuer)
    expect(await silently(forger, 'urn:ringback:acr:password')).toBe('login_required')
  })

  it('has another id after the password and another after the call', async () => {
    const victim = scene.somebody()
    const { page } = await onPhonePage(victim, scene)
    const atPassword = await sessionId(victim)
    await victim.confirm(page)
    const atPhone = await sessionId(victim)
    expect(atPassword).toBeDefined()
    expect(atPhone).toBeDefined()
    expect(atPhone).not.toBe(atPassword)
  })

  it('is worth nothing once its owner signed out, in any of its ids', async () => {
    const victim = scene.somebody()
    const { page } = await onPhonePage(victim, scene)
    const early = await copyOf(victim)
    await victim.confirm(page)
    const late = await copyOf(victim)
    const asking = await victim.browser.open(`${scene.ringback.issuer}/session/end?client_id=demo-bank`)
    await victim.browser.submit(asking, { logout: 'yes' })
    for (const thief of [early, late, victim]) expect(await silently(thief, 'urn:ringback:acr:password')).toBe('login_required')
  })
})

describe('several tabs of one browser', () => {
  it('two that step up at the same time both finish, and the session survives', async () => {
    const person = scene.somebody()
    const first = await onPhonePage(person, scene)
    const shop = await scene.client('shop')
    const second = await person.ask(shop, { acr_values: phone })
    expect(stateOf(second.page)).toBe('idle')
    const calling = await person.beCalled(second.page, { mode: 'spoken' })
    const code = await person.hearCode(calling)
    expect((await post(person.browser, second.page.url, { action: 'verify', code })).status).toBe(303)
    const backs = await Promise.all([person.reload(first.page), person.reload(second.page)])
    expect((await first.finish(backs[0])).claims()).toMatchObject({ acr: phone })
    expect((await second.finish(backs[1])).claims()).toMatchObject({ acr: phone })
    expect(await silently(person, phone)).toBe(phone)
    await clock.advance(31_000)
    expect(await silently(person, phone)).toBe(phone)
  })

  it('one of them called after the other: both finish, the one whose call was cut off too', async () => {
    const person = scene.somebody()
    const first = await onPhonePage(person, scene)
    const second = await person.ask(scene.bank, { acr_values: phone })
    const calling = await person.beCalled(first.page, { mode: 'spoken' })
    await person.until(calling, 'ringing')
    const back = await person.confirm(second.page)
    expect((await second.finish(back)).claims()).toMatchObject({ acr: phone })
    expect((await first.finish(await person.reload(first.page))).claims()).toMatchObject({ acr: phone })
  })

  it('six at once: nobody is signed out, and nothing but what was confirmed is issued', async () => {
    const person = scene.somebody()
    await person.askAndSignIn(scene.bank)
    const tabs = []
    for (let tab = 0; tab < 6; tab += 1) tabs.push(await person.ask(scene.bank, { acr_values: phone }))
    const [leading, ...others] = tabs
    if (leading === undefined) throw new Error('no tab was opened')
    const calling = await person.beCalled(leading.page, { mode: 'spoken' })
    const code = await person.hearCode(calling)
    await post(person.browser, leading.page.url, { action: 'verify', code })
    const backs = await Promise.all(tabs.map((tab) => person.reload(tab.page)))
    for (const [index, tab] of [leading, ...others].entries()) {
      const back = backs[index]
      if (back === undefined) throw new Error('a tab did not come back')
      expect((await tab.finish(back)).claims()).toMatchObject({ acr: phone })
    }
    await clock.advance(31_000)
    expect(await silently(person, phone)).toBe(phone)
  })
})

describe('a lower level beside a higher one', () => {
  it('a request for the password alone does not carry another one past the call', async () => {
    const attacker = scene.somebody()
    const high = await attacker.ask(scene.bank, { acr_values: phone })
    const low = await attacker.ask(scene.bank)
    const back = await attacker.signIn(low.page)
    expect((await low.finish(back)).claims()).toMatchObject({ acr: 'urn:ringback:acr:password', amr: ['pwd'] })
    // The higher one, taken up in the session that the lower one has signed in.
    const resumed = await attacker.browser.open(high.page.url.replace('/sign-in/', '/auth/'))
    expect(resumed.url.startsWith(callback) && new URL(resumed.url).searchParams.has('code')).toBe(false)
    expect(await silently(attacker, phone)).toBe('interaction_required')
  })

  it('a request that is started over without its acr gets a code that says so', async () => {
    const attacker = scene.somebody()
    const { page, url, finish } = await onPhonePage(attacker, scene)
    expect(stateOf(page)).toBe('idle')
    const downgraded = new URL(url)
    downgraded.searchParams.delete('acr_values')
    const back = await attacker.browser.open(downgraded.href)
    expect((await finish(back)).claims()).toMatchObject({ acr: 'urn:ringback:acr:password', amr: ['pwd'] })
  })

  it('the confirmation of one account does not serve another one in the same browser', async () => {
    const attacker = scene.somebody()
    await attacker.go(scene.bank, { acr_values: phone })
    const victim = scene.somebody()
    const inTheSameBrowser: Person = { ...victim, browser: attacker.browser }
    const { url } = await scene.bank.request({ acr_values: phone, prompt: 'login' })
    const signIn = await attacker.browser.open(url)
    expect(isSignIn(signIn)).toBe(true)
    const after = await inTheSameBrowser.browser.submit(signIn, {
      username: victim.username,
      password: 'a quiet harbour at night',
      action: 'sign-in',
    })
    expect(after.url.startsWith(callback) && new URL(after.url).searchParams.has('code')).toBe(false)
    const asked = await attacker.ask(scene.bank, { acr_values: phone, prompt: 'none' })
    if (errorOf(asked.page.url) === null) {
      // Whoever is signed in now, it is not the victim at the phone level.
      const confirmed = (await scene.auditOf()).findLast(({ type }) => type === 'code.right')
      expect((await asked.finish(asked.page)).claims()?.sub).toBe(confirmed?.accountId)
    }
    expect(await victim.phone.calls()).toEqual([])
  })

  it('a pushed request cannot be softened in the address (PAR)', async () => {
    const attacker = scene.somebody()
    await attacker.askAndSignIn(scene.bank)
    const { url } = await scene.bank.request({ acr_values: phone })
    const pushed = await fetch(`${scene.ringback.issuer}/request`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('demo-bank:demo-bank-secret')}` },
      body: new URL(url).searchParams,
    })
    expect(pushed.status).toBe(201)
    const { request_uri: requestUri }: { request_uri: string } = JSON.parse(await pushed.text())
    const soft = new URLSearchParams({ client_id: 'demo-bank', request_uri: requestUri, acr_values: 'urn:ringback:acr:password', claims: '{}' })
    const page = await attacker.browser.open(`${scene.ringback.issuer}/auth?${soft}`)
    expect(page.url).not.toContain('code=')
    expect(stateOf(page)).toBe('idle')
  })
})
