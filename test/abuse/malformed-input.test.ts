// What no form of ours sends: codes of every shape, bodies of every kind, addresses that no link has. Refused without being counted, never an error of ours.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Person, stateOf } from '../flow/person.ts'
import type { Visited } from '../support/cookie-browser.ts'
import { callback, errorOf } from '../support/relying-party.ts'
import { type Fields, onPhonePage, post, rawRequest, type Scene, startScene, told } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ people: 5 })
})
// No request in here may leave an error in the log: `end` looks.
afterAll(() => scene.end())

async function cookieHeader(who: Person, url: string): Promise<string> {
  return who.browser.jar.getCookieString(url)
}

describe('a code that is none (authentik CVE-2026-49448, otpauth GHSA-rmmc-8cqj-hfp3)', () => {
  let victim: Person
  let page: Visited
  let code: string
  let challenge: string
  beforeAll(async () => {
    victim = scene.somebody()
    ;({ page, code, challenge } = await told(victim, scene))
  })

  const shapes: [string, (code: string) => string][] = [
    ['missing', () => ''],
    ['empty', () => 'code='],
    ['blank', () => 'code=+++%09%0a'],
    ['an array of the right one', (code) => `code=${code}&code=${code}`],
    ['an array in brackets', (code) => `code[]=${code}`],
    ['an object', (code) => `code[a]=${code}`],
    ['an object with a length', () => 'code[length]=6&code[0]=1'],
    ['on a prototype', (code) => `__proto__[code]=${code}&constructor[prototype][code]=${code}`],
    ['one digit', (code) => `code=${code[0]}`],
    ['the right one without its last digit', (code) => `code=${code.slice(0, -1)}`],
    ['the right one and a digit', (code) => `code=${code}0`],
    ['the right one twice', (code) => `code=${code}${code}`],
    ['the right one and a null byte', (code) => `code=${code}%00`],
    ['the right one with a plus sign', (code) => `code=%2B${code}`],
    ['the right one as a float', (code) => `code=${code}.0`],
    ['an exponent', () => 'code=1e5000'],
    ['hexadecimal', () => 'code=0x1234'],
    ['negative', () => 'code=-12345'],
    [
      'the right one in Arabic-Indic digits',
      (code) => `code=${encodeURIComponent([...code].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join(''))}`,
    ],
    [
      'the right one in full-width digits',
      (code) => `code=${encodeURIComponent([...code].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join(''))}`,
    ],
    [
      'the right one in mathematical digits',
      (code) => `code=${encodeURIComponent([...code].map((digit) => String.fromCodePoint(0x1d7ce + Number(digit))).join(''))}`,
    ],
    ['the right one written from right to left', (code) => `code=${encodeURIComponent(`\u202e${code}`)}`],
    ['of 8000 digits', () => `code=${'1'.repeat(8000)}`],
    ['a wildcard', () => 'code=______'],
    ['a percent sign', () => 'code=%25%25%25%25%25%25'],
    ['true', () => 'code=true'],
    ['not UTF-8', () => 'code=%ff%fe%31%32%33%34'],
  ]
  it.each(shapes)('%s', async (_, shape) => {
    const answer = await post(victim.browser, page.url, `action=verify&${shape(code)}`)
    expect(answer.status).toBe(422)
    expect(await answer.text()).toContain('The code has 6 digits')
    expect(await scene.count('code.right', challenge)).toBe(0)
    expect(await scene.count('code.wrong', challenge)).toBe(0)
    expect(stateOf(await victim.reload(page))).toBe('told')
  })

  it.each([
    ['JSON', 'application/json', (code: string) => JSON.stringify({ action: 'verify', code })],
    ['JSON that says it is something else', 'application/vnd.api+json', (code: string) => JSON.stringify({ action: 'verify', code })],
    ['plain text', 'text/plain', (code: string) => `action=verify&code=${code}`],
    ['XML', 'application/xml', (code: string) => `<action>verify</action><code>${code}</code>`],
    [
      'a multipart form',
      'multipart/form-data; boundary=x',
      (code: string) =>
        `--x\r\ncontent-disposition: form-data; name="action"\r\n\r\nverify\r\n--x\r\ncontent-disposition: form-data; name="code"\r\n\r\n${code}\r\n--x--\r\n`,
    ],
    ['nothing it could be', '', (code: string) => `action=verify&code=${code}`],
  ])('is not read from %s', async (_, type, body) => {
    const answer = await rawRequest(scene.ringback.issuer, new URL(page.url).pathname, {
      method: 'POST',
      headers: { cookie: await cookieHeader(victim, page.url), 'sec-fetch-site': 'same-origin', ...(type === '' ? {} : { 'content-type': type }) },
      body: body(code),
    })
    expect(answer.status).toBeLessThan(500)
    expect(await scene.count('code.right', challenge)).toBe(0)
    expect(stateOf(await victim.reload(page))).toBe('told')
  })

  it.each([
    ['a form of a megabyte', 'application/x-www-form-urlencoded', `action=verify&code=${'1'.repeat(1_000_000)}`, [413]],
    ['a form of 5000 fields', 'application/x-www-form-urlencoded', `action=verify&${'a&'.repeat(3500)}`, [413, 422, 400]],
    ['a form of deep brackets', 'application/x-www-form-urlencoded', `action=verify&code${'[a]'.repeat(2000)}=1`, [422, 400]],
    ['a form in a character set nobody has', 'application/x-www-form-urlencoded; charset=klingon', 'action=verify&code=12345', [415, 422, 400]],
    ['a form that says it is compressed', 'application/x-www-form-urlencoded', 'action=verify&code=123456', [415, 400]],
  ])('%s is refused as theirs, not as a failure of ours', async (name, type, body, statuses) => {
    const answer = await rawRequest(scene.ringback.issuer, new URL(page.url).pathname, {
      method: 'POST',
      headers: {
        cookie: await cookieHeader(victim, page.url),
        'sec-fetch-site': 'same-origin',
        'content-type': type,
        ...(name.includes('compressed') ? { 'content-encoding': 'gzip' } : {}),
      },
      body,
    })
    expect(statuses).toContain(answer.status)
    expect(await scene.count('code.wrong', challenge)).toBe(0)
    expect(stateOf(await victim.reload(page))).toBe('told')
  })

  it('and after all this the right one, written as people write it, is right', async () => {
    const answer = await post(victim.browser, page.url, { action: 'verify', code: ` ${code.slice(0, 3)} ${code.slice(3)} ` })
    expect(answer.status).toBe(303)
    expect(await scene.count('code.right', challenge)).toBe(1)
  })
})

