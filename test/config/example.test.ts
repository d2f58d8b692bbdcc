// config/example.yaml names every option, and what it gives as defaults are the defaults; config/schema.json is the schema.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { isSchema, schemaAt } from '../../src/config/json-schema.ts'
import { configJsonSchema, loadConfig, parseConfig } from '../../src/config.ts'
import { said } from './texts.ts'

const folder = join(import.meta.dirname, '../../config')
const example = readFileSync(join(folder, 'example.yaml'), 'utf8')
/** The example with every option in it switched on. */
const everything = example.replaceAll(/^( *)#(?=\S)/gm, '$1')
const schema = configJsonSchema()
const env = {
  ISSUER: 'https://id.example.com',
  CALL_FROM: '+12025550100',
  TWILIO_ACCOUNT_SID: 'AC0123456789abcdef0123456789abcdef',
  TWILIO_AUTH_TOKEN: '0123456789abcdef0123456789abcdef',
  SHOP_CLIENT_SECRET: 'a secret of the shop'.replaceAll(' ', '-'),
}

describe('config/example.yaml', () => {
  test('is a production configuration', () => {
    const config = loadConfig({ path: join(folder, 'example.yaml'), env })
    expect(config).toMatchObject({ issuer: 'https://id.example.com', secrets: { madeUp: false }, voice: { carrier: { kind: 'twilio' } } })
    expect(config.clients.map(({ clientId, policy }) => [clientId, policy.phoneMaxAge])).toEqual([['shop', 900]])
  })

  test('says what it needs from the environment', () => {
    expect(said(example)).toEqual(Object.keys(env).map((name) => expect.stringContaining(`the environment variable ${name} is not set`)))
  })

  test('names every option, and nothing that is none', () => {
    expect(optionsIn(parseYaml(everything)).sort()).toEqual(optionsOf(schema).sort())
  })

  test('with everything switched on, only what excludes each other is wrong', () => {
    expect(said(everything, { ...env, ISSUER: 'http://localhost:4000' })).toEqual([
      'secrets: has both file and madeUp',
      'voice: has both twilio and simulator',
    ])
  })

  test('gives the real defaults', () => {
    const active = leavesIn(parseYaml(example))
    const commented = [...leavesIn(parseYaml(everything))].filter(([path]) => !active.has(path))
    const withDefault = commented.flatMap(([path, written]) => {
      const option = schemaAt(schema, keysOf(path))
      return option?.default === undefined ? [] : [{ path, written, isDefault: option.default }]
    })
    expect(withDefault.length).toBeGreaterThan(25)
    for (const { path, written, isDefault } of withDefault) expect({ path, is: written }).toEqual({ path, is: isDefault })
  })
})

describe('config/schema.json', () => {
  test('is the schema; `vitest run test/config -u` writes it anew', async () => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(join(folder, 'schema.json'))
  })

  test('describes every option', () => {
    for (const path of optionsOf(schema))
      expect({ path, told: schemaAt(schema, keysOf(path))?.description ?? '' }).toEqual({ path, told: expect.stringMatching(/.\.$/) })
  })

  test('lets a number be a variable', () => {
    expect(schemaAt(schema, ['port'])).toEqual({
      description: 'The port that the provider listens on.',
      default: 4000,
      anyOf: [
        { type: 'integer', minimum: 1, maximum: 65535 },
        { type: 'string', pattern: '\\$\\{' },
      ],
    })
  })
})

test('what the program is told to default to is what it defaults to', () => {
  const text = 'secrets: { madeUp: true }\nvoice: { callFrom: "+1 202 555 0100", simulator: {} }\ndemo: { bank: {} }\n'
  const config = parseConfig({ text, name: 'test.yaml', env: {} })
  expect(config.voice.publicUrl).toBe(`${config.issuer}/voice`)
  expect([config.demo.bank?.port, config.voice.carrier]).toMatchObject([config.port + 1, { port: config.port + 2 }])
})

/** `clients[].name` of every key in a value. */
function optionsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => optionsIn(entry, `${path}[]`))
  if (typeof value !== 'object' || value === null) return []
  if (path === 'policy.aliases') return []
  return Object.entries(value).flatMap(([key, part]) => {
    const here = path === '' ? key : `${path}.${key}`
    return [here, ...optionsIn(part, here)]
  })
}

/** The same of every key in the schema. */
function optionsOf(part: unknown, path = ''): string[] {
  if (!isSchema(part)) return []
  const { properties = {}, items } = part
  return [
    ...Object.entries(properties).flatMap(([key, option]) => {
      const here = path === '' ? key : `${path}.${key}`
      return [here, ...optionsOf(option, here)]
    }),
    ...optionsOf(items, `${path}[]`),
  ]
}

/** Values that are no blocks, by path; a list of texts is one. */
function leavesIn(value: unknown, path = ''): Map<string, unknown> {
  if (Array.isArray(value) && value.some((entry) => typeof entry === 'object'))
    return new Map(value.flatMap((entry) => [...leavesIn(entry, `${path}[]`)]))
  if (Array.isArray(value) || typeof value !== 'object') return new Map([[path, value]])
  return new Map(Object.entries(value ?? {}).flatMap(([key, part]) => [...leavesIn(part, path === '' ? key : `${path}.${key}`)]))
}

function keysOf(path: string): (string | number)[] {
  return path.split('.').flatMap((key) => (key.endsWith('[]') ? [key.slice(0, -2), 0] : [key]))
}
