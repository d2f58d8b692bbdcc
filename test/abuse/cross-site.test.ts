// Forms that other sites send in somebody's name (ASVS 3.5.1-3.5.3), and addresses that do something when they are only opened.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { type Person, stateOf } from '../flow/person.ts'
import type { Visited } from '../support/cookie-browser.ts'
import { callback } from '../support/relying-party.ts'
import { type Fields, onPhonePage, rawRequest, type Scene, startScene, told } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ people: 6, change: (config) => addClient(config, 'third-party', { consent: 'ask' }) })
})
afterAll(() => scene.end())

/** A POST with exactly these headers, and the browser's cookies: a browser adds them whoever sends the form. */
async function send(
  who: Person,
  url: string,
  body: Record<string, string>,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Record<string, string | string[] | undefined> }> {
  const { origin, pathname, search } = new URL(url)
  const cookie = await who.browser.jar.getCookieString(url)
  return rawRequest(origin, pathname + search, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie, ...headers },
    body: String(new URLSearchParams(body)),
  })
}

function foreign(): [string, Record<string, string>][] {
  const { issuer, bankUrl } = scene.ringback
  const other = new URL(issuer)
  return [
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }],
    ['Sec-Fetch-Site: none', { 'sec-fetch-site': 'none' }],
    ['Sec-Fetch-Site of two values', { 'sec-fetch-site': 'same-origin, cross-site' }],
    ['Sec-Fetch-Site: cross-site with our own Origin', { 'sec-fetch-site': 'cross-site', origin: issuer }],
    ["another site's Origin", { origin: 'https://evil.example' }],
    ["another port's Origin", { origin: bankUrl }],
    ['our Origin by another scheme', { origin: issuer.replace('http:', 'https:') }],
    ['our Origin by another name', { origin: `http://127.0.0.1:${other.port}` }],
    ['an Origin that begins like ours', { origin: `${issuer}.evil.example` }],
    ['an Origin that ends like ours', { origin: `http://evil.${other.host}` }],
    ['the Origin null', { origin: 'null' }],
    ['an empty Origin', { origin: '' }],
    ['neither header', {}],
    ['a Referer alone', { referer: `${issuer}/phone/x` }],
    ['a Host that the Origin fits', { host: 'evil.example', origin: 'http://evil.example' }],
    [
      'an X-Forwarded-Host that the Origin fits',
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', origin: 'https://evil.example' },
    ],
  ]
}

