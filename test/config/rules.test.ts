// What a configuration may not say: what is for development in production, limits that are none, addresses that leak.
import { describe, expect, test } from 'vitest'
import { isLoopbackIssuer } from '../../src/config.ts'
import { development, parse, problems, production, said } from './texts.ts'

const elsewhere = 'is for development, and the issuer is not on this machine'
const client = (options: string) => `
clients:
  - clientId: shop
    name: Shop
    redirectUris: [https://shop.example.com/cb]
${options.replaceAll(/^/gm, '    ')}
`

test('the small configurations are accepted', () => {
  expect(parse(development).voice.carrier.kind).toBe('simulator')
  expect(parse(production).voice.carrier).toMatchObject({ kind: 'twilio', machineDetection: false })
})

describe('production refuses', () => {
  test('everything that is for development, at once', () => {
    const text = `issuer: https://id.example.com${development}
accounts:
  seeds:
    - { login: demo, password: demo }
demo:
  bank: {}
${client('clientSecret: fifteen-letters')}`
    expect(said(text)).toEqual([
      `secrets.madeUp: ${elsewhere}`,
      `voice.simulator: ${elsewhere}`,
      `accounts.seeds: ${elsewhere}`,
      `demo: ${elsewhere}`,
      'clients[0].clientSecret: is shorter than 16 characters',
    ])
  })

  test.each(['http://id.example.com', 'http://localhost.example.com', 'https://127.0.0.1.example.com', 'https://10.0.0.1'])(
    'made-up secrets for %s',
    (issuer) => {
      expect(said(`issuer: ${issuer}${development}`)).toContain(`secrets.madeUp: ${elsewhere}`)
    },
  )

  test('plain http', () => {
    expect(said(production.replace('https:', 'http:'))).toEqual(['issuer: is not https'])
  })

  test('made-up secrets also where something else in the same block is wrong', () => {
    expect(said(`issuer: https://id.example.com${development.replace('  madeUp: true', '  madeUp: true\n  other: 1')}`)).toContain(
      `secrets.madeUp: ${elsewhere}`,
    )
  })
})

describe('there is no start', () => {
  test('without a carrier, or with two', () => {
    expect(said(development.replace('  simulator: {}', ''))).toEqual(['voice: nobody places the calls'])
    expect(said(production.replace('  twilio:', '  simulator: {}\n  twilio:').replace(/issuer.*/, 'issuer: http://localhost:4000'))).toContain(
      'voice: has both twilio and simulator',
    )
  })

  test('without secrets, or with two sources of them', () => {
    expect(said(development.replace('madeUp: true', 'madeUp: false'))).toEqual(['secrets: the provider has no secrets'])
    expect(said(development.replace('madeUp: true', 'madeUp: true\n  file: a.json'))).toEqual(['secrets: has both file and madeUp'])
  })

  test('with Twilio and nowhere it could call back to', () => {
    const local = production.replace(/issuer.*/, '')
    expect(said(local)).toEqual(['voice.twilio: Twilio cannot call back to this machine'])
    expect(parse(local.replace('  twilio:', '  publicUrl: https://tunnel.example.com/voice\n  twilio:')).voice.publicUrl).toBe(
      'https://tunnel.example.com/voice',
    )
    expect(parse(local.replace('  twilio:', '  twilio:\n    baseUrl: http://127.0.0.1:4002')).voice.carrier).toMatchObject({
      baseUrl: 'http://127.0.0.1:4002',
    })
  })
})

test.each([
  ['https://tunnel.example.com', 'has no path'],
  ['https://tunnel.example.com/', 'has a query or ends in a slash'],
  ['https://tunnel.example.com/voice?a=b', 'has a query or ends in a slash'],
  ['http://tunnel.example.com/voice', 'is not https'],
])('webhooks cannot be at %s', (publicUrl, problem) => {
  expect(said(production.replace('  twilio:', `  publicUrl: ${publicUrl}\n  twilio:`))).toEqual([`voice.publicUrl: ${problem}`])
})

describe('issuer', () => {
  test.each([
    'https://id.example.com/',
    'https://id.example.com/path',
    'https://id.example.com?a',
    'https://ID.example.com',
    'https://id.example.com:443',
    'https://user:pw@id.example.com',
    'id.example.com',
    'ftp://id.example.com',
  ])('%s is refused', (issuer) => {
    expect(said(production.replace('https://id.example.com', issuer))).toEqual([expect.stringMatching(/^issuer: (is|has) /)])
  })

  test.each([
    ['http://localhost:4000', true],
    ['https://localhost', true],
    ['http://127.0.0.1', true],
    ['http://[::1]:4000', true],
    ['https://id.example.com', false],
    ['http://127.0.0.1.example.com', false],
    ['http://localhost.example.com', false],
    ['https://example.com/localhost', false],
    ['localhost', false],
  ])('%s is on this machine: %s', (issuer, loopback) => {
    expect(isLoopbackIssuer(issuer)).toBe(loopback)
  })
})

