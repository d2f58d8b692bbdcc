// Mark-up in whatever an attacker may choose, and addresses that lead away from where somebody thinks to be.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { stateOf } from '../flow/person.ts'
import { callback } from '../support/relying-party.ts'
import { type Fields, rawRequest, type Scene, startScene } from './scene.ts'

const markup = `"><img src=x onerror=alert(1)>'--></script><script>alert(2)</script>{{73*71*191}}<%= 73*71*191 %>\${73*71*191}`
const clientName = 'Evil </title><script>alert(3)</script> & "Sons"'
const signedOut = 'http://127.0.0.1:4100/signed-out'
let scene: Scene
beforeAll(async () => {
  scene = await startScene({
    people: 6,
    change(config) {
      addClient(config, 'evil', { name: clientName, consent: 'ask' })
      addClient(config, 'shop', { postLogoutRedirectUris: [signedOut] })
    },
  })
})
afterAll(() => scene.end())

/** No element of theirs, no script without our nonce, no handler, and nothing of theirs computed. */
function expectInert(body: string): void {
  expect(body).not.toMatch(/<img|onerror=[^&]*alert\(1\)>|<script>|989953/)
  expect(body).not.toContain(clientName)
}

describe('mark-up', () => {
  it('in a login hint, in what was typed, and in the name of a client stays text on every page and in the call', async () => {
    const victim = scene.somebody()
    const party = await scene.client('evil')
    const asked = await victim.ask(party, { login_hint: markup, acr_values: 'urn:ringback:acr:phone' })
    expect(asked.page.$('#username').attr('value')).toBe(markup)
    expectInert(asked.page.body.replace(/nonce="[^"]*"/g, ''))
    const wrong = await victim.browser.submit(asked.page, { username: markup, password: markup, action: 'sign-in' })
    expect(wrong.$('#username').attr('value')).toBe(markup)
    expectInert(wrong.body.replace(/nonce="[^"]*"/g, ''))

    const phone = await victim.signIn(asked.page)
    expect(stateOf(phone)).toBe('idle')
    expectInert(phone.body.replace(/nonce="[^"]*"/g, ''))
    expect(phone.$('h1').text()).toContain(clientName)
    const calling = await victim.beCalled(phone, { mode: 'spoken' })
    const code = await victim.hearCode(calling)
    // The voice says its name as it is: no verb was added to the call, which would have broken it.
    const [call] = await victim.phone.calls()
    expect(call?.heard[0]?.text).toContain(clientName)
    const consent = await victim.type(await victim.reload(calling), code)
    expect(consent.url).toContain('/consent/')
    expectInert(consent.body.replace(/nonce="[^"]*"/g, ''))
    expect(consent.$('h1').text()).toContain(clientName)
  })

  it('in a wrong request stays text on its error page', async () => {
    const requests: Fields[] = [
      { client_id: markup },
      { client_id: 'demo-bank', redirect_uri: `https://evil.example/${markup}` },
      { client_id: 'demo-bank', redirect_uri: callback, response_type: markup, state: markup, code_challenge: markup },
      {
        client_id: 'demo-bank',
        redirect_uri: callback,
        response_type: 'code',
        scope: markup,
        claims: markup,
        acr_values: markup,
        ui_locales: markup,
      },
    ]
    for (const query of requests) {
      const answer = await rawRequest(scene.ringback.issuer, `/auth?${new URLSearchParams(query)}`, { headers: { accept: 'text/html' } })
      expect(answer.status).toBeLessThan(500)
      expectInert(answer.body.replace(/nonce="[^"]*"/g, ''))
      expect(answer.headers.location ?? callback).toContain(callback)
    }
    for (const path of [
      `/session/end?client_id=${encodeURIComponent(markup)}`,
      `/session/end/success?client_id=${encodeURIComponent(markup)}`,
      `/${encodeURIComponent(markup)}`,
      '/session/end?id_token_hint=<b>',
      '/session/end/success?client_id=evil',
    ]) {
      const answer = await rawRequest(scene.ringback.issuer, path.replaceAll('<', '%3C').replaceAll('>', '%3E'), { headers: { accept: 'text/html' } })
      expect(answer.status).toBeLessThan(500)
      expectInert(answer.body.replace(/nonce="[^"]*"/g, ''))
    }
  })

  it('and line breaks in the state come back as they were sent, in one header', async () => {
    const victim = scene.somebody()
    const { url } = await scene.bank.request()
    const state = `${markup}\r\nSet-Cookie: planted=1\r\n\r\n<html>`
    const asked = new URL(url)
    asked.searchParams.set('state', state)
    const back = await victim.signIn(await victim.browser.open(asked.href))
    expect(back.url).toContain(`${callback}?code=`)
    expect(new URL(back.url).searchParams.get('state')).toBe(state)
    expect((await victim.browser.jar.getCookies(scene.ringback.issuer)).map(({ key }) => key)).not.toContain('planted')
  })
})

describe('an address that leads away (RFC 9700, 4.11)', () => {
  it.each([
    'https://evil.example/cb',
    `${callback}/../evil`,
    `${callback}?x=1`,
    `${callback}#x`,
    `${callback}@evil.example`,
    'http://127.0.0.1:4100.evil.example/cb',
    'http://127.0.0.1:4100@evil.example/cb',
    'http://localhost:4100/cb',
    'javascript:alert(1)//127.0.0.1:4100/cb',
    '//evil.example/cb',
    '',
  ])('redirect_uri %s is refused on a page of ours', async (redirectUri) => {
    const { url } = await scene.bank.request()
    const asked = new URL(url)
    asked.searchParams.set('redirect_uri', redirectUri)
    const answer = await fetch(asked, { redirect: 'manual', headers: { accept: 'text/html' } })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(await answer.text()).not.toMatch(/http-equiv="refresh"|href="[^"]*evil/)
  })

  it.each([
    'https://evil.example/bye',
    `${signedOut}/../x`,
    `${signedOut}?x`,
    `${signedOut}@evil.example`,
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    'http://127.0.0.1:4100.evil.example/signed-out',
  ])('post_logout_redirect_uri %s is refused', async (redirectUri) => {
    const victim = scene.demo('demo')
    for (const clientId of ['shop', 'demo-bank', 'nobody']) {
      const query = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: redirectUri })
      const answer = await victim.browser.request(`${scene.ringback.issuer}/session/end?${query}`, { headers: { accept: 'text/html' } })
      expect(answer.status).toBe(400)
      expect(answer.headers.get('location')).toBeNull()
      expect(await answer.text()).not.toMatch(/http-equiv="refresh"|<form/)
    }
  })

  it('the page after signing out leads only where the registered client wanted, once, and believes no cookie and no parameter of theirs', async () => {
    const { issuer } = scene.ringback
    const victim = scene.demo('demo')
    for (const [query, cookie] of [
      ['?to=https://evil.example', ''],
      ['?post_logout_redirect_uri=https://evil.example&state=x', ''],
      ['', 'ringback_signed_out=https://evil.example'],
      ['', 'ringback_signed_out=https://evil.example; ringback_signed_out.sig=AAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ]) {
      const answer = await fetch(`${issuer}/signed-out${query}`, { headers: { cookie: cookie ?? '' }, redirect: 'manual' })
      expect(answer.status).toBe(200)
      expect(await answer.text()).not.toMatch(/evil\.example|http-equiv="refresh"/)
    }

    await victim.askAndSignIn(await scene.client('shop'))
    const query = new URLSearchParams({ client_id: 'shop', post_logout_redirect_uri: signedOut, state: '"><script>alert(1)</script>' })
    const asking = await victim.browser.open(`${issuer}/session/end?${query}`)
    const xsrf = asking.$('[name="xsrf"]').attr('value') ?? ''
    const confirmed = await victim.browser.request(`${issuer}/session/end/confirm`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ xsrf, logout: 'yes', post_logout_redirect_uri: 'https://evil.example' }),
    })
    expect([confirmed.status, confirmed.headers.get('location')]).toEqual([303, '/signed-out'])
    const page = await victim.browser.request(`${issuer}/signed-out`)
    const body = await page.text()
    expect(body).toContain(`0;url=${signedOut}?state=`)
    expectInert(body.replace(/nonce="[^"]*"/g, ''))
    expect(await (await victim.browser.request(`${issuer}/signed-out`)).text()).not.toContain('http-equiv="refresh"')
  })
})
