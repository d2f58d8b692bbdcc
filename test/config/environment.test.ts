// The environment in a configuration: every value is one value, whatever it contains.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the configuration's own variables
import { describe, expect, test } from 'vitest'
import { development, parse, problems, refusal, said } from './texts.ts'

const named = (value: string) => `${development}\nbrand:\n  name: ${value}\n`

describe('${NAME}', () => {
  test('takes the kind of its option', () => {
    const text = `port: \${PORT}
secrets:
  madeUp: \${MADE_UP}
voice:
  callFrom: \${CALL_FROM}
  simulator: {}
brand:
  name: \${BRAND}
`
    const config = parse(text, { PORT: '5000', MADE_UP: 'true', CALL_FROM: '+12025550100', BRAND: '1234' })
    expect(config).toMatchObject({ port: 5000, secrets: { madeUp: true }, voice: { callFrom: '+12025550100' }, brand: { name: '1234' } })
  })

  test.each(['4e3', '0x10', '80.5', 'eighty', '-1', '65536'])('is refused where %s is no port', (PORT) => {
    expect(problems(`port: \${PORT}${development}`, { PORT })[0]).toMatchObject({ path: 'port', line: 1 })
  })

  test('says which variable a wrong value came from', () => {
    expect(said(`port: \${PORT}${development}`, { PORT: 'eighty' })).toEqual([
      'port: is not a whole number, and its value comes from the environment: PORT',
    ])
  })

  test('has a default for a variable that is missing or empty', () => {
    expect(parse(named('${BRAND:-Acme}')).brand.name).toBe('Acme')
    expect(parse(named('${BRAND:-Acme}'), { BRAND: '' }).brand.name).toBe('Acme')
    expect(parse(named('${BRAND:-Acme}'), { BRAND: 'Other' }).brand.name).toBe('Other')
  })

  test('stands anywhere in a value, more than once', () => {
    expect(parse(named('"${A} & ${B:-Sons}, $${C}"'), { A: 'Acme' }).brand.name).toBe('Acme & Sons, ${C}')
  })

  test('is not looked for in comments, in keys, and in what the environment says', () => {
    expect(parse(`# \${NOT_SET}\n${named('${A}')}`, { A: '${B}', B: 'no' }).brand.name).toBe('${B}')
    expect(said(`${development}\n\${KEY}: 1\n`, { KEY: 'port' })).toEqual(['${KEY}: is not an option'])
  })

  test('is named when it is missing, and nothing else is said of that value', () => {
    const found = problems(`issuer: \${ISSUER}${development}\nbrand:\n  name: "\${A} and \${B}"\n`)
    expect(found).toEqual([
      {
        path: 'issuer',
        line: 1,
        problem: 'the environment variable ISSUER is not set, or empty',
        remedy: 'set ISSUER, or give a default in the file: ${ISSUER:-default}',
      },
      expect.objectContaining({ path: 'brand.name', problem: 'the environment variable A is not set, or empty' }),
      expect.objectContaining({ path: 'brand.name', problem: 'the environment variable B is not set, or empty' }),
    ])
  })

  test('is not inherited from Object', () => {
    expect(said(named('${constructor}'))).toEqual(['brand.name: the environment variable constructor is not set, or empty'])
  })

  test.each(['${}', '${1A}', '${A', '${A:default}', '${A B}'])('%s is malformed', (value) => {
    expect(said(named(`'${value}'`), { A: 'a' })).toEqual(['brand.name: has a ${ that is no variable'])
  })
})

describe('a value of the environment', () => {
  test.each([
    ['lines', 'Acme\nport: 1'],
    ['a list', '[a, b]'],
    ['a map', '{ a: b }'],
    ['a comment', 'Acme # and'],
    ['quotes', `Acme" port: "1`],
    ['an alias', '*anchor'],
    ['a tag', '!!js/function x'],
    ['nothing', 'null'],
  ])('cannot become structure: %s', (_, value) => {
    for (const written of ['${VALUE}', '"${VALUE}"', "'${VALUE}'"]) {
      const text = `${development}\naccounts:\n  seeds:\n    - login: a\n      password: ${written}\n`
      const config = parse(text, { VALUE: value })
      expect(config.accounts.seeds[0]?.password).toBe(value)
      expect(config.port).toBe(4000)
    }
  })

  test('is never shown, even where it is wrong', () => {
    const secret = 'hunter2 with spaces'
    const env = { S: secret }
    const text = `issuer: \${S}
secrets:
  file: ["\${S}"]
  "key": \${S}
voice:
  callFrom: \${S}
  publicUrl: \${S}
  twilio:
    accountSid: \${S}
    authToken: ["\${S}"]
factor:
  codeDigits: \${S}
policy:
  modes: ["\${S}"]
clients:
  - clientId: \${S}
    clientSecret: \${S}
    name: "\${S}\\n"
    redirectUris: ["\${S}", "\${S}"]
    defaultAcrValues: ["\${S}"]
`
    const error = refusal(text, env)
    expect(error.problems.length).toBeGreaterThanOrEqual(12)
    expect(`${error.message} ${JSON.stringify(error)} ${error.stack}`).not.toContain('hunter2')
  })
})

describe('text without quotes', () => {
  test('stays what was written where the option is a text', () => {
    const text = `${development}
accounts:
  seeds:
    - login: 0042
      password: 1e3
      phones:
        - number: +12025550143
    - login: true
      password: 0x1F
`
    expect(parse(text).accounts.seeds).toMatchObject([
      { login: '0042', password: '1e3', phones: [{ number: '+12025550143' }] },
      { login: 'true', password: '0x1F' },
    ])
  })

  test('quotes make a number a text, which is no port', () => {
    expect(said(`port: "4000"${development}`)).toEqual(['port: is not a whole number'])
  })
})
