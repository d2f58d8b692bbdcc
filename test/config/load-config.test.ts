// A configuration file as a whole: found, read, and everything wrong with it reported at once.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the configuration's own variables
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config.ts'
import { defaultLimits } from '../../src/domain/guard.ts'
import { defaultStepUpPolicy } from '../../src/domain/policy.ts'
import { development, parse, problems, production, refusal, said } from './texts.ts'

const dev = join(import.meta.dirname, '../../config/dev.yaml')

describe('the development configuration', () => {
  test('starts without any environment', () => {
    const config = loadConfig({ path: dev, env: {} })
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      issuer: 'http://localhost:4000',
      voice: { publicUrl: 'http://localhost:4000/voice', carrier: { kind: 'simulator', port: 4002, url: 'http://localhost:4002' } },
      policy: { modes: ['spoken', 'keyed'] },
      factor: { limits: { failuresPerChallenge: 3, failuresInARow: 5, callsPerTenMinutes: 100, callsPerDay: 1000 } },
      demo: { bank: { port: 4001, clientId: 'demo-bank', clientSecret: 'demo-bank-secret' } },
    })
    expect(config.clients.map(({ redirectUris }) => redirectUris)).toEqual([['http://localhost:4001/callback', 'http://127.0.0.1:4100/cb']])
    expect(config.accounts.seeds).toEqual([
      {
        login: 'demo',
        password: 'correct horse battery staple',
        language: 'en',
        phones: [
          { number: '+12025550143', label: 'Mobile' },
          { number: '+12025550187', label: 'Office' },
        ],
      },
      { login: 'TEST', password: '1234', language: 'zh', phones: [{ number: '+8613988888888' }] },
      { login: 'nophone', password: 'correct horse battery staple', phones: [] },
    ])
  })

  test('moves as a whole with PORT and DATA_DIR', () => {
    const config = loadConfig({ path: dev, env: { PORT: '5000', DATA_DIR: '/var/tmp/elsewhere' } })
    expect(JSON.stringify(config)).not.toMatch(/400\d/)
    expect(config).toMatchObject({
      port: 5000,
      issuer: 'http://localhost:5000',
      voice: { publicUrl: 'http://localhost:5000/voice', carrier: { port: 5002 } },
      demo: { bank: { port: 5001, url: 'http://localhost:5001', resource: 'http://localhost:5001/api' } },
      databaseFile: '/var/tmp/elsewhere/ringback.db',
      secrets: { file: '/var/tmp/elsewhere/secrets.json', madeUp: true },
      audit: { file: '/var/tmp/elsewhere/audit.jsonl' },
    })
    expect(config.clients[0]).toMatchObject({
      redirectUris: ['http://localhost:5001/callback', 'http://127.0.0.1:4100/cb'],
      postLogoutRedirectUris: ['http://localhost:5001/'],
    })
    expect(config.resources.map(({ identifier }) => identifier)).toEqual(['http://localhost:5001/api'])
  })
})

describe('defaults', () => {
  test('are those of the domain', () => {
    const config = parse(development)
    expect(config.factor).toEqual({ codeDigits: 6, gateDigits: 2, ringSeconds: 25, maxCallSeconds: 75, limits: defaultLimits })
    expect(config.policy).toEqual(defaultStepUpPolicy)
    expect(config).toMatchObject({ aliases: {}, clients: [], resources: [], accounts: { seeds: [] }, log: { level: 'info' } })
    expect(config.demo.bank).toBeUndefined()
  })

  test('of a client', () => {
    const config = parse(`${production}
policy:
  modes: [keyed, spoken]
clients:
  - clientId: spa
    name: Single Page
    redirectUris: [https://spa.example.com/cb]
  - clientId: web
    name: Web
    clientSecret: sixteen-characters-and-more
    redirectUris: [https://web.example.com/cb]
    policy:
      modes: [spoken]
      phoneMaxAgeSeconds: 0
resources:
  - identifier: https://api.example.com
`)
    expect(config.clients[0]).toEqual({
      clientId: 'spa',
      name: 'Single Page',
      redirectUris: ['https://spa.example.com/cb'],
      postLogoutRedirectUris: [],
      grantTypes: ['authorization_code'],
      consent: 'ask',
      requireAuthTime: false,
      idTokenSignedResponseAlg: 'ES256',
      tokenEndpointAuthMethod: 'none',
      policy: { ...defaultStepUpPolicy, modes: ['keyed', 'spoken'] },
    })
    expect(config.clients[1]).toMatchObject({
      tokenEndpointAuthMethod: 'client_secret_basic',
      policy: { ...defaultStepUpPolicy, modes: ['spoken'], phoneMaxAge: 0 },
    })
    expect(config.resources).toEqual([{ identifier: 'https://api.example.com', scopes: [], accessTokenFormat: 'jwt', accessTokenSeconds: 300 }])
  })

  test('a block in which everything is commented out is an empty one', () => {
    expect(parse(`${development}\nbrand:\n  #name: Acme\nclients:\n`)).toMatchObject({ brand: { name: 'Ringback' }, clients: [] })
  })

  test('how long a report blocks is a limit like the others', () => {
    expect(parse(`${development}\nfactor:\n  report:\n    blockSeconds: 3600\n`).factor.limits).toEqual({
      ...defaultLimits,
      reportBlockSeconds: 3600,
    })
  })
})

