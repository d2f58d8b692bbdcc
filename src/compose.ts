// Puts the parts together: the only file that chooses adapters.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import Provider, { type ClientMetadata } from 'oidc-provider'
import { argon2Passwords } from './adapters/accounts/password.ts'
import { recordAccounts } from './adapters/accounts/records.ts'
import { sqliteArtifacts } from './adapters/artifacts/sqlite.ts'
import { jsonLinesAuditLog } from './adapters/audit/json-lines.ts'
import { sqliteRecords } from './adapters/records/sqlite.ts'
import { openDatabase } from './adapters/sqlite-database.ts'
import { twilioGateway } from './adapters/voice/twilio/gateway.ts'
import type { ClientConfig, Config } from './config.ts'
import { startBank } from './demo/bank.ts'
import { closerOf, listen } from './http-server.ts'
import { artifactAdapter } from './oidc/artifact-store.ts'
import { standaloneConfiguration } from './oidc/provider.ts'
import { phoneStepUp } from './plugin.ts'
import type { Accounts } from './ports/accounts.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import { loadSecrets, type Secrets } from './secrets.ts'
import { startSimulator } from './simulator/server.ts'
import { standaloneApp } from './web/app.ts'

/** An address that was opened, and what it is good for. */
export interface Opened {
  name: string
  url: string
  what: string
}

export interface Running {
  opened: Opened[]
  /** Takes no new work, finishes what is under way, and closes what is open. */
  close(): Promise<void>
}

interface Surroundings {
  clock: Clock
  log: Log
}

/** What the server and the command line have in common: the store and everything on it. */
function openParts(config: Config, secrets: Secrets, as: 'server' | 'command-line', { clock, log }: Surroundings) {
  const database = openDatabase({ path: config.databaseFile, as })
  const openRecords = sqliteRecords({ database, clock })
  const audit = jsonLinesAuditLog({ path: config.audit.file, clock })
  const accounts = recordAccounts({ openRecords, passwords: argon2Passwords(), numberKeys: secrets.numberKeys, clock })
  const { carrier, callFrom, publicUrl } = config.voice
  const gateway = twilioGateway({
    ...secrets.carrier,
    from: callFrom,
    publicUrl,
    ...(carrier.kind === 'simulator'
      ? { baseUrl: carrier.url, machineDetection: true }
      : { baseUrl: carrier.baseUrl, machineDetection: carrier.machineDetection }),
  })
  const policies = new Map(config.clients.map((client) => [client.clientId, client.policy]))
  const { limits, ...factor } = config.factor
  const stepUp = phoneStepUp({
    gateway,
    openRecords,
    phones: accounts,
    codeKeys: secrets.codeKeys,
    audit,
    brand: config.brand.name,
    callFrom,
    aliases: config.aliases,
    policyFor: (clientId) => policies.get(clientId) ?? config.policy,
    limits,
    ...factor,
    path: '/phone',
    voicePath: new URL(publicUrl).pathname.replace(/\/$/, ''),
    clock,
    log,
  })
  return { database, audit, accounts, gateway, stepUp }
}

