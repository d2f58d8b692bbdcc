// The adapter under a real oidc-provider: what a person with two tabs, a client that repeats itself and an attacker notice.
import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { artifactStores } from '../contract/artifact-stores.ts'
import type { ArtifactsUnderTest } from '../contract/describe-artifacts.ts'
import { authorizationUrl, type Browser, browserOn, callback, type ProviderHost, startProviderHost } from '../contract/provider-host.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

describe.each(['memory', 'SQLite'] as const)('oidc-provider on %s', (name) => {
  let clock: ManualClock
  let under: ArtifactsUnderTest
  let host: ProviderHost
  let browser: Browser

  beforeEach(async () => {
    clock = manualClock(Date.now())
    under = artifactStores[name](clock)
    host = await startProviderHost({ store: under.store, clock })
    browser = browserOn(host)
  })
  afterEach(async () => {
    await host.close()
    await under.close()
  })

  const codeOf = (url: URL) => {
    const code = url.searchParams.get('code')
    if (code === null) throw new Error(`no code came back: ${url.search}`)
    return code
  }
  const redeem = (code: string, client = 'bank') => host.post('/token', { grant_type: 'authorization_code', code, redirect_uri: callback }, client)
  const refresh = (token: unknown) => host.post('/token', { grant_type: 'refresh_token', refresh_token: String(token) }, 'bank')
  const userinfo = async (token: unknown) => (await fetch(new URL('/me', host.issuer), { headers: { authorization: `Bearer ${token}` } })).status
  /** Whether somebody is signed in, without changing anything. */
  const isSignedIn = async (who: Browser) => (await who.authorize('bank', { prompt: 'none' })).searchParams.has('code')
  const logOut = async (who: Browser) => {
    const page = await who.get(new URL('/session/end', host.issuer))
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    return who.submit(new URL('/session/end/confirm', host.issuer), { xsrf, logout: 'yes' })
  }

  describe('one code', () => {
    it.each([8, 50])('gives tokens once when it is redeemed %i times at once', async (times) => {
      const code = codeOf(await browser.authorize('bank'))
      const answers = await Promise.all(Array.from({ length: times }, () => redeem(code)))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(times - 1)
    })

    it('takes back what it gave when it comes again (RFC 6749, section 4.1.2)', async () => {
      const code = codeOf(await browser.authorize('bank'))
      const { body } = await redeem(code)
      expect(await userinfo(body.access_token)).toBe(200)
      expect((await redeem(code)).body.error).toBe('invalid_grant')
      expect(await userinfo(body.access_token)).toBe(401)
    })

    it('is worth nothing after a logout', async () => {
      const code = codeOf(await browser.authorize('bank'))
      await logOut(browser)
      expect((await redeem(code)).body.error).toBe('invalid_grant')
    })
  })

  describe('one refresh token', () => {
    const offline = async () => (await redeem(codeOf(await browser.authorize('bank', { scope: 'openid offline_access', prompt: 'consent' })))).body

    it('is exchanged once when it comes twice at once, and the one that won goes on', async () => {
      const { refresh_token } = await offline()
      const answers = await Promise.all([refresh(refresh_token), refresh(refresh_token)])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
      const won = answers.find(({ status }) => status === 200)
      expect(answers.find(({ status }) => status === 400)?.body.error).toBe('invalid_grant')
      expect((await refresh(won?.body.refresh_token)).status).toBe(200)
    })

    it('is refused and ends nothing when it comes again within 10 seconds: two tabs, or a retry', async () => {
      const { refresh_token } = await offline()
      const next = await refresh(refresh_token)
      await clock.advance(9_000)
      expect((await refresh(refresh_token)).body.error).toBe('invalid_grant')
      expect((await refresh(next.body.refresh_token)).status).toBe(200)
    })

    it('ends the grant when it comes again later (RFC 9700, section 4.14.2)', async () => {
      const { refresh_token } = await offline()
      const next = await refresh(refresh_token)
      await clock.advance(11_000)
      expect((await refresh(refresh_token)).body.error).toBe('invalid_grant')
      expect((await refresh(next.body.refresh_token)).body.error).toBe('invalid_grant')
      expect(await userinfo(next.body.access_token)).toBe(401)
    })
  })

  it('gives new tokens for a grant whose access token was revoked', async () => {
    const first = await redeem(codeOf(await browser.authorize('bank')))
    expect((await host.post('/token/revocation', { token: String(first.body.access_token) }, 'bank')).status).toBe(200)
    expect(await userinfo(first.body.access_token)).toBe(401)
    const second = await redeem(codeOf(await browser.authorize('bank', { prompt: 'none' })))
    expect(await userinfo(second.body.access_token)).toBe(200)
  })

  it('answers one of many authorization requests made from one pushed request', async () => {
    await browser.authorize('bank')
    const form = { response_type: 'code', scope: 'openid', redirect_uri: callback, prompt: 'none', client_id: 'bank' }
    const { body } = await host.post('/request', form, 'bank')
    const url = new URL('/auth', host.issuer)
    url.search = String(new URLSearchParams({ client_id: 'bank', request_uri: String(body.request_uri) }))
    const held = host.hold('par')
    const answers = Promise.all(Array.from({ length: 6 }, () => browser.get(url, { 'x-hold': 'par' })))
    await held.arrived
    held.release()
    const codes = (await answers).filter(({ location }) => location?.searchParams.has('code'))
    expect(codes).toHaveLength(1)
  })

  it('accepts a client assertion once, however many come at the same time', async () => {
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('machine')
      .setSubject('machine')
      .setAudience(host.issuer)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(new TextEncoder().encode('a secret of at least 32 bytes of text'))
    const form = {
      grant_type: 'client_credentials',
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }
    const answers = await Promise.all(Array.from({ length: 10 }, () => host.post('/token', form)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 400 || status === 401)).toHaveLength(9)
  })

  describe('two tabs', () => {
    /** Two requests that have both read the session before either writes it; then the first finishes, then the second. */
    async function overlapping(first: () => Promise<URL>, second: () => Promise<URL>, hold: { arrived: Promise<void>; release(): void }) {
      const late = second()
      await hold.arrived
      const early = await first()
      hold.release()
      return [early, await late] as const
    }

    const resume = async (who: Browser, at: URL, hold?: string) => {
      const { location } = await who.get(at, hold === undefined ? {} : { 'x-hold': hold })
      if (location === undefined) throw new Error('the authorization request was not taken up again')
      return location
    }

    it('that finish at once both get their codes, and every cookie that was handed out stays good', async () => {
      await browser.authorize('bank')
      await browser.authorize('shop')
      const other = await browser.copy()
      const bankAt = await browser.upToResume('bank', { prompt: 'consent' })
      const shopAt = await other.upToResume('shop', { prompt: 'consent' })
      const hold = host.hold('late')
      const [bank, shop] = await overlapping(
        () => resume(browser, bankAt),
        () => resume(other, shopAt, 'late'),
        hold,
      )
      expect((await redeem(codeOf(bank), 'bank')).status).toBe(200)
      expect((await redeem(codeOf(shop), 'shop')).status).toBe(200)
      expect(await browser.sessionId()).not.toBe(await other.sessionId())
      await clock.advance(60 * 1000)
      expect(await isSignedIn(browser)).toBe(true)
      expect(await isSignedIn(other)).toBe(true)
    })

    it('that consent at once at two clients both keep what they were given', async () => {
      await browser.authorize('bank')
      const other = await browser.copy()
      const shopAt = await browser.upToResume('shop')
      const bankAt = await other.upToResume('bank', { prompt: 'consent' })
      const hold = host.hold('late')
      const [shop, bank] = await overlapping(
        () => resume(browser, shopAt),
        () => resume(other, bankAt, 'late'),
        hold,
      )
      // Codes are bound to what the session holds for their client: a lost write would make the first one unknown.
      const tokens = await redeem(codeOf(shop), 'shop')
      expect(tokens.status).toBe(200)
      expect((await redeem(codeOf(bank), 'bank')).status).toBe(200)
      expect(await userinfo(tokens.body.access_token)).toBe(200)
    })

    it('of which one only loads while the other finishes leave the person signed in', async () => {
      await browser.authorize('bank')
      const other = await browser.copy()
      const before = await browser.sessionId()
      const at = await browser.upToResume('bank', { prompt: 'consent' })
      const hold = host.hold('loading')
      const url = authorizationUrl(host, 'bank', { prompt: 'none' })
      const [finished, loaded] = await overlapping(
        () => resume(browser, at),
        () => resume(other, url, 'loading'),
        hold,
      )
      expect(codeOf(finished)).toBeDefined()
      expect(codeOf(loaded)).toBeDefined()
      expect(await other.sessionId()).toBe(before)
      await clock.advance(60 * 1000)
      expect(await isSignedIn(browser)).toBe(true)
      // The browser may have kept the cookie of either answer.
      expect(await isSignedIn(other)).toBe(true)
    })

    it('of which one only loads do not lose the sign-in that the other just finished', async () => {
      await browser.authorize('bank')
      const other = await browser.copy()
      const howSignedIn = async () => (await host.provider.Session.find((await browser.sessionId()) ?? ''))?.amr
      expect(await howSignedIn()).toEqual(['pwd'])
      const at = await browser.upToResume('bank', { prompt: 'login', login_hint: 'another-way' })
      const hold = host.hold('loading')
      await overlapping(
        () => resume(browser, at),
        () => resume(other, authorizationUrl(host, 'bank', { prompt: 'none' }), 'loading'),
        hold,
      )
      expect(await howSignedIn()).toEqual(['another-way'])
    })
  })

  describe('a session id that was rotated away', () => {
    it('finds the session for 30 seconds more, and no longer', async () => {
      await browser.authorize('bank')
      const old = await browser.copy()
      await browser.authorize('bank', { prompt: 'consent' })
      expect(await old.sessionId()).not.toBe(await browser.sessionId())
      await clock.advance(30 * 1000 - 1)
      expect(await isSignedIn(await old.copy())).toBe(true)
      await clock.advance(1)
      expect(await isSignedIn(old)).toBe(false)
      expect(await isSignedIn(browser)).toBe(true)
    })

    it('leads its tab to the newest id', async () => {
      await browser.authorize('bank')
      const old = await browser.copy()
      await browser.authorize('bank', { prompt: 'consent' })
      expect(await isSignedIn(old)).toBe(true)
      expect(await old.sessionId()).toBe(await browser.sessionId())
    })

    it('is worth nothing after a logout, however fresh the rotation', async () => {
      await browser.authorize('bank')
      const oldest = await browser.copy()
      await browser.authorize('bank', { prompt: 'consent' })
      const older = await browser.copy()
      await browser.authorize('bank', { prompt: 'consent' })
      const newest = await browser.copy()
      await logOut(browser)
      for (const who of [oldest, older, newest, browser]) expect(await isSignedIn(who)).toBe(false)
    })

    it('ends the whole session when the logout itself comes from it', async () => {
      await browser.authorize('bank')
      const old = await browser.copy()
      await browser.authorize('bank', { prompt: 'consent' })
      await logOut(old)
      expect(await isSignedIn(browser)).toBe(false)
    })

    it('is worth nothing at once when it is from before the sign-in', async () => {
      // Asking to log out without a session makes one: an attacker could plant its cookie.
      await browser.get(new URL('/session/end', host.issuer))
      const planted = await browser.copy()
      expect(await planted.sessionId()).toBeDefined()
      await browser.authorize('bank')
      expect(await isSignedIn(planted)).toBe(false)
      expect(await isSignedIn(browser)).toBe(true)
    })

    it('does not become good again by a request from before the sign-in that ends after it', async () => {
      await browser.get(new URL('/session/end', host.issuer))
      const planted = await browser.copy()
      const id = await planted.sessionId()
      const at = await browser.upToResume('bank')
      const session = await host.provider.Session.find(id ?? '')
      await browser.follow(at)
      // What the planted request had loaded, written as late as can be.
      await session?.persist()
      expect(await isSignedIn(planted)).toBe(false)
      expect(await isSignedIn(browser)).toBe(true)
    })
  })

  it('is not brought back by a request that was under way during the logout', async () => {
    await browser.authorize('bank')
    const other = await browser.copy()
    const hold = host.hold('slow')
    const slow = other.get(authorizationUrl(host, 'bank', { prompt: 'none' }), { 'x-hold': 'slow' })
    await hold.arrived
    await logOut(browser)
    hold.release()
    await slow
    expect(await isSignedIn(other)).toBe(false)
    expect(await isSignedIn(browser)).toBe(false)
  })
})
