// Rules between options. They look at the file as it was written, so that they still speak when something else in it is wrong.
import { levelAcr } from '../domain/policy.ts'
import { isLoopbackIssuer, isLoopbackUrl } from './addresses.ts'
import { type Path, printedPath } from './problems.ts'
import { demoBank, isFilled, portsOf, valueAt } from './reading.ts'

/** A rule that is broken, and where. */
export interface Breach {
  at: Path
  problem: string
  remedy: string
}

const clientSecretLength = 16

/** Every rule that a configuration breaks; says nothing about an option that has not the right kind. */
export function breaches(options: unknown): Breach[] {
  const issuer = valueAt(options, ['issuer'])
  // An empty one is a variable that is not set: it says nothing yet.
  const production = typeof issuer === 'string' && issuer !== '' && !isLoopbackIssuer(issuer)
  return [
    ...(production ? onlyForDevelopment(options) : []),
    ...exactlyOne(options, ['secrets'], 'file', 'madeUp', 'the provider has no secrets'),
    ...exactlyOne(options, ['voice'], 'twilio', 'simulator', 'nobody places the calls'),
    ...callbacks(options),
    ...ports(options),
    ...clients(options),
    ...twice(options, ['resources'], 'identifier', valueAt(options, ['demo', 'bank']) === undefined ? [] : [demoBank(options).resource]),
    ...twice(options, ['accounts', 'seeds'], 'login'),
  ]
}

/** What is open to anybody who knows this program must not stand in front of real accounts. */
function onlyForDevelopment(options: unknown): Breach[] {
  const elsewhere = 'is for development, and the issuer is not on this machine'
  const found: Breach[] = []
  const refuse = (at: Path, remedy: string) => {
    if (isFilled(valueAt(options, at))) found.push({ at, problem: elsewhere, remedy })
  }
  refuse(['secrets', 'madeUp'], 'name a file with secrets of your own: secrets.file')
  refuse(['voice', 'simulator'], 'remove it and configure a carrier: voice.twilio')
  refuse(['accounts', 'seeds'], 'remove them: their passwords stand in a file; add accounts with: ringback account add')
  refuse(['demo'], 'remove it')
  listAt(options, ['clients']).forEach((client, index) => {
    const secret = valueAt(client, ['clientSecret'])
    if (typeof secret !== 'string' || secret.length >= clientSecretLength) return
    const problem = `is shorter than ${clientSecretLength} characters`
    found.push({ at: ['clients', index, 'clientSecret'], problem, remedy: 'make one with: openssl rand -base64 32' })
  })
  return found
}

function exactlyOne(options: unknown, at: Path, one: string, other: string, none: string): Breach[] {
  const block = valueAt(options, at)
  if (typeof block !== 'object' || block === null) return []
  const given = [one, other].filter((key) => isFilled(valueAt(block, [key])))
  if (given.length === 1) return []
  const remedy = `configure one of them: ${one} or ${other}`
  return [{ at, problem: given.length === 0 ? none : `has both ${one} and ${other}`, remedy }]
}

function callbacks(options: unknown): Breach[] {
  const twilio = valueAt(options, ['voice', 'twilio'])
  if (twilio === undefined || valueAt(twilio, ['baseUrl']) !== undefined) return []
  const given = valueAt(options, ['voice', 'publicUrl'])
  const issuer = valueAt(options, ['issuer']) ?? 'http://localhost'
  const publicUrl = given ?? issuer
  if (typeof publicUrl !== 'string' || !isLoopbackUrl(publicUrl)) return []
  const remedy = 'set voice.publicUrl to an https address that leads to the provider, with a path like /voice'
  return [{ at: given === undefined ? ['voice', 'twilio'] : ['voice', 'publicUrl'], problem: 'Twilio cannot call back to this machine', remedy }]
}

function ports(options: unknown): Breach[] {
  const used = portsOf(options)
  return used.flatMap(({ at, port, name, derived }, index) => {
    if (port > 65_535) return [{ at, problem: `leaves no port for the ${name}`, remedy: 'choose a lower port' }]
    const same = used.slice(0, index).find((earlier) => earlier.port === port)
    if (same === undefined) return []
    const problem = `is the same for the ${name}${derived ? ' (which follows from it)' : ''} and the ${same.name}`
    return [{ at, problem, remedy: 'give each a port of its own' }]
  })
}

function clients(options: unknown): Breach[] {
  const aliases = valueAt(options, ['policy', 'aliases'])
  const known = [...Object.values(levelAcr), ...Object.keys(typeof aliases === 'object' && aliases !== null ? aliases : {})]
  const bank = valueAt(options, ['demo', 'bank'])
  const found = twice(options, ['clients'], 'clientId', bank === undefined ? [] : [demoBank(options).clientId])
  listAt(options, ['clients']).forEach((client, index) => {
    const at = (...path: Path): Path => ['clients', index, ...path]
    const secret = valueAt(client, ['clientSecret'])
    const method = valueAt(client, ['tokenEndpointAuthMethod'])
    if (secret !== undefined && method === 'none') {
      const remedy = 'remove clientSecret, or let the client show it: client_secret_basic'
      found.push({ at: at('tokenEndpointAuthMethod'), problem: 'is none although the client has a secret', remedy })
    }
    if (secret === undefined && method !== undefined && method !== 'none') {
      found.push({ at: at('tokenEndpointAuthMethod'), problem: 'needs a secret and there is none', remedy: 'give the client a clientSecret' })
    }
    const grantTypes = valueAt(client, ['grantTypes'])
    if (Array.isArray(grantTypes) && grantTypes.includes('refresh_token') && !grantTypes.includes('authorization_code')) {
      found.push({ at: at('grantTypes'), problem: 'has no way to begin', remedy: 'add authorization_code: refresh tokens come from it' })
    }
    listAt(client, ['defaultAcrValues']).forEach((acr, place) => {
      if (typeof acr !== 'string' || known.includes(acr)) return
      const remedy = `choose ${Object.values(levelAcr).join(', ')}, or add it to policy.aliases`
      found.push({ at: at('defaultAcrValues', place), problem: 'is no level here, so that no request could be met', remedy })
    })
  })
  return found
}

/** Entries of a list that have the same name as an earlier one, or as one that is registered by itself. */
function twice(options: unknown, list: Path, key: string, taken: readonly string[] = []): Breach[] {
  const names = listAt(options, list).map((entry) => valueAt(entry, [key]))
  return names.flatMap((name, index) => {
    if (typeof name !== 'string') return []
    const first = names.indexOf(name)
    const at = [...list, index, key]
    const remedy = 'give each a name of its own, or remove one'
    if (first !== index) return [{ at, problem: `is the same as that of ${printedPath([...list, first])}`, remedy }]
    return taken.includes(name) ? [{ at, problem: 'is the same as that of the demo bank', remedy }] : []
  })
}

function listAt(options: unknown, path: Path): unknown[] {
  const list = valueAt(options, path)
  return Array.isArray(list) ? list : []
}