/** Starts the provider, and the simulated carrier and the demo bank where the configuration has them. Whatever fails on the way closes what was opened. */
export async function startServer(config: Config, surroundings: Surroundings): Promise<Running> {
  const { clock, log } = surroundings
  const secrets = await loadSecrets(config)
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const { database, audit, accounts, gateway, stepUp } = openParts(config, secrets, 'server', surroundings)
    closers.push(() => {
      database.close()
      audit.close()
    })
    // Hashing their passwords is most of the first start: the rest is opened meanwhile.
    const seeded = addSeeds(accounts, config)
    seeded.catch(() => {})

    const { carrier } = config.voice
    const opened: Opened[] = [
      { name: 'provider', url: config.issuer, what: `OpenID Connect; discovery is at ${config.issuer}/.well-known/openid-configuration.` },
    ]
    if (carrier.kind === 'simulator') {
      const knownHandsets = config.accounts.seeds.flatMap(({ login, phones }) =>
        phones.map(({ number, label }) => ({ number, label: label === undefined ? login : `${login} – ${label}` })),
      )
      const { port, url } = carrier
      const simulator = await startSimulator({ ...secrets.carrier, port, issuer: config.issuer, clock, logger: log, knownHandsets })
      closers.push(() => simulator.close())
      opened.push({ name: 'phone', url, what: 'The telephones of the demo accounts: leave one open, it will ring.' })
    }

    const app = standaloneApp({ issuer: config.issuer, brand: config.brand.name, log, accounts, audit, clock, homeLinks: homeLinks(config) })
    const provider = new Provider(
      config.issuer,
      stepUp.configure(
        standaloneConfiguration({
          issuer: config.issuer,
          clients: config.clients.map(clientMetadata),
          consentImplied: new Set(config.clients.filter((client) => client.consent === 'implied').map((client) => client.clientId)),
          resources: config.resources,
          cookieKeys: secrets.cookieKeys,
          jwks: secrets.jwks,
          adapter: artifactAdapter({ store: sqliteArtifacts({ database, clock }), clock }),
          accounts,
          sessionSeconds: config.session.seconds,
          tokens: config.tokens,
          pages: app.pages,
        }),
      ),
    )
    app.mount(provider)
    await stepUp.mount(provider)
    const handle = provider.callback()
    const server = createServer((request, response) => void handle(request, response))
    await listen(server, { port: config.port, host: config.host, what: 'the provider' })
    closers.push(closerOf(server))

    const { bank } = config.demo
    if (bank !== undefined) {
      const { port, clientId, clientSecret, resource } = bank
      const phoneUrl = carrier.kind === 'simulator' ? carrier.url : undefined
      const hints = config.accounts.seeds.map(({ login, password, phones }) => ({ username: login, password, about: hint(phones.length) }))
      const opening = await startBank({
        port,
        host: 'localhost',
        issuer: config.issuer,
        clientId,
        clientSecret,
        resource,
        phoneUrl,
        hints,
        clock,
        logger: log,
      })
      closers.push(() => opening.close())
      opened.push({ name: 'bank', url: bank.url, what: 'Sign in, then transfer money: the bank asks for a call.' })
    }
    await seeded
    // First of all when closing: no more calls, and an end to the event streams that would keep the server from ending.
    closers.push(() => stepUp.close())
    // Nobody waits for it, but an operator reads at once that credentials are wrong, and the first call finds the SDK loaded.
    void gateway.health().then(({ ready, detail }) => (ready ? log.info({ detail }, 'gateway ready') : log.error({ detail }, 'gateway not ready')))
    return { opened, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** What the command line works on, beside a running server or without one. */
export async function openAdministration(config: Config, surroundings: Surroundings) {
  const { database, accounts, audit, stepUp } = openParts(config, await loadSecrets(config), 'command-line', surroundings)
  return {
    accounts,
    audit,
    factor: stepUp.factor,
    close() {
      database.close()
      audit.close()
    },
  }
}

function clientMetadata(client: ClientConfig): ClientMetadata {
  return {
    client_id: client.clientId,
    client_secret: client.clientSecret,
    client_name: client.name,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    grant_types: client.grantTypes,
    response_types: ['code'],
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    id_token_signed_response_alg: client.idTokenSignedResponseAlg,
    default_max_age: client.defaultMaxAgeSeconds,
    default_acr_values: client.defaultAcrValues,
    require_auth_time: client.requireAuthTime,
  }
}

/** Makes the accounts that are not there yet; one that is there stays as it is. */
async function addSeeds(accounts: Accounts, config: Config): Promise<void> {
  await Promise.all(
    config.accounts.seeds.map(async ({ login, password, language, phones }) => {
      if ((await accounts.findByLogin(login)) !== undefined) return
      const bindings = phones.map((phone) => ({ id: randomUUID(), ...phone }))
      await accounts.save({ id: randomUUID(), login, language, phones: bindings }, password)
    }),
  )
}

function hint(phones: number): string {
  return phones === 0 ? 'No phone' : phones === 1 ? 'One phone' : `${phones} phones`
}

function homeLinks(config: Config) {
  const { carrier } = config.voice
  return [
    ...(config.demo.bank
      ? [{ href: config.demo.bank.url, label: 'Harbour Bank', text: 'A relying party that asks for a call before it transfers money.' }]
      : []),
    ...(carrier.kind === 'simulator' ? [{ href: carrier.url, label: 'The phone', text: 'The telephones of the demo accounts.' }] : []),
  ]
}