describe('a choice that nobody was offered', () => {
  it.each([
    ['phone', '__proto__'],
    ['phone', 'constructor'],
    ['phone', ''],
    ['phone', '+12025550199'],
    ['phone', '../../etc/passwd'],
    ['phone', '0'],
    ['mode', '__proto__'],
    ['mode', 'constructor'],
    ['mode', 'toString'],
    ['mode', ''],
    ['mode', 'sms'],
    ['mode', 'Spoken'],
  ])('%s=%s rings nobody', async (field, value) => {
    const before = await scene.count('call.requested')
    const attacker = scene.demo('demo')
    const { page } = await onPhonePage(attacker, scene)
    for (const body of [
      `action=call&${field}=${encodeURIComponent(value)}`,
      `action=call&${field}[]=spoken`,
      `action=call&${field}=spoken&${field}=keyed`,
    ])
      expect((await post(attacker.browser, page.url, body)).status).toBe(400)
    expect(await scene.count('call.requested')).toBe(before)
    expect(stateOf(await attacker.reload(page))).toBe('idle')
  })

  it("another account's phone is not on this one", async () => {
    const neighbour = scene.somebody()
    const theirs = (await onPhonePage(neighbour, scene)).page.$('[name="phone"]').attr('value') ?? ''
    expect(theirs).not.toBe('')
    const attacker = scene.somebody()
    const { page } = await onPhonePage(attacker, scene)
    expect((await post(attacker.browser, page.url, { action: 'call', phone: theirs })).status).toBe(400)
    expect(await neighbour.phone.calls()).toEqual([])
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'urn:ringback:acr:phone\u0000', 'URN:RINGBACK:ACR:PHONE', 'phone', '*'])(
    'acr %j is no level: unmet, never something lower',
    async (value) => {
      const victim = scene.demo('demo')
      const ways: Fields[] = [{ acr_values: value }, { claims: JSON.stringify({ id_token: { acr: { essential: true, value } } }) }]
      for (const parameters of ways) {
        const asked = await victim.ask(scene.bank, parameters)
        const back = asked.page.url.startsWith(callback) ? asked.page : await victim.signIn(asked.page)
        expect(errorOf(back.url)).toBe('unmet_authentication_requirements')
        expect(new URL(back.url).searchParams.get('code')).toBeNull()
      }
    },
  )

  it.each([
    ['an array of something else', { acr: { essential: true, values: [{}] } }],
    ['a text where a list belongs', { acr: { essential: true, values: 'urn:ringback:acr:phone' } }],
    ['a number', { acr: { essential: true, value: 7 } }],
    ['a claim on a prototype', JSON.parse('{"__proto__":{"acr":{"essential":true,"value":"urn:ringback:acr:phone"}}}')],
  ])('a claims parameter with %s gives no code that pretends to have met it', async (_, idToken) => {
    const victim = scene.demo('demo')
    const asked = await victim.ask(scene.bank, { claims: JSON.stringify({ id_token: idToken }) })
    const back = asked.page.url.startsWith(callback) || asked.page.$('[name="password"]').length === 0 ? asked.page : await victim.signIn(asked.page)
    if (new URL(back.url).searchParams.has('code')) expect((await asked.finish(back)).claims()).toMatchObject({ acr: 'urn:ringback:acr:password' })
    else expect(back.url.startsWith(callback) ? errorOf(back.url) : String(back.status)).toMatch(/invalid_request|unmet|400/)
  })
})

