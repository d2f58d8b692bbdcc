// The bank’s pages: what a form takes and from whom, what every answer is protected by, and what is never logged.
import { describe, expect, it } from 'vitest'
import { startBank } from '../../src/demo/bank.ts'
import { answerOf, bank, bankAtWork, browser, clock, leaveFor, logged, order, posted, provider, signIn, text } from './support/bank-at-work.ts'
import { client } from './support/plain-provider.ts'

bankAtWork()

describe('the form', () => {
  it('keeps what was typed, says what is wrong, and asks nobody for anything', async () => {
    const page = await browser.submit(await signIn(), { payee: '"><script>alert(1)</script>', amount: '10000.01' })
    expect(page.status).toBe(422)
    expect(page.$('#payee').val()).toBe('"><script>alert(1)</script>')
    expect(page.$('#amount').val()).toBe('10000.01')
    expect(page.$('script').length).toBe(0)
    expect(page.$('#amount-fault').text()).toContain('at most $10,000.00')
    expect(page.$('#amount').attr('aria-invalid')).toBe('true')
    expect(provider.calls).toBe(0)
  })

  it('does not send people to the phone for money they do not have', async () => {
    const done = await browser.submit(await signIn(), { payee: 'First', amount: '10000' })
    expect(done.$('#transfer-done').length).toBe(1)
    await clock.advance(301_000)
    const page = await browser.submit(await browser.open(`${bank.url}/account`), { payee: 'Second', amount: '2480.56' })
    expect(page.status).toBe(422)
    expect(page.$('#amount-fault').text()).toContain('not enough money')
    expect(provider.calls).toBe(1)
  })

  it('shows a payee as it was typed, never as mark-up', async () => {
    const done = await browser.submit(await signIn(), { payee: '<img src=x onerror=alert(1)>', amount: '1' })
    expect(text(done)).toContain('<img src=x onerror=alert(1)>')
    expect(done.$('main img').length).toBe(0)
  })

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'http://evil.test' }],
    ['another port of this host', { 'sec-fetch-site': 'same-site' }],
    ['nowhere', { 'sec-fetch-site': 'none' }],
    ['an old browser on another site', { origin: 'http://evil.test' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a client that does not say', {}],
  ])('is not taken from %s', async (_, headers) => {
    await signIn()
    for (const path of ['/transfer', '/logout']) {
      const response = await browser.request(`${bank.url}${path}`, { method: 'POST', body: new URLSearchParams(order), headers })
      expect(response.status).toBe(403)
    }
    expect((await browser.open(`${bank.url}/account`)).url).toBe(`${bank.url}/account`)
    expect(provider.calls).toBe(0)
  })

  it('is taken from an old browser on our own page', async () => {
    await signIn()
    const response = await browser.request(`${bank.url}/transfer`, {
      method: 'POST',
      body: new URLSearchParams(order),
      headers: { origin: bank.url },
    })
    expect(response.status).toBe(303)
  })

  it('of megabytes is refused in words', async () => {
    await signIn()
    const response = await browser.request(`${bank.url}/transfer`, posted({ payee: 'x'.repeat(1_000_000), amount: '1' }))
    expect(response.status).toBe(413)
    expect(await response.text()).toContain('malformed or too long')
  })
})

describe('every page', () => {
  it('keeps scripts, frames, other origins and caches out', async () => {
    await signIn()
    const nonces = new Set<string>()
    for (const path of ['/account', '/nowhere', '/callback', '/harbour.css']) {
      const { headers } = await browser.request(`${bank.url}${path}`)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toMatch(
        /^default-src 'none'; style-src 'nonce-[\w+/=]{24}'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      )
      nonces.add(policy)
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('same-origin')
      expect(headers.get('cache-control')).toBe(path === '/harbour.css' ? 'no-cache' : 'no-store')
    }
    expect(nonces.size).toBe(4)
  })

  it('that does not exist says so', async () => {
    const page = await browser.open(`${bank.url}/nowhere`)
    expect(page.status).toBe(404)
    expect(page.$('h1').text()).toBe('No such page')
    expect((await browser.request(`${bank.url}/transfer`)).status).toBe(405)
  })

  it('is asked for under one host name, so that the cookie and the redirect URI fit', async () => {
    const { port } = new URL(bank.url)
    const response = await fetch(`http://127.0.0.1:${port}/login?a=b`, { redirect: 'manual' })
    expect(response.status).toBe(308)
    expect(response.headers.get('location')).toBe(`${bank.url}/login?a=b`)
  })
})

it('logs what happens, and no token, code, state or cookie', async () => {
  await signIn()
  const authorization = await leaveFor(`${bank.url}/transfer`, posted(order))
  const answer = new URL(await answerOf(authorization))
  await browser.open(answer.href)
  const there = await leaveFor(`${bank.url}/logout`, posted({}))
  expect(logged).toContain('transfer done')
  const secrets = [
    ...['code', 'state'].map((name) => answer.searchParams.get(name)),
    ...['nonce', 'code_challenge'].map((name) => authorization.searchParams.get(name)),
    there.searchParams.get('id_token_hint'),
    client.clientSecret,
    (await browser.jar.getCookies(bank.url)).find(({ key }) => key === 'harbour_session')?.value,
  ]
  for (const secret of secrets) {
    expect(secret?.length).toBeGreaterThan(20)
    expect(logged).not.toContain(secret)
  }
  expect(logged).not.toContain('eyJ')
})

it('closes although a browser keeps its connection', async () => {
  const extra = await startBank({ port: 0, issuer: provider.issuer, ...client })
  await (await fetch(extra.url)).text()
  await extra.close()
  await expect(fetch(extra.url)).rejects.toThrow()
})
