// Transfers: challenged by the API, confirmed by phone, made once; or not confirmed, and then not made.
import { describe, expect, it } from 'vitest'
import { cookieBrowser } from '../support/cookie-browser.ts'
import {
  answerOf,
  balance,
  bank,
  bankAtWork,
  browser,
  clock,
  forgetAtProvider,
  leaveFor,
  order,
  posted,
  provider,
  signIn,
  text,
} from './support/bank-at-work.ts'
import { phone } from './support/plain-provider.ts'

bankAtWork()

describe('a transfer', () => {
  it('asks for what the API challenged with, calls once, and is made when the person comes back', async () => {
    const account = await signIn()
    const authorization = await leaveFor(`${bank.url}/transfer`, posted(order))
    expect(authorization.searchParams.get('acr_values')).toBe(phone)
    expect(authorization.searchParams.get('max_age')).toBe('300')
    expect(authorization.searchParams.get('resource')).toBe(bank.resource)

    const done = await browser.submit(account, order)
    expect(done.$('#transfer-done').text().replace(/\s+/g, ' ')).toContain('$25.50 is on its way to Riverside Management.')
    expect(provider.calls).toBe(1)
    expect(await balance()).toBe('$12,455.05')
  })

  it('shows the claims of the ID token so that people can read them', async () => {
    const { $ } = await browser.submit(await signIn(), order)
    const claim = (name: string) => $(`#claims [data-claim="${name}"]`)
    expect(claim('acr').text()).toBe(phone)
    expect(claim('amr').text()).toBe('pwd tel mfa mca')
    expect(claim('sub').text()).toBe('ada')
    expect(claim('iss').text()).toBe(provider.issuer)
    expect(claim('aud').text()).toBe('harbour')
    for (const name of ['auth_time', 'iat', 'exp']) {
      const seconds = Number(claim(name).attr('data-value'))
      expect(claim(name).find('time').attr('datetime')).toBe(new Date(seconds * 1000).toISOString())
      expect(claim(name).text()).toMatch(/^\d{1,2} \w+ \d{4} at \d\d:\d\d:\d\d UTC \(.+\)$/)
    }
    expect(
      $('#claims .meaning')
        .toArray()
        .every((element) => $(element).text().endsWith('.')),
    ).toBe(true)
    expect(JSON.parse($('#raw-claims').text())).toMatchObject({ acr: phone, sub: 'ada', nonce: expect.any(String) })
  })

  it('needs no second call within five minutes, and one after', async () => {
    await browser.submit(await signIn(), order)
    await clock.advance(290_000)
    const again = await browser.submit(await browser.open(`${bank.url}/account`), order)
    expect(again.$('#transfer-done').length).toBe(1)
    expect(provider.calls).toBe(1)
    await clock.advance(20_000)
    const authorization = await leaveFor(`${bank.url}/transfer`, posted(order))
    expect(authorization.searchParams.get('acr_values')).toBe(phone)
  })

  it('is confirmed in two tabs at once, each for itself', async () => {
    await signIn()
    const first = await leaveFor(`${bank.url}/transfer`, posted({ payee: 'First', amount: '1' }))
    const second = await leaveFor(`${bank.url}/transfer`, posted({ payee: 'Second', amount: '2' }))
    const answers = [await answerOf(first), await answerOf(second)]
    const pages = await Promise.all(answers.map((answer) => browser.open(answer)))
    expect(pages.map(text)).toEqual([
      expect.stringContaining('$1.00 is on its way to First'),
      expect.stringContaining('$2.00 is on its way to Second'),
    ])
    expect(await balance()).toBe('$12,477.55')
  })

  it('is made once, even if it was confirmed in two tabs', async () => {
    await signIn()
    const waiting = await browser.request(`${bank.url}/transfer`, posted(order))
    const stepUp = new URL(waiting.headers.get('location') ?? '', bank.url).href
    const answers = [await answerOf(await leaveFor(stepUp)), await answerOf(await leaveFor(stepUp))]
    const pages = await Promise.all(answers.map((answer) => browser.open(answer)))
    expect(pages.every(({ status }) => status === 200)).toBe(true)
    expect(await balance()).toBe('$12,455.05')
  })

  it('is made once, however often its answer or its page is loaded again', async () => {
    await signIn()
    const waiting = await browser.request(`${bank.url}/transfer`, posted(order))
    const stepUp = new URL(waiting.headers.get('location') ?? '', bank.url).href
    const answer = await answerOf(await leaveFor(stepUp))
    const done = await browser.open(answer)
    const stale = await browser.open(answer)
    expect(stale.status).toBe(400)
    expect(text(stale)).toContain('already finished')
    expect((await browser.open(done.url)).$('#transfer-done').length).toBe(1)
    expect((await browser.open(stepUp)).url).toBe(done.url)
    await browser.request(`${done.url}/again`, posted({}))
    expect(await balance()).toBe('$12,455.05')
    expect(provider.calls).toBe(1)
  })

  it('belongs to its session: nobody else sees it, steps up for it or sends it again', async () => {
    const done = await browser.submit(await signIn(), order)
    const stranger = cookieBrowser([])
    await signIn(stranger)
    const id = done.url.split('/').at(-1)
    expect((await stranger.open(done.url)).url).toBe(`${bank.url}/account`)
    expect((await stranger.open(`${bank.url}/step-up?transfer=${id}`)).url).toBe(`${bank.url}/account`)
    expect((await stranger.request(`${bank.url}/transfers/${id}/again`, posted({}))).headers.get('location')).toBe('/')
  })
})

