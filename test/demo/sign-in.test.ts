// Signing in and out at Harbour Bank, at a plain oidc-provider, and what happens when that is not there.
import { describe, expect, it } from 'vitest'
import { startBank } from '../../src/demo/bank.ts'
import { answerOf, bank, bankAtWork, browser, clock, leaveFor, order, posted, provider, signIn, text } from './support/bank-at-work.ts'
import { client, plainProvider } from './support/plain-provider.ts'

bankAtWork()

describe('signing in', () => {
  it('starts on a page that shows the demo accounts, and asks for no more than the password level', async () => {
    const landing = await browser.open(bank.url)
    expect(landing.status).toBe(200)
    expect(landing.body).toContain('a &lt;password&gt;')
    const authorization = await leaveFor(new URL(landing.$('#sign-in').attr('href') ?? '', bank.url).href)
    const asked = Object.fromEntries(authorization.searchParams)
    expect(asked).toEqual({
      client_id: 'harbour',
      response_type: 'code',
      redirect_uri: `${bank.url}/callback`,
      scope: 'openid',
      resource: `${bank.url}/api`,
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
  })

  it('leads to the account, at the password level and without a call', async () => {
    const account = await signIn()
    expect(account.url).toBe(`${bank.url}/account`)
    expect(account.$('#balance').text()).toBe('$12,480.55')
    expect(account.$('#level').text()).toBe('urn:ringback:acr:password')
    expect(provider.calls).toBe(0)
    expect((await browser.open(bank.url)).url).toBe(`${bank.url}/account`)
  })

  it('gives the session a new id, and the old one is worth nothing', async () => {
    await leaveFor(`${bank.url}/login`)
    const planted = await browser.jar.getCookieString(bank.url)
    await signIn()
    const [cookie] = (await browser.jar.getCookies(bank.url)).filter(({ key }) => key === 'harbour_session')
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'lax', path: '/' })
    expect(cookie?.value).toMatch(/^[\w-]{43}$/)
    expect(planted).not.toContain(cookie?.value)
    const thief = await fetch(`${bank.url}/account`, { headers: { cookie: planted }, redirect: 'manual' })
    expect(thief.headers.get('location')).toBe('/')
  })

  it('works in two tabs at once', async () => {
    const [first, second] = [await leaveFor(`${bank.url}/login`), await leaveFor(`${bank.url}/login`)]
    const answers = [await answerOf(first), await answerOf(second)]
    for (const answer of answers.reverse()) expect((await browser.open(answer)).url).toBe(`${bank.url}/account`)
  })

  it('is forgotten after an hour without a visit', async () => {
    await signIn()
    await clock.advance(60 * 60 * 1000)
    expect((await browser.open(`${bank.url}/account`)).url).toBe(`${bank.url}/account`)
    await clock.advance(60 * 60 * 1000 + 1)
    expect((await browser.open(`${bank.url}/account`)).url).toBe(`${bank.url}/`)
  })

  it('that the provider refuses says so, and tries nothing by itself', async () => {
    provider.person = 'give-up'
    const page = await signIn()
    expect(page.status).toBe(403)
    expect(text(page)).toContain('You are not signed in')
    expect(text(page)).toContain('access_denied: the person gave up')
    expect(page.$('a[href="/login"]').text()).toBe('Sign in again')
  })
})

describe('a provider that is not there', () => {
  it('is named on the page, and a reload is enough once it is up', async () => {
    const late = await plainProvider()
    const early = await startBank({ port: 0, issuer: late.issuer, ...client })
    late.gone(true)
    for (const attempt of ['connection refused', 'again']) {
      const page = await browser.open(`${early.url}/login`)
      expect(page.status, attempt).toBe(503)
      expect(text(page)).toContain(`The provider is not reachable at ${late.issuer}. Start it, then reload this page.`)
    }
    late.gone(false)
    late.open(early)
    expect((await browser.open(`${early.url}/login`)).url).toBe(`${early.url}/account`)
    await early.close()
    await late.close()
  })

  it('when a sign-in comes back loses nothing: the reload finishes it', async () => {
    const answer = await answerOf(await leaveFor(`${bank.url}/login`))
    provider.gone(true)
    expect((await browser.open(answer)).status).toBe(503)
    provider.gone(false)
    expect((await browser.open(answer)).url).toBe(`${bank.url}/account`)
  })

  it('when a step-up comes back means no transfer, and a try again', async () => {
    await signIn()
    const answer = await answerOf(await leaveFor(`${bank.url}/transfer`, posted(order)))
    provider.gone(true)
    const failed = await browser.open(answer)
    expect(text(failed)).toContain('The transfer was not made.')
    expect(text(failed)).toContain('The sign-in service did not answer')
    provider.gone(false)
    const done = await browser.submit(failed, { action: 'again' })
    expect(done.$('#transfer-done').length).toBe(1)
  })

  it('whose answer names another issuer is not believed', async () => {
    const liar = await startBank({ port: 0, issuer: provider.issuer.replace('localhost', '127.0.0.1'), ...client })
    const page = await browser.open(`${liar.url}/login`)
    expect(page.status).toBe(503)
    expect(text(page)).toContain('issuer')
    await liar.close()
  })
})

describe('signing out', () => {
  it('ends the session here, and leads to the provider with the ID token as a hint', async () => {
    await signIn()
    const before = await browser.jar.getCookieString(bank.url)
    const there = await leaveFor(`${bank.url}/logout`, posted({}))
    expect(there.origin + there.pathname).toBe(`${provider.issuer}/session/end`)
    expect(there.searchParams.get('post_logout_redirect_uri')).toBe(`${bank.url}/`)
    expect(there.searchParams.get('id_token_hint')?.split('.')).toHaveLength(3)
    expect((await browser.open(`${bank.url}/account`)).url).toBe(`${bank.url}/`)
    const old = await fetch(`${bank.url}/account`, { headers: { cookie: before }, redirect: 'manual' })
    expect(old.headers.get('location')).toBe('/')
    // The hint is given once.
    expect((await browser.open(`${bank.url}/logout/continue`)).url).toBe(`${bank.url}/`)
  })
})
