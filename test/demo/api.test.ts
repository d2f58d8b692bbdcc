// The bank's API as a resource server: which tokens it takes, and how it says what is missing.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Bank, startBank } from '../../src/demo/bank.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { type KeyIssuer, keyIssuer } from './support/key-issuer.ts'

const phone = 'urn:ringback:acr:phone'
const clock: ManualClock = manualClock(Date.now())
const seconds = () => Math.floor(clock.now() / 1000)
let provider: KeyIssuer
let bank: Bank
// Nothing listens under the issuer's own name: the bank must go where it was told to.
const issuer = 'http://localhost:9'

beforeAll(async () => {
  provider = await keyIssuer(
    () => ({ aud: bank.resource, client_id: 'harbour', sub: person, iat: seconds(), exp: seconds() + 3600, acr: phone, auth_time: seconds() }),
    issuer,
  )
  bank = await startBank({ port: 0, issuer, fetchIssuerFrom: provider.address, clientId: 'harbour', clientSecret: 'secret', clock })
})

afterAll(async () => {
  await bank.close()
  await provider.close()
})

// Everybody has an account of their own, so that no test sees another's money.
let person = ''
let serial = 0
beforeEach(() => {
  serial += 1
  person = `person-${serial}`
})

function transfer(
  token: string | undefined,
  order: unknown = { payee: 'Bob', amount: '25.00' },
  headers: Record<string, string> = {},
): Promise<Response> {
  const authorization = token === undefined ? undefined : { authorization: `Bearer ${token}` }
  return fetch(`${bank.url}/api/transfers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization, ...headers },
    body: typeof order === 'string' ? order : JSON.stringify(order),
  })
}

async function balance(): Promise<unknown> {
  const response = await fetch(`${bank.url}/api/account`, { headers: { authorization: `Bearer ${await provider.mint()}` } })
  return ((await response.json()) as { balance: unknown }).balance
}

describe('a transfer', () => {
  it('is made for a token with a recent confirmation by phone', async () => {
    const response = await transfer(await provider.mint())
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ name: 'Bob', amount: -2500 })
    expect(await balance()).toBe(1_248_055 - 2500)
  })

  it.each([
    ['the password level', { acr: 'urn:ringback:acr:password' }],
    ['no level at all', { acr: undefined }],
    ['a list of levels', { acr: [phone] }],
  ])('is challenged byte for byte as RFC 9470 says for a token with %s', async (_, claims) => {
    const response = await transfer(await provider.mint(claims))
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="urn:ringback:acr:phone", max_age="300"',
    )
    expect(await balance()).toBe(1_248_055)
  })

  it('is challenged for a newer confirmation one second after 300, and not before', async () => {
    const token = await provider.mint()
    await clock.advance(300_000)
    expect((await transfer(token)).status).toBe(201)
    await clock.advance(1000)
    const response = await transfer(token)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", acr_values="urn:ringback:acr:phone", max_age="300"',
    )
  })

  it.each([
    ['no auth_time', { auth_time: undefined }],
    ['an auth_time that is a text', { auth_time: '1800000000' }],
    ['an auth_time in the future', { auth_time: 4_000_000_000 }],
  ])('is challenged for a token with %s', async (_, claims) => {
    const response = await transfer(await provider.mint(claims))
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('insufficient_user_authentication')
  })

  it.each([
    ['no payee', { amount: '1' }],
    ['a negative amount', { payee: 'Bob', amount: '-1' }],
    ['too much', { payee: 'Bob', amount: '10000.01' }],
    ['a list', []],
  ])('with %s is refused in words', async (_, order) => {
    const response = await transfer(await provider.mint(), order)
    expect(response.status).toBe(422)
    expect(await response.json()).toEqual({ error: 'invalid_order', message: expect.stringMatching(/^[A-Z].+\.$/) })
  })

  it('is refused when the account does not hold that much', async () => {
    const token = await provider.mint()
    expect((await transfer(token, { payee: 'Bob', amount: '10000.00' })).status).toBe(201)
    const response = await transfer(token, { payee: 'Bob', amount: '2480.56' })
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ error: 'insufficient_funds' })
    expect(await balance()).toBe(248_055)
  })

  it('that is no JSON is a fault of the caller', async () => {
    const response = await transfer(await provider.mint(), '{"payee":')
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_request' })
  })
})

describe('a request without a good token', () => {
  it.each([[{}], [{ authorization: 'Basic aGFyYm91cjpzZWNyZXQ=' }], [{ cookie: 'harbour_session=x' }]])(
    'is only told where it is when it shows none: %j',
    async (headers) => {
      const response = await transfer(undefined, undefined, headers)
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="harbour-bank-api"')
    },
  )

  it.each([
    ['expired', { exp: seconds() - 10 }, {}, 'issuer', 'The access token expired'],
    ['of another issuer', { iss: 'http://localhost:8' }, {}, 'issuer', 'The access token has the wrong iss'],
    ['for another API', { aud: 'http://localhost:8/api' }, {}, 'issuer', 'The access token has the wrong aud'],
    ['for another client', { client_id: 'other' }, {}, 'issuer', 'The access token was issued to another client'],
    ['an ID token', { aud: 'harbour' }, { typ: 'JWT' }, 'issuer', 'The access token has the wrong'],
    ['of another type', {}, { typ: 'JWT' }, 'issuer', 'The access token has the wrong typ'],
    ['without a type', {}, { typ: undefined }, 'issuer', 'The access token has the wrong typ'],
    ['for nobody', { sub: undefined }, {}, 'issuer', 'The access token has the wrong sub'],
    ['that never expires', { exp: undefined }, {}, 'issuer', 'The access token has the wrong exp'],
    ['signed by somebody else', {}, {}, 'stranger', 'The access token is not signed by our provider'],
    ['of an unknown key', {}, { kid: 'k2' }, 'issuer', 'The access token is not signed by our provider'],
  ] as const)('is refused as invalid_token: %s', async (_, claims, header, by, description) => {
    const response = await transfer(await provider.mint(claims, header, by))
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain(
      `Bearer realm="harbour-bank-api", error="invalid_token", error_description="${description}`,
    )
    expect(await balance()).toBe(1_248_055)
  })

  it('is refused as expired by the bank’s own clock', async () => {
    const token = await provider.mint()
    await clock.advance(3_605_000)
    expect((await transfer(token)).headers.get('www-authenticate')).toContain('The access token expired')
  })

  it('is refused when its signature was taken off', async () => {
    const [, payload] = (await provider.mint()).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')
    const response = await transfer(`${header}.${payload}.`)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  it('does not see the account', async () => {
    const response = await fetch(`${bank.url}/api/account`, { headers: { authorization: 'Bearer nonsense' } })
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ error: 'invalid_token', message: 'The access token is malformed. Get a new one.' })
  })
})