describe('a step-up that fails', () => {
  it.each([
    ['give-up', 'You ended the confirmation', 'access_denied: the person gave up'],
    ['unmet', 'Your phone could not confirm this', 'unmet_authentication_requirements: no phone <b>here</b>'],
  ] as const)('because of "%s" says what happened and makes no transfer', async (person, heading, detail) => {
    const account = await signIn()
    provider.person = person
    const failed = await browser.submit(account, order)
    expect(failed.$('h1').text()).toBe(heading)
    expect(text(failed)).toContain('The transfer was not made.')
    expect(failed.$('details code').text()).toBe(detail)
    expect(failed.body).not.toContain('<b>here')
    expect(await balance()).toBe('$12,480.55')
  })

  it('calls nobody again by itself: not on reload, not on the way back, only when asked to', async () => {
    const account = await signIn()
    provider.person = 'give-up'
    const failed = await browser.submit(account, order)
    expect(provider.calls).toBe(1)
    const stepUp = failed.url.replace('/transfers/', '/step-up?transfer=')
    for (const url of [failed.url, stepUp, stepUp.replace('/step-up', '/step-up/continue'), `${bank.url}/account`]) await browser.open(url)
    expect(provider.calls).toBe(1)

    provider.person = 'confirm'
    const done = await browser.submit(failed, { action: 'again' })
    expect(done.$('#transfer-done').length).toBe(1)
    expect(provider.calls).toBe(2)
    expect(await balance()).toBe('$12,455.05')
  })

  it('because the provider gave a lower level ends there, without going round in circles', async () => {
    const account = await signIn()
    provider.person = 'ignores-level'
    const failed = await browser.submit(account, order)
    expect(failed.$('h1').text()).toBe('That confirmation was not enough')
    expect(provider.calls).toBe(1)
    expect(await balance()).toBe('$12,480.55')
  })

  it('because the confirmation is older than was asked for is no confirmation', async () => {
    const account = await signIn()
    provider.authenticatedAgo = 400
    const failed = await browser.submit(account, order)
    expect(text(failed)).toContain('The transfer was not made.')
    expect(failed.$('details code').text()).toContain('invalid_answer')
    expect(await balance()).toBe('$12,480.55')
  })

  it('because somebody else came back moves nobody’s money, and leaves the session to its owner', async () => {
    const account = await signIn()
    provider.person = 'somebody-else'
    await forgetAtProvider()
    const failed = await browser.submit(account, order)
    expect(failed.$('h1').text()).toBe('Somebody else came back')
    provider.person = 'confirm'
    await forgetAtProvider()
    expect(await balance()).toBe('$12,480.55')
    const done = await browser.submit(failed, { action: 'again' })
    expect(done.$('[data-claim="sub"]').text()).toBe('ada')
  })
})
