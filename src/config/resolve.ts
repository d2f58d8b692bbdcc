// The configuration as the program uses it: every default applied, every address and path complete.
import { resolve } from 'node:path'
import type { Limits } from '../domain/guard.ts'
import type { Level, StepUpPolicy } from '../domain/policy.ts'
import { bankAt, bankPortAfter, defaultIssuer, simulatorPortAfter } from './reading.ts'
import type { Options } from './schema.ts'

/** Holds secrets: never to be logged or shown as a whole. Durations are in seconds, as their names say; paths are absolute. */
export interface Config {
  host: string
  port: number
  issuer: string
  dataDir: string
  /** The SQLite file. */
  databaseFile: string
  brand: { name: string }
  /** `madeUp`: made on the first start, for development. */
  secrets: { file: string; madeUp: boolean }
  voice: { callFrom: string; publicUrl: string; carrier: CarrierConfig }
  factor: { codeDigits: number; gateDigits: number; ringSeconds: number; maxCallSeconds: number; limits: Limits }
  /** For clients without one of their own, those of a host included. */
  policy: StepUpPolicy
  aliases: Readonly<Record<string, Level>>
  /** The demo bank's client is among them. */
  clients: ClientConfig[]
  /** The demo bank's API is among them. */
  resources: ResourceConfig[]
  accounts: { seeds: SeedConfig[] }
  demo: { bank?: DemoBankConfig }
  session: { seconds: number }
  tokens: { codeSeconds: number; idTokenSeconds: number; accessTokenSeconds: number; refreshTokenSeconds: number }
  audit: { file: string }
  log: { level: Options['log']['level'] }
}

export type CarrierConfig =
  | { kind: 'twilio'; accountSid: string; authToken: string; baseUrl?: string; machineDetection: boolean }
  /** Listens on this machine only; its account is among the secrets. */
  | { kind: 'simulator'; port: number; url: string }

/** A registered client; the whole of its policy is resolved. */
export type ClientConfig = Omit<Options['clients'][number], 'policy' | 'tokenEndpointAuthMethod'> & {
  tokenEndpointAuthMethod: 'client_secret_basic' | 'client_secret_post' | 'none'
  policy: StepUpPolicy
}

export type ResourceConfig = Options['resources'][number]

export interface SeedConfig {
  login: string
  password: string
  language?: string
  /** `number` is E.164. */
  phones: { number: string; label?: string; extension?: string }[]
}

export interface DemoBankConfig {
  port: number
  url: string
  clientId: string
  clientSecret: string
  redirectUri: string
  postLogoutRedirectUri: string
  /** The identifier of its API, which is also where it is. */
  resource: string
}

/** Derives what follows from other options. `options` has passed the schema and every rule. */
export function resolveConfig(options: Options): Config {
  const { port, host, brand, session, tokens, log } = options
  const issuer = options.issuer ?? defaultIssuer(port)
  const dataDir = resolve(options.dataDir)
  const { aliases, modes, acrValues, passwordMaxAgeSeconds: passwordMaxAge, phoneMaxAgeSeconds: phoneMaxAge } = options.policy
  const policy: StepUpPolicy = { modes, acrValues, passwordMaxAge, phoneMaxAge }
  const bank = options.demo.bank === undefined ? undefined : demoBankOf(options.demo.bank, port)
  const { limits, report, ...factor } = options.factor
  return {
    host,
    port,
    issuer,
    dataDir,
    databaseFile: resolve(dataDir, 'ringback.db'),
    brand,
    secrets:
      options.secrets.file === undefined
        ? { file: resolve(dataDir, 'secrets.json'), madeUp: true }
        : { file: resolve(options.secrets.file), madeUp: false },
    voice: {
      callFrom: options.voice.callFrom.e164,
      publicUrl: options.voice.publicUrl ?? `${issuer}/voice`,
      carrier: carrierOf(options.voice, port),
    },
    factor: { ...factor, limits: { ...limits, reportBlockSeconds: report.blockSeconds } },
    policy,
    aliases,
    clients: [
      ...options.clients.map((client) => ({
        ...client,
        tokenEndpointAuthMethod: client.tokenEndpointAuthMethod ?? (client.clientSecret === undefined ? 'none' : 'client_secret_basic'),
        policy: policyOver(policy, client.policy),
      })),
      ...(bank === undefined ? [] : [bankClient(bank, options.demo.bank?.extraRedirectUris ?? [], policy)]),
    ],
    resources: [
      ...options.resources,
      ...(bank === undefined
        ? []
        : [{ identifier: bank.resource, scopes: [], accessTokenFormat: 'jwt' as const, accessTokenSeconds: tokens.accessTokenSeconds }]),
    ],
    accounts: { seeds: options.accounts.seeds.map(seedOf) },
    demo: { bank },
    session,
    tokens,
    audit: { file: resolve(options.audit.file ?? resolve(dataDir, 'audit.jsonl')) },
    log,
  }
}

type PolicyOptions = Options['clients'][number]['policy']

/** What a policy says, and where it says nothing, another. */
function policyOver(base: StepUpPolicy, { modes, passwordMaxAgeSeconds, phoneMaxAgeSeconds, acrValues }: PolicyOptions): StepUpPolicy {
  return {
    modes: modes ?? base.modes,
    passwordMaxAge: passwordMaxAgeSeconds ?? base.passwordMaxAge,
    phoneMaxAge: phoneMaxAgeSeconds ?? base.phoneMaxAge,
    acrValues: acrValues ?? base.acrValues,
  }
}

function carrierOf({ twilio, simulator }: Options['voice'], port: number): CarrierConfig {
  if (twilio !== undefined) return { kind: 'twilio', ...twilio }
  const simulatorPort = simulator?.port ?? simulatorPortAfter(port)
  return { kind: 'simulator', port: simulatorPort, url: `http://localhost:${simulatorPort}` }
}

function seedOf({ phones, ...seed }: Options['accounts']['seeds'][number]): SeedConfig {
  return { ...seed, phones: phones.map(({ number, label, extension }) => ({ number: number.e164, label, extension: extension ?? number.extension })) }
}

type BankOptions = NonNullable<Options['demo']['bank']>

function demoBankOf({ clientId, clientSecret, ...options }: BankOptions, port: number): DemoBankConfig {
  const bankPort = options.port ?? bankPortAfter(port)
  return { port: bankPort, clientId, clientSecret, ...bankAt(bankPort) }
}

function bankClient(bank: DemoBankConfig, extraRedirectUris: readonly string[], policy: StepUpPolicy): ClientConfig {
  return {
    clientId: bank.clientId,
    clientSecret: bank.clientSecret,
    name: 'Harbour Bank',
    redirectUris: [bank.redirectUri, ...extraRedirectUris],
    postLogoutRedirectUris: [bank.postLogoutRedirectUri],
    grantTypes: ['authorization_code'],
    consent: 'implied',
    requireAuthTime: false,
    idTokenSignedResponseAlg: 'ES256',
    tokenEndpointAuthMethod: 'client_secret_basic',
    policy: { ...policy, modes: ['spoken', 'keyed'] },
  }
}