it('says that it cannot tell when the provider gives no keys, and does not call the token bad', async () => {
  const other = await keyIssuer(() => ({ aud: another.resource, client_id: 'harbour', sub: 'a', iat: seconds(), exp: seconds() + 60 }))
  const another = await startBank({ port: 0, issuer: other.issuer, clientId: 'harbour', clientSecret: 'secret', clock })
  const ask = async () => fetch(`${another.url}/api/account`, { headers: { authorization: `Bearer ${await other.mint()}` } })
  other.failWith(502)
  const response = await ask()
  expect(response.status).toBe(503)
  expect(response.headers.get('www-authenticate')).toBeNull()
  other.failWith(undefined)
  expect((await ask()).status).toBe(200)
  await another.close()
  await other.close()
})

it('sends browsers to the public address of a provider that it reaches under another one', async () => {
  const response = await fetch(`${bank.url}/login`, { redirect: 'manual' })
  expect(response.status).toBe(303)
  expect(response.headers.get('location')).toMatch(/^http:\/\/localhost:9\/auth\?/)
})

it('answers in JSON where there is nothing', async () => {
  const response = await fetch(`${bank.url}/api/nothing`)
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ error: 'not_found' })
  expect((await fetch(`${bank.url}/api/transfers`)).status).toBe(405)
})
