// The address of somebody's page, without the browser it belongs to: nothing is shown and nothing is done.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Person, stateOf } from '../flow/person.ts'
import type { Visited } from '../support/cookie-browser.ts'
import { onPhonePage, type Scene, startScene } from './scene.ts'

const cookieName = 'ringback_interaction'
let scene: Scene
let victim: Person
let attacker: Person
let page: Visited
let attackersPage: Visited
beforeAll(async () => {
  scene = await startScene({ people: 2 })
  victim = scene.somebody()
  attacker = scene.somebody()
  const asked = await onPhonePage(victim, scene)
  await victim.beCalled(asked.page, { mode: 'spoken' })
  await victim.phone.answer()
  page = await victim.until(asked.page, 'answered')
  attackersPage = (await onPhonePage(attacker, scene)).page
})
afterAll(() => scene.end())

async function cookiesOf(who: Person, url: string): Promise<Map<string, string>> {
  return new Map((await who.browser.jar.getCookies(url)).map(({ key, value }) => [key, value]))
}

const header = (cookies: Map<string, string>) => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

/** Every way in which somebody else might present the victim's address. */
const disguises: [string, () => Promise<string>][] = [
  ['no cookie', async () => ''],
  ["another browser's cookies", async () => header(await cookiesOf(attacker, attackersPage.url))],
  [
    "the victim's other cookies alone",
    async () => {
      const cookies = await cookiesOf(victim, page.url)
      cookies.delete(cookieName)
      cookies.delete(`${cookieName}.sig`)
      return header(cookies)
    },
  ],
  [
    "the victim's signed interaction cookie, planted beside another session",
    async () => {
      const cookies = await cookiesOf(attacker, attackersPage.url)
      const planted = await cookiesOf(victim, page.url)
      for (const name of [cookieName, `${cookieName}.sig`]) cookies.set(name, planted.get(name) ?? '')
      return header(cookies)
    },
  ],
  [
    "the victim's signed interaction cookie, planted in a browser that is signed in nowhere",
    async () => header(new Map([...(await cookiesOf(victim, page.url))].filter(([name]) => name.startsWith(cookieName)))),
  ],
  ["the victim's uid in a cookie without a signature", async () => `${cookieName}=${new URL(page.url).pathname.split('/').pop()}`],
  [
    "the victim's uid under the signature of another (ZITADEL CVE-2026-119128)",
    async () => {
      const cookies = await cookiesOf(attacker, attackersPage.url)
      cookies.set(cookieName, new URL(page.url).pathname.split('/').pop() ?? '')
      return header(cookies)
    },
  ],
  [
    "the victim's cookie with one letter of its signature changed",
    async () => {
      const cookies = await cookiesOf(victim, page.url)
      const signature = cookies.get(`${cookieName}.sig`) ?? ''
      cookies.set(`${cookieName}.sig`, `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`)
      return header(cookies)
    },
  ],
  [
    "the victim's uid as the signed cookie of another kind",
    async () => {
      const resume = await cookiesOf(victim, page.url.replace('/phone/', '/auth/'))
      return `${cookieName}=${resume.get('ringback_resume')}; ${cookieName}.sig=${resume.get('ringback_resume.sig')}`
    },
  ],
]

describe.each(disguises)('with %s', (_, disguise) => {
  it.each(['', '/finish', '/events'])('GET %s is 400, and tells neither number, client nor digits', async (rest) => {
    const answer = await fetch(page.url + rest, { headers: { cookie: await disguise() }, redirect: 'manual' })
    expect(answer.status).toBe(400)
    const body = await answer.text()
    expect(body).not.toMatch(/••••|Harbour|id="gate"|data-state|person-/)
    expect(body).toContain('We cannot find this sign-in')
  })

  it.each(['call', 'verify', 'cancel', 'not-me'])('POST %s is 400, and nothing happens', async (action) => {
    const before = await scene.auditOf()
    const answer = await fetch(page.url, {
      method: 'POST',
      headers: { cookie: await disguise(), 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ action, code: '123456', mode: 'keyed' }),
      redirect: 'manual',
    })
    expect(answer.status).toBe(400)
    expect(await answer.text()).not.toMatch(/••••|Harbour|id="gate"|data-state/)
    expect(await scene.auditOf()).toEqual(before)
    expect(stateOf(await victim.reload(page))).toBe('answered')
  })
})

describe('with the right cookie in the wrong place', () => {
  it("the attacker's own cookie shows the attacker's own page only", async () => {
    expect((await attacker.reload(attackersPage)).status).toBe(200)
    const cookie = header(await cookiesOf(attacker, attackersPage.url))
    expect((await fetch(page.url, { headers: { cookie } })).status).toBe(400)
  })

  it("one prompt's interaction is no other prompt's", async () => {
    for (const prompt of ['sign-in', 'consent']) {
      const elsewhere = page.url.replace('/phone/', `/${prompt}/`)
      const cookie = header(await cookiesOf(victim, page.url))
      const shown = await fetch(elsewhere, { headers: { cookie } })
      expect(shown.status).toBe(400)
      const sent = await fetch(elsewhere, {
        method: 'POST',
        headers: { cookie, 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams({ action: 'sign-in', username: attacker.username, password: 'a quiet harbour at night' }),
      })
      expect(sent.status).toBe(400)
    }
    expect(stateOf(await victim.reload(page))).toBe('answered')
  })

  it("the victim's request is not taken up again by another browser", async () => {
    const resume = page.url.replace('/phone/', '/auth/')
    for (const cookie of ['', header(await cookiesOf(attacker, attackersPage.url.replace('/phone/', '/auth/')))]) {
      const answer = await fetch(resume, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' })
      // Another browser's own request may go on; the victim's does not.
      expect(answer.headers.get('location') ?? '').not.toContain('code=')
      expect(await answer.text()).not.toMatch(/••••/)
    }
    // With the victim's resume cookie, but in the attacker's session.
    const victims = await cookiesOf(victim, resume)
    const mixed = new Map([...(await cookiesOf(attacker, resume)), ...[...victims].filter(([name]) => name.startsWith('ringback_resume'))])
    const answer = await fetch(resume, { headers: { cookie: header(mixed), accept: 'text/html' }, redirect: 'manual' })
    expect(answer.status).toBe(400)
    expect(stateOf(await victim.reload(page))).toBe('answered')
  })
})
