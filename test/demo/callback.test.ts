// Answers at the callback that nobody asked for, that are forged, or that belong elsewhere.
import { describe, expect, it } from 'vitest'
import { startBank } from '../../src/demo/bank.ts'
import { cookieBrowser } from '../support/cookie-browser.ts'
import { answerOf, bank, bankAtWork, browser, leaveFor, order, posted, provider, signIn, text } from './support/bank-at-work.ts'
import { forgingProxy } from './support/forging-proxy.ts'
import { client } from './support/plain-provider.ts'

bankAtWork()

describe('an answer at the callback', () => {
  it.each(['', '?state=unknown&code=x', '?code=x', '?state=a&state=b&code=x', '?error=access_denied&state=unknown'])(
    'that nobody waits for is refused: "%s"',
    async (query) => {
      await signIn()
      const page = await browser.open(`${bank.url}/callback${query}`)
      expect(page.status).toBe(400)
      expect(text(page)).toContain('not waiting any more')
      expect(text(page)).toContain('You are still signed in')
    },
  )

  it('works in the browser only that asked for it', async () => {
    const answer = await answerOf(await leaveFor(`${bank.url}/login`))
    const other = await cookieBrowser([]).open(answer)
    expect(other.status).toBe(400)
    expect((await browser.open(answer)).url).toBe(`${bank.url}/account`)
  })

  it('is not believed when it comes from another issuer, errors included', async () => {
    await signIn()
    const authorization = await leaveFor(`${bank.url}/transfer`, posted(order))
    const forged = new URL(bank.redirectUri)
    forged.search = new URLSearchParams({
      error: 'access_denied',
      state: authorization.searchParams.get('state') ?? '',
      iss: 'http://evil.test',
    }).toString()
    const page = await browser.open(forged.href)
    expect(page.$('h1').text()).toBe('The confirmation did not work')
    expect(text(page)).toContain('invalid_answer')
  })

  it('is not believed when the ID token is not signed by the provider', async () => {
    const forger = await forgingProxy(provider.issuer)
    const gullible = await startBank({ port: 0, issuer: provider.issuer, fetchIssuerFrom: forger.url, ...client })
    provider.open(gullible)
    const page = await browser.open(`${gullible.url}/login`)
    expect(page.status).toBe(403)
    expect(text(page)).toContain('invalid_answer')
    await gullible.close()
    await forger.close()
  })

  it('with a code of another attempt is refused', async () => {
    const [mine, theirs] = [await leaveFor(`${bank.url}/login`), await leaveFor(`${bank.url}/login`)]
    const swapped = new URL(await answerOf(mine))
    swapped.searchParams.set('state', theirs.searchParams.get('state') ?? '')
    const page = await browser.open(swapped.href)
    expect(page.status).toBe(403)
    expect((await browser.open(`${bank.url}/account`)).url).toBe(`${bank.url}/`)
  })
})
