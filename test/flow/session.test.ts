// What stands around the call: consent, signing out, going back and forth between pages.
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callback, errorOf } from '../support/relying-party.ts'
import { acr, addClient, type Flow, startFlow } from './flow.ts'
import { isPhone, isSignIn, stateOf, textOf } from './person.ts'

const phoneLevel = { acr_values: acr.phone }
const goodbye = `${callback}/goodbye`
let flow: Flow
beforeAll(async () => {
  flow = await startFlow({
    people: 10,
    change(config) {
      addClient(config, 'stranger', { consent: 'ask', name: 'The Stranger', postLogoutRedirectUris: [goodbye] })
    },
  })
})
afterAll(() => flow.end())

describe('a client that has to ask for consent', () => {
  it('is allowed once, after password and call, and not asked about again', async () => {
    const person = flow.somebody()
    const stranger = await flow.client('stranger')
    const { page, finish } = await person.askAndSignIn(stranger, phoneLevel)
    const consent = await person.confirm(page)
    expect(consent.$('h1').text()).toBe('May The Stranger see this?')
    expect(textOf(consent)).toContain(`You are signed in as ${person.username}.`)
    const back = await person.browser.submit(consent, { action: 'allow' })
    expect((await finish(back)).claims()).toMatchObject({ acr: acr.phone })
    expect((await person.ask(stranger, phoneLevel)).page.url).toContain('code=')
    expect(await person.phone.calls()).toHaveLength(1)
  })

  it('may be refused: the client is told access_denied, and is asked about the next time', async () => {
    const person = flow.somebody()
    const stranger = await flow.client('stranger')
    const consent = (await person.askAndSignIn(stranger)).page
    const back = await person.browser.submit(consent, { action: 'cancel' })
    expect(errorOf(back.url)).toBe('access_denied')
    expect(textOf((await person.ask(stranger)).page)).toContain('May The Stranger see this?')
    // The operator's own client is not asked about.
    expect((await person.ask(flow.bank)).page.url).toContain('code=')
  })
})

describe('a sign-in that is finished', () => {
  it('says so when its pages are opened again, and is no error', async () => {
    const person = flow.somebody()
    const { page, finish } = await person.askAndSignIn(flow.bank, phoneLevel)
    const back = await person.confirm(page)
    for (const address of [`${page.url}/finish`, page.url]) {
      const again = await person.browser.open(address)
      expect(again.status).toBe(200)
      expect(textOf(again)).toContain('This sign-in is already finished')
    }
    expect((await finish(back)).claims()).toMatchObject({ acr: acr.phone })
  })

  it('was not finished by asking for its end: that leads back to the page', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const early = await person.browser.open(`${page.url}/finish`)
    expect(early.url).toBe(page.url)
    expect(isPhone(early)).toBe(true)
  })

  it('belongs to the browser that began it', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const other = person.elsewhere()
    for (const address of [page.url, `${page.url}/finish`, `${page.url}/events`]) {
      const shown = await other.browser.open(address)
      expect(shown.status).toBe(400)
      expect(textOf(shown)).toContain('We cannot find this sign-in')
    }
  })
})

describe('two tabs of one browser', () => {
  it('need one call between them: what was confirmed in one lets the other go on', async () => {
    const person = flow.somebody()
    await person.go(flow.bank)
    const first = await person.ask(flow.bank, phoneLevel)
    const second = await person.ask(flow.bank, phoneLevel)
    const back = await person.confirm(second.page)
    const other = await person.reload(first.page)
    expect((await second.finish(back)).claims()).toMatchObject({ acr: acr.phone })
    expect((await first.finish(other)).claims()).toMatchObject({ acr: acr.phone })
    expect(await person.phone.calls()).toHaveLength(1)
    expect((await person.ask(flow.bank, { ...phoneLevel, prompt: 'none' })).page.url).toContain('code=')
  })

  it('may each ask for the call: the later one is made, and the earlier page says that it has none', async () => {
    const person = flow.somebody()
    await person.go(flow.bank)
    const first = await person.ask(flow.bank, phoneLevel)
    const second = await person.ask(flow.bank, phoneLevel)
    await person.beCalled(first.page)
    const { sid } = await person.phone.until('the first call rings', ({ status }) => status === 'ringing')
    const calling = await person.beCalled(second.page)
    await person.phone.until('the second call rings', (call) => call.sid !== sid && call.status === 'ringing')
    expect(stateOf(await person.reload(first.page))).toBe('idle')
    const code = await person.hearCode(calling)
    expect((await second.finish(await person.type(await person.reload(calling), code))).claims()).toMatchObject({ acr: acr.phone })
    const calls = await person.phone.calls()
    expect(calls.map(({ status }) => status).sort()).toEqual(['canceled', expect.stringMatching(/in-progress|completed/)])
  })
})

describe('signing out', () => {
  it('ends the session with the password and the call, and leads back to the client', async () => {
    const person = flow.somebody()
    const stranger = await flow.client('stranger')
    const asked = await person.askAndSignIn(stranger, phoneLevel)
    const tokens = await asked.finish(await person.browser.submit(await person.confirm(asked.page), { action: 'allow' }))
    const leave = client.buildEndSessionUrl(stranger.config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: goodbye,
      state: 'bye',
    })

    const question = await person.browser.open(leave.href)
    expect(textOf(question)).toContain('Sign out of Ringback?')
    const gone = await person.browser.submit(question, { logout: 'yes' })
    expect(gone.url).toBe(`${goodbye}?state=bye`)

    const { page } = await person.ask(stranger, phoneLevel)
    expect(isSignIn(page)).toBe(true)
    expect(isPhone(await person.signIn(page))).toBe(true)
  })

  it('can be thought better of: the session stays', async () => {
    const person = flow.somebody()
    const tokens = await person.go(flow.bank)
    const leave = client.buildEndSessionUrl(flow.bank.config, { id_token_hint: tokens.id_token ?? '' })
    const question = await person.browser.open(leave.href)
    expect(
      question
        .$('button')
        .toArray()
        .map((button) => question.$(button).text()),
    ).toEqual(['Sign out', 'Stay signed in'])
    const stay = question
      .$('form')
      .toArray()
      .find((form) => question.$(form).text().includes('Stay'))
    const body = new URLSearchParams(
      question
        .$(stay ?? 'form')
        .serializeArray()
        .map(({ name, value }): [string, string] => [name, value]),
    )
    const headers = { 'sec-fetch-site': 'same-origin' }
    await person.browser.request(new URL(question.$(stay ?? 'form').attr('action') ?? '', question.url).href, { method: 'POST', body, headers })
    expect((await person.ask(flow.bank)).page.url).toContain('code=')
  })
})
