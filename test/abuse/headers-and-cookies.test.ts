// What a browser is told to guard: headers on every page, cookies that no neighbour can set, and nothing that follows from a header somebody sent.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { stateOf } from '../flow/person.ts'
import type { CookieBrowser, Visited } from '../support/cookie-browser.ts'
import { callback } from '../support/relying-party.ts'
import { ada, clientCallback, type HttpsProvider, issuer as httpsIssuer, startHttpsProvider } from './https-provider.ts'
import { rawRequest, type Scene, startScene } from './scene.ts'

let scene: Scene
let secure: HttpsProvider
beforeAll(async () => {
  ;[scene, secure] = await Promise.all([
    startScene({ people: 4, change: (config) => addClient(config, 'third-party', { consent: 'ask' }) }),
    startHttpsProvider(),
  ])
})
afterAll(async () => {
  await Promise.all([scene.end(), secure.close()])
})

/** Every page that somebody can come to, in one browser. */
async function everyPage(
  browser: CookieBrowser,
  origin: string,
  request: string,
  steppingUp: string,
  credentials: { username: string; password: string },
): Promise<Map<string, Visited>> {
  const pages = new Map<string, Visited>()
  const signIn = await browser.open(request)
  pages.set('sign-in', signIn)
  pages.set('sign-in with a wrong password', await browser.submit(signIn, { ...credentials, password: 'wrong', action: 'sign-in' }))
  const consent = await browser.submit(signIn, { ...credentials, action: 'sign-in' })
  pages.set('consent', consent)
  await browser.submit(consent, { action: 'allow' })
  const phone = await browser.open(steppingUp)
  pages.set('phone', phone)
  pages.set('calling', await browser.submit(phone, { action: 'call' }))
  const refused = await browser.request(phone.url, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ action: 'verify', code: '123456' }),
  })
  pages.set('refused', { ...phone, status: refused.status, headers: refused.headers, body: await refused.text() })
  const given = await browser.request(phone.url, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ action: 'cancel' }),
  })
  expect(given.status).toBe(303)
  const finished = await browser.request(phone.url)
  pages.set('finished', { ...phone, status: finished.status, headers: finished.headers, body: await finished.text() })
  await browser.open(phone.url)
  pages.set('already finished', await browser.open(phone.url))
  pages.set('somebody else’s', await browser.open(`${origin}/phone/unknown`))
  for (const [name, path] of [
    ['error', '/auth?client_id=nobody'],
    ['not found', '/nowhere'],
    ['home', '/'],
    ['logout', '/session/end'],
    ['signed out', '/signed-out'],
    ['logout done', '/session/end/success'],
    ['resume error', '/auth/unknown'],
  ] as const) {
    const answer = await browser.request(origin + path, { headers: { accept: 'text/html' } })
    pages.set(name, { ...phone, status: answer.status, headers: answer.headers, body: await answer.text() })
  }
  return pages
}