describe('limits', () => {
  const limit = (option: string) => `${development}\nfactor:\n  limits:\n    ${option}\n`

  test('failures in a row never exceed the ceiling of NIST SP 800-63B', () => {
    const [found] = problems(limit('failuresInARow: 101'))
    expect(found).toMatchObject({ path: 'factor.limits.failuresInARow', problem: 'must be at most 100' })
    expect(found?.remedy).toContain('NIST SP 800-63B, 5.2.2')
    expect(parse(limit('failuresInARow: 100')).factor.limits.failuresInARow).toBe(100)
  })

  test.each([
    'failuresPerChallenge: 0',
    'failuresInARow: 0',
    'callsPerTenMinutes: 0',
    'callsPerDay: 0',
    'failureBlockSeconds: 0',
    'callsPerDay: -1',
    'callsPerDay: 1.5',
    'callsPerDay: .inf',
    'callsPerDay: .nan',
  ])('%s is no limit', (option) => {
    expect(problems(limit(option)).map(({ path }) => path)).toEqual([`factor.limits.${option.split(':')[0]}`])
  })

  test.each(['codeDigits: 5', 'codeDigits: 11', 'gateDigits: 1', 'gateDigits: 4', 'ringSeconds: 61', 'maxCallSeconds: 181'])(
    '%s is refused',
    (option) => {
      expect(said(`${development}\nfactor:\n  ${option}\n`)).toEqual([expect.stringMatching(/^factor\.\w+: must be at (least|most) \d+$/)])
    },
  )
})

describe('policy', () => {
  test('an alias names a level, and is none of ours', () => {
    const aliases = (text: string) => `${development}\npolicy:\n  aliases:\n    ${text}\n`
    expect(parse(aliases('https://refeds.org/profile/mfa: phone')).aliases).toEqual({ 'https://refeds.org/profile/mfa': 'phone' })
    expect(said(aliases('urn:ringback:acr:password: phone'))).toEqual(['policy.aliases.urn:ringback:acr:password: is one of the levels themselves'])
    expect(said(aliases('https://refeds.org/profile/mfa: sms'))).toEqual([
      'policy.aliases.https://refeds.org/profile/mfa: is none of the possible values',
    ])
    expect(said(aliases('"two words": phone'))[0]).toMatch(/has spaces/)
  })

  test('needs a mode, and each once', () => {
    expect(said(`${development}\npolicy:\n  modes: []\n`)).toEqual(['policy.modes: must have at least 1 entry'])
    expect(said(`${development}\npolicy:\n  modes: [keyed, keyed]\n`)).toEqual(['policy.modes[1]: stands in the list already, as number 1'])
  })
})