describe('problems', () => {
  const wrong = `port: eighty
issuer: https://id.example.com/
secrets:
  madeUp: true
voice:
  callFrom: "12345"
  simulator: {}
factor:
  codeDigits: 4
clients:
  - clientId: shop
    clientSecrte: not-to-be-shown
    redirectUris:
      - https://shop.example.com/cb#there
`

  test('are all reported at once, each with its path and its line', () => {
    expect(problems(wrong).map(({ path, line }) => [path, line])).toEqual([
      ['port', 1],
      ['issuer', 2],
      ['secrets.madeUp', 4],
      ['voice.callFrom', 6],
      ['voice.simulator', 7],
      ['factor.codeDigits', 9],
      ['clients[0].name', 11],
      ['clients[0].clientSecrte', 12],
      ['clients[0].redirectUris[0]', 14],
    ])
  })

  test('each says what is wrong and what to do', () => {
    for (const { problem, remedy } of problems(wrong)) {
      expect(problem).toMatch(/^(is|must|has) /)
      expect(remedy).toMatch(/\w{3}/)
    }
  })

  test('print as one message that names the file', () => {
    const { message } = refusal(wrong)
    expect(message).toMatch(/^test\.yaml has 9 problems:\n/)
    expect(message).toContain('\n  port (line 1): is not a whole number\n    → write a whole number: The port that the provider listens on.')
    expect(message).toContain('clients[0].clientSecrte (line 12): is not an option\n    → did you mean clientSecret?')
  })

  test('an unknown key that is an option elsewhere is sent there, and any other told what there is', () => {
    const [first, second] = problems(`${development}\ncodeDigits: 8\nlog:\n  colour: red\n`)
    expect(first).toMatchObject({ path: 'codeDigits', remedy: 'move it: there is factor.codeDigits' })
    expect(second).toMatchObject({ path: 'log.colour', remedy: 'remove it; possible here: level' })
  })

  test.each(['__proto__', 'constructor', 'toString'])('%s is an unknown key like any other', (key) => {
    expect(said(`${development}\n${key}:\n  port: 1\n`)).toEqual([`${key}: is not an option`])
  })

  test('an empty file lacks what has no default', () => {
    expect(said('{}')).toEqual(['secrets: is missing', 'voice: is missing'])
    expect(said('')).toEqual([': has no value'])
  })

  test('a file that is not there', () => {
    const path = join(import.meta.dirname, 'no-such-file.yaml')
    expect(() => loadConfig({ path, env: {} })).toThrow(ConfigError)
    expect(() => loadConfig({ path, env: {} })).toThrow(`${path} has a problem:\n\n  does not exist\n    → check the path`)
  })
})

describe('YAML that cannot be read', () => {
  test.each([
    ['a key twice', 'port: 1\nhost: a\nport: 2\n', 3, 'a key stands here a second time'],
    ['a tab', 'log:\n\tlevel: info\n', 2, 'a tab is used to indent'],
    ['an open bracket', 'port: 1\nclients: [\n', 3, 'the indentation does not fit the lines above'],
    ['an open quote', 'port: 1\nhost: "a\n', 3, 'this is not YAML'],
    ['a variable between brackets', 'log: { level: ${LEVEL} }\n', 1, 'this is not YAML'],
    ['two documents', 'port: 1\n---\nport: 2\n', 2, 'a second YAML document begins'],
    ['a tag', 'port: !secret hunter2\n', 1, 'a YAML tag is used'],
  ])('%s', (_, text, line, problem) => {
    expect(problems(text)[0]).toMatchObject({ path: '', line, problem: expect.stringContaining(problem) })
  })

  test('is never quoted: it may hold secrets', () => {
    const { message } = refusal('clients:\n  - clientSecret: "hunter2-hunter2" hunter3\n')
    expect(message).not.toMatch(/hunter/)
  })
})