function expectGuarded(name: string, page: Visited, isSecure: boolean): void {
  const { headers, body } = page
  const policy = headers.get('content-security-policy') ?? ''
  const nonce = /'nonce-([A-Za-z0-9+/=]{20,})'/.exec(policy)?.[1]
  expect([name, headers.get('content-type')]).toEqual([name, 'text/html; charset=utf-8'])
  expect([name, policy]).toEqual([
    name,
    `default-src 'none'; script-src 'nonce-${nonce}' 'strict-dynamic'; style-src 'nonce-${nonce}'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'`,
  ])
  expect([name, headers.get('x-frame-options')]).toEqual([name, 'DENY'])
  expect([name, headers.get('referrer-policy')]).toEqual([name, 'same-origin'])
  expect([name, headers.get('x-content-type-options')]).toEqual([name, 'nosniff'])
  expect([name, headers.get('cache-control')]).toEqual([name, 'no-store'])
  expect([name, headers.get('cross-origin-opener-policy')]).toEqual([name, 'same-origin'])
  expect([name, headers.get('strict-transport-security')]).toEqual([name, isSecure ? 'max-age=63072000; includeSubDomains' : null])
  expect([name, headers.get('access-control-allow-origin')]).toEqual([name, null])
  expect([name, headers.get('x-powered-by'), headers.get('server')]).toEqual([name, null, null])
  // Everything that runs or paints bears this answer's nonce, and nothing is written into the page itself.
  for (const tag of body.match(/<(script|style)\b[^>]*>|<link rel="stylesheet"[^>]*>/g) ?? [])
    expect([name, tag.includes(`nonce="${nonce}"`)]).toEqual([name, true])
  expect([name, / on[a-z]+=| style="|javascript:/i.test(body)]).toEqual([name, false])
}

const attributes = (line: string) =>
  line
    .split('; ')
    .slice(1)
    .map((part) => part.toLowerCase())

describe('every page is guarded', () => {
  it('on this machine', async () => {
    const who = scene.somebody()
    const party = await scene.client('third-party')
    const [first, second] = [await party.request(), await party.request({ acr_values: 'urn:ringback:acr:phone' })]
    const pages = await everyPage(who.browser, scene.ringback.issuer, first.url, second.url, {
      username: who.username,
      password: 'a quiet harbour at night',
    })
    expect(pages.get('phone')?.body).toContain('data-state="idle"')
    for (const [name, page] of pages) expectGuarded(name, page, false)
    const nonces = new Set([...pages.values()].map(({ headers }) => headers.get('content-security-policy')))
    expect(nonces.size).toBe(pages.size)
  })

  it('under an https issuer, with HSTS', async () => {
    const pages = await everyPage(secure.browser(), httpsIssuer, secure.request(), secure.request({ acr_values: 'urn:ringback:acr:phone' }), ada)
    expect(pages.get('phone')?.body).toContain('data-state="idle"')
    for (const [name, page] of pages) expectGuarded(name, page, true)
  })

  it('a form refused as foreign and an event stream say nothing to a framing or sniffing site either', async () => {
    const who = scene.somebody()
    const asked = await who.askAndSignIn(scene.bank, { acr_values: 'urn:ringback:acr:phone' })
    const refused = await who.browser.request(asked.page.url, { method: 'POST', body: 'action=call' })
    expect(refused.status).toBe(403)
    const leaving = new AbortController()
    const events = await who.browser.request(`${asked.page.url}/events`, { signal: leaving.signal })
    expect(events.headers.get('content-type')).toBe('text/event-stream')
    for (const { headers } of [refused, events]) {
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
    leaving.abort()
    await events.text().catch(() => '')
  })
})

describe('cookies', () => {
  it('under an https issuer bear the prefixes that browsers enforce (ZITADEL GHSA-mq4x-r2w3-j7mr)', async () => {
    const browser = secure.browser()
    const lines: string[] = []
    const request = browser.request.bind(browser)
    const visit = async (url: string, init?: RequestInit) => {
      const answer = await request(url, init)
      lines.push(...answer.headers.getSetCookie())
      return answer
    }
    const started = await visit(secure.request({ acr_values: 'urn:ringback:acr:phone' }))
    const signIn = new URL(started.headers.get('location') ?? '', httpsIssuer).href
    await visit(signIn, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' }, body: new URLSearchParams({ action: 'sign-in', ...ada }) })
    const finish = await visit(`${signIn}/finish`)
    const resumed = await visit(new URL(finish.headers.get('location') ?? '', httpsIssuer).href)
    expect(resumed.headers.get('location')).toMatch(/^\/phone\//)

    const set = lines.filter((line) => !/expires=Thu, 01 Jan 1970/i.test(line))
    expect(new Set(set.map((line) => line.split('=')[0]?.replace(/\.sig$/, '')))).toEqual(
      new Set(['__Host-ringback_session', '__Secure-ringback_interaction', '__Secure-ringback_resume']),
    )
    for (const line of set) {
      expect(attributes(line)).toEqual(expect.arrayContaining(['secure', 'httponly', 'samesite=lax']))
      expect(attributes(line).filter((part) => part.startsWith('domain='))).toEqual([])
      if (line.startsWith('__Host-')) expect(attributes(line)).toContain('path=/')
      else expect(attributes(line).some((part) => /^path=\/(auth|phone|sign-in)\/[\w-]+$/.test(part))).toBe(true)
    }
    // Every value has its signature beside it.
    for (const line of set)
      if (!line.split('=')[0]?.endsWith('.sig')) expect(set.some((other) => other.startsWith(`${line.split('=')[0]}.sig=`))).toBe(true)
  })

  it('on this machine have plain names of our own, and are as closed otherwise', async () => {
    const who = scene.somebody()
    const { url } = await scene.bank.request()
    const lines = (await who.browser.request(url)).headers.getSetCookie()
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      expect(line).toMatch(/^ringback_(session|interaction|resume)(\.sig)?=/)
      expect(attributes(line)).toEqual(expect.arrayContaining(['httponly', 'samesite=lax']))
      expect(attributes(line)).not.toContain('secure')
    }
  })
})

describe('a header that claims where we are (ZITADEL GHSA-2wmj-46rj-qm2w, authentik CVE-2024-47070)', () => {
  const claims: Record<string, string>[] = [
    { host: 'evil.example' },
    { 'x-forwarded-host': 'evil.example' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '443', 'x-forwarded-prefix': '/evil' },
    { forwarded: 'for=1.2.3.4;host=evil.example;proto=https' },
    { host: 'evil.example:80@localhost' },
    { 'x-original-host': 'evil.example', 'x-host': 'evil.example', 'x-http-host-override': 'evil.example' },
    { 'x-original-url': '/evil.example', 'x-rewrite-url': '/evil.example' },
    { 'x-forwarded-for': "not an address', ; --", 'x-real-ip': '::::' },
  ]
  it.each(claims)('%j leads nowhere else and makes no cookie less secure', async (headers) => {
    for (const [origin, asking, isSecure] of [
      [scene.ringback.issuer, (await scene.bank.request()).url, false],
      [httpsIssuer, secure.request(), true],
    ] as const) {
      const reached = isSecure ? secure.reach(origin) : origin
      const { pathname, search } = new URL(asking)
      for (const path of ['/', '/.well-known/openid-configuration', pathname + search, '/session/end', '/auth?client_id=nobody', '/nowhere']) {
        const answer = await rawRequest(reached, path, {
          headers: { ...headers, accept: path.includes('well-known') ? 'application/json' : 'text/html' },
        })
        expect(answer.status).toBeLessThan(500)
        expect(JSON.stringify(answer)).not.toContain('evil.example')
        for (const line of [answer.headers['set-cookie'] ?? []].flat()) expect(attributes(line).includes('secure')).toBe(isSecure)
        if (path.includes('well-known'))
          expect(JSON.parse(answer.body)).toMatchObject({
            issuer: origin,
            authorization_endpoint: `${origin}/auth`,
            token_endpoint: `${origin}/token`,
          })
        if (path === pathname + search) expect(answer.headers.location).toMatch(/^\/sign-in\//)
      }
    }
  })

  it('does not change where a sign-in returns to, or what the carrier is told to call', async () => {
    const who = scene.somebody()
    const asked = await who.askAndSignIn(scene.bank, { acr_values: 'urn:ringback:acr:phone' })
    const { pathname } = new URL(asked.page.url)
    const cookie = await who.browser.jar.getCookieString(asked.page.url)
    const sent = await rawRequest(scene.ringback.issuer, pathname, {
      method: 'POST',
      headers: {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        cookie,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'action=call&mode=spoken',
    })
    expect([sent.status, sent.headers.location]).toEqual([303, pathname])
    // It rings and is answered: the webhooks lead to us.
    const code = await who.hearCode(asked.page)
    const back = await who.type(await who.reload(asked.page), code)
    expect(back.url).toContain(`${callback}?code=`)
    expect(stateOf(back)).toBeUndefined()
    expect(clientCallback).not.toContain('evil.example')
  })
})