describe('a form from elsewhere is 403, and nothing happens', () => {
  it('on the page of the call, for every button', async () => {
    const victim = scene.somebody()
    const { page, code, challenge } = await told(victim, scene)
    const before = await scene.auditOf()
    const buttons: Fields[] = [{ action: 'call', mode: 'keyed' }, { action: 'verify', code }, { action: 'cancel' }, { action: 'not-me' }]
    for (const [name, headers] of foreign())
      for (const body of buttons) expect([name, (await send(victim, page.url, body, headers)).status]).toEqual([name, 403])
    expect(await scene.auditOf()).toEqual(before)
    expect(stateOf(await victim.reload(page))).toBe('told')
    expect((await send(victim, page.url, { action: 'verify', code }, { origin: scene.ringback.issuer })).status).toBe(303)
    expect(await scene.count('code.right', challenge)).toBe(1)
  })

  it('on the sign-in page: nobody is signed in as somebody else (login CSRF)', async () => {
    const victim = scene.somebody()
    const asked = await victim.ask(scene.bank)
    const before = await scene.auditOf()
    for (const [name, headers] of foreign())
      expect([
        name,
        (await send(victim, asked.page.url, { action: 'sign-in', username: 'demo', password: 'correct horse battery staple' }, headers)).status,
      ]).toEqual([name, 403])
    expect(await scene.auditOf()).toEqual(before)
    expect((await victim.reload(asked.page)).$('[name="password"]')).toHaveLength(1)
    expect(
      (
        await send(
          victim,
          asked.page.url,
          { action: 'sign-in', username: 'demo', password: 'correct horse battery staple' },
          { 'sec-fetch-site': 'same-origin' },
        )
      ).status,
    ).toBe(303)
  })

  it('on the consent page', async () => {
    const victim = scene.somebody()
    const asked = await victim.askAndSignIn(await scene.client('third-party'))
    for (const [name, headers] of foreign())
      expect([name, (await send(victim, asked.page.url, { action: 'allow' }, headers)).status]).toEqual([name, 403])
    expect(await scene.count('consent.given')).toBe(0)
    expect((await victim.reload(asked.page)).url).toContain('/consent/')
  })

  it('on the page that signs out', async () => {
    const victim = scene.somebody()
    await victim.askAndSignIn(scene.bank)
    const page = await victim.browser.open(`${scene.ringback.issuer}/session/end?client_id=demo-bank`)
    const xsrf = page.$('[name="xsrf"]').attr('value') ?? ''
    expect(xsrf).not.toBe('')
    for (const path of ['/session/end/confirm', '/session/end/confirm/', '/session/END/confirm', '//session/end/confirm', '/session/end/confirm?x=1'])
      for (const [name, headers] of foreign()) {
        const answer = await send(victim, scene.ringback.issuer + path, { xsrf, logout: 'yes' }, headers)
        expect([name, path, answer.status >= 403 && answer.status < 500]).toEqual([name, path, true])
      }
    // And from our own page, but without what that page was given.
    const guesses: Fields[] = [{ logout: 'yes' }, { xsrf: '', logout: 'yes' }, { xsrf: 'guessed', logout: 'yes' }]
    for (const body of guesses)
      expect((await send(victim, `${scene.ringback.issuer}/session/end/confirm`, body, { 'sec-fetch-site': 'same-origin' })).status).toBe(400)
    expect((await victim.ask(scene.bank, { prompt: 'none' })).page.url).toContain(`${callback}?code=`)
  })
})

describe('an address that is only opened', () => {
  it('changes nothing, whatever hangs on it and whatever method it claims to be', async () => {
    const victim = scene.somebody()
    const { page } = await onPhonePage(victim, scene)
    const calling = await victim.beCalled(page, { mode: 'spoken' })
    await victim.until(calling, 'ringing')
    const cookie = await victim.browser.jar.getCookieString(page.url)
    const { origin, pathname } = new URL(page.url)
    const before = await scene.auditOf()
    for (const query of ['action=call&mode=keyed', 'action=verify&code=123456', 'action=cancel', 'action=not-me', '_method=POST&action=cancel'])
      for (const rest of ['', '/finish', '/call', '/verify', '/cancel', '/not-me'])
        for (const method of ['GET', 'HEAD', 'OPTIONS'])
          await rawRequest(origin, `${pathname}${rest}?${query}`, {
            method,
            headers: { cookie, 'sec-fetch-site': 'same-origin', 'x-http-method-override': 'POST' },
          })
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      expect(
        (
          await rawRequest(origin, pathname, {
            method,
            headers: { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
            body: 'action=cancel',
          })
        ).status,
      ).toBeGreaterThanOrEqual(400)
    // What a form says stands in its body, not in the address it is sent to.
    await rawRequest(origin, `${pathname}?action=cancel`, { method: 'POST', headers: { cookie, 'sec-fetch-site': 'same-origin' }, body: '' })
    expect(await scene.auditOf()).toEqual(before)
    expect(stateOf(await victim.reload(page))).toBe('ringing')
  })

  it('does not sign anybody out', async () => {
    const victim: Person = scene.somebody()
    const asked: { page: Visited } = await victim.askAndSignIn(scene.bank)
    expect(asked.page.url).toContain('code=')
    for (const path of ['/session/end', '/session/end?logout=yes', '/session/end/confirm?logout=yes', '/session/end/success', '/signed-out'])
      await victim.browser.request(scene.ringback.issuer + path)
    expect((await victim.ask(scene.bank, { prompt: 'none' })).page.url).toContain(`${callback}?code=`)
  })
})