describe('clients', () => {
  test.each([
    ['http://shop.example.com/cb', 'is not https'],
    ['https://shop.example.com/cb#a', 'has a fragment'],
    ['"https://shop.example.com/cb#"', 'has a fragment'],
    ['https://*.example.com/cb', 'has a wildcard, and addresses are compared exactly'],
    ['https://me:secret@shop.example.com/cb', 'has a user name or password in it'],
    ['/cb', 'is not an absolute address'],
    ['"javascript:alert(1)"', 'is not an absolute address'],
  ])('the redirect URI %s is refused', (uri, problem) => {
    expect(said(production + client('').replace('https://shop.example.com/cb', uri))).toEqual([`clients[0].redirectUris[0]: ${problem}`])
    expect(said(production + client(`postLogoutRedirectUris: [${uri}]`))).toEqual([`clients[0].postLogoutRedirectUris[0]: ${problem}`])
  })

  test.each(['http://localhost:3000/cb', 'http://127.0.0.1/cb', 'http://[::1]:3000/cb'])('the redirect URI %s is accepted', (uri) => {
    expect(parse(production + client('').replace('[https://shop.example.com/cb]', `["${uri}"]`)).clients[0]?.redirectUris).toEqual([uri])
  })

  test('need redirect URIs, each once', () => {
    expect(said(production + client('').replace(/\[.*\]/, '[]'))).toEqual(['clients[0].redirectUris: must have at least 1 entry'])
    expect(said(production + client('').replace(/\[.*\]/, '[https://a.example/b, https://a.example/b]'))).toEqual([
      'clients[0].redirectUris[1]: stands in the list already, as number 1',
    ])
  })

  test('have different names, also from the demo bank', () => {
    const two = client('').replace('    name', '    name: Shop\n    redirectUris: [https://a.example/b]\n  - clientId: shop\n    name')
    expect(said(production + two)).toEqual(['clients[1].clientId: is the same as that of clients[0]'])
    const bank = `${development}\ndemo:\n  bank: {}\n${client('').replace('shop', 'demo-bank')}`
    expect(said(bank)).toEqual(['clients[0].clientId: is the same as that of the demo bank'])
  })

  test('short secrets are for this machine only', () => {
    expect(parse(development + client('clientSecret: short')).clients[0]?.clientSecret).toBe('short')
    expect(said(production + client('clientSecret: short'))).toEqual(['clients[0].clientSecret: is shorter than 16 characters'])
  })

  test.each([
    ['tokenEndpointAuthMethod: client_secret_post', 'tokenEndpointAuthMethod: needs a secret and there is none'],
    ['clientSecret: 0123456789abcdef\ntokenEndpointAuthMethod: none', 'tokenEndpointAuthMethod: is none although the client has a secret'],
    ['grantTypes: [refresh_token]', 'grantTypes: has no way to begin'],
    ['grantTypes: [implicit]', 'grantTypes[0]: is none of the possible values'],
    ['idTokenSignedResponseAlg: none', 'idTokenSignedResponseAlg: is none of the possible values'],
    ['defaultAcrValues: [urn:example:unknown]', 'defaultAcrValues[0]: is no level here, so that no request could be met'],
    ['defaultMaxAgeSeconds: -1', 'defaultMaxAgeSeconds: must be at least 0'],
    ['policy:\n  phoneMaxAge: 0', 'policy.phoneMaxAge: is not an option'],
  ])('%s is refused', (options, problem) => {
    expect(said(production + client(options))).toEqual([`clients[0].${problem}`])
  })

  test('an alias may be a default acr', () => {
    const text = `${production}\npolicy:\n  aliases:\n    https://refeds.org/profile/mfa: phone\n`
    expect(parse(text + client('defaultAcrValues: [https://refeds.org/profile/mfa]')).clients[0]?.defaultAcrValues).toEqual([
      'https://refeds.org/profile/mfa',
    ])
  })
})

describe('the rest', () => {
  test('resources are URIs, each once', () => {
    const resources = (...uris: string[]) => `${production}\nresources:\n${uris.map((uri) => `  - identifier: ${uri}\n`).join('')}`
    expect(said(resources('api'))).toEqual(['resources[0].identifier: is not an absolute URI'])
    expect(said(resources('https://a.example#b'))).toEqual(['resources[0].identifier: has a fragment'])
    expect(said(resources('urn:a:b', 'urn:a:b'))).toEqual(['resources[1].identifier: is the same as that of resources[0]'])
    const bank = `${development}\ndemo:\n  bank: {}\nresources:\n  - identifier: http://localhost:4001/api\n`
    expect(said(bank)).toEqual(['resources[0].identifier: is the same as that of the demo bank'])
  })

  test('seeds have numbers that can be called, and logins of their own', () => {
    const text = `${development}
accounts:
  seeds:
    - { login: a, password: b, phones: [{ number: "+1 202 555 0143", extension: 12a }, { number: "555" }, { number: "+1 202 555 0143;x=1" }] }
    - { login: a, password: "", language: not a language }
`
    expect(said(text)).toEqual([
      'accounts.seeds[0].phones[0].extension: is not an extension',
      'accounts.seeds[0].phones[1].number: is not a telephone number',
      expect.stringMatching(/^accounts\.seeds\[0\]\.phones\[2\]\.number: is not a/),
      'accounts.seeds[1].password: must have at least 1 character',
      'accounts.seeds[1].language: is not a language tag',
      'accounts.seeds[1].login: is the same as that of accounts.seeds[0]',
    ])
  })

  test('ports do not collide, also those that follow from another', () => {
    expect(said(`port: 4000${development}`.replace('{}', '{ port: 4000 }'))).toEqual([
      'voice.simulator.port: is the same for the simulator and the provider',
    ])
    expect(said(`port: 4000${development.replace('{}', '{ port: 4001 }')}\ndemo:\n  bank: {}\n`)).toEqual([
      'voice.simulator.port: is the same for the simulator and the demo bank',
    ])
    expect(said(`port: 65535${development}`)).toEqual(['port: leaves no port for the simulator'])
  })
})