describe('an address that no link has', () => {
  it.each([
    '/phone/',
    '/phone//',
    '/phone/%2e%2e',
    '/phone/%2e%2e/sign-in',
    '/phone/..%2f..%2fetc%2fpasswd',
    '/phone/..%5c..%5c',
    '/phone/%00',
    '/phone/%',
    '/phone/%E0%A4%A',
    '/phone/%ff%fe/events',
    '/phone/__proto__',
    '/phone/constructor/finish',
    '/phone/a/b/c',
    '/phone/undefined/events',
    `/phone/${'a'.repeat(8000)}`,
    `/phone/${'a'.repeat(8000)}/events`,
    `/auth/${'a'.repeat(8000)}`,
    '/auth/%2e%2e',
    '/phone/assets/%2e%2e%2f%2e%2e%2fpackage.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/phone/assets/',
    '/voice/calls/%2e%2e/answered',
    '//evil.example/phone/x',
    '/\\evil.example',
    'http://evil.example/phone/x',
    '/signed-out/../phone/x',
    '*',
  ])('%s', async (path) => {
    const victim = scene.demo('demo')
    const { page } = await onPhonePage(victim, scene)
    const cookie = await cookieHeader(victim, page.url)
    for (const method of ['GET', 'POST']) {
      const answer = await rawRequest(scene.ringback.issuer, path, {
        method,
        headers: { host: new URL(page.url).host, cookie, accept: 'text/html', 'sec-fetch-site': 'same-origin', 'content-length': '0' },
      })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
      expect(answer.body).not.toMatch(/••••|"dependencies"|root:/)
      expect(answer.headers.location).toBeUndefined()
    }
  })

  it('of the right page with something hung on it is not the right page', async () => {
    const victim = scene.demo('demo')
    const { page } = await onPhonePage(victim, scene)
    const { pathname } = new URL(page.url)
    const cookie = await cookieHeader(victim, page.url)
    for (const path of [`${pathname}%00`, `${pathname}%2f`, `${pathname};x`, `${pathname}.html`, `${pathname}/..;/x`, pathname.toUpperCase()]) {
      const answer = await rawRequest(scene.ringback.issuer, path, { headers: { cookie, accept: 'text/html' } })
      expect([400, 404]).toContain(answer.status)
      expect(answer.body).not.toContain('••••')
    }
  })
})
