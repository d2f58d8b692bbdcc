// The whole thing running, with a few people in it, each with an account and a telephone of their own, so that no test disturbs another.
import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import type { ClientConfig, Config } from '../../src/config.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { callback, type RelyingParty, relyingParty } from '../support/relying-party.ts'
import { type RunningRingback, startRingback } from '../support/ringback.ts'
import { type Person, person } from './person.ts'

export const acr = { password: 'urn:ringback:acr:password', phone: 'urn:ringback:acr:phone', call: 'urn:ringback:acr:call' }
export const amr = { password: ['pwd'], phone: ['pwd', 'tel', 'mfa', 'mca'], call: ['tel'] }

/** The accounts that `npm start` comes with. */
export const demoAccounts = {
  demo: { username: 'demo', password: 'correct horse battery staple' },
  TEST: { username: 'TEST', password: '1234' },
  nophone: { username: 'nophone', password: 'correct horse battery staple' },
}

export interface Flow {
  ringback: RunningRingback
  /** The demo bank's registration. */
  bank: RelyingParty
  /** Somebody whom no other test has met: an account with one telephone and a new browser. */
  somebody(): Person
  /** One of the accounts that `npm start` comes with, in a new browser. */
  demo(login: keyof typeof demoAccounts, number?: string): Person
  client(clientId: string): Promise<RelyingParty>
  /** The audit trail so far. */
  audit(): Promise<Record<string, unknown>[]>
  /** Stops it and removes its data; what was written down until then must hold no failure and no telephone number. */
  end(): Promise<void>
}

const password = 'a quiet harbour at night'

export async function startFlow(options: { people: number; clock?: Clock; change?: (config: Config) => void }): Promise<Flow> {
  const people = Array.from({ length: options.people }, (_, index) => ({ login: `person-${index}`, number: `+120255501${10 + index}` }))
  const ringback = await startRingback({
    clock: options.clock,
    change(config) {
      for (const { login, number } of people) config.accounts.seeds.push({ login, password, language: 'en', phones: [{ number }] })
      options.change?.(config)
    },
  })
  let met = 0
  const audit = async () =>
    (await auditText(ringback))
      .split('\n')
      .filter(Boolean)
      .map((line): Record<string, unknown> => JSON.parse(line))
  return {
    ringback,
    bank: await relyingParty(ringback.issuer),
    somebody() {
      const next = people[met++]
      if (next === undefined) throw new Error(`these tests meet more than ${people.length} people: give startFlow a larger number`)
      return person({ username: next.login, password }, next.number, ringback.carrierUrl)
    },
    demo: (login, number = '+12025550143') => person(demoAccounts[login], number, ringback.carrierUrl),
    client: (clientId) => relyingParty(ringback.issuer, clientId, clientSecret),
    audit,
    async end() {
      const written = `${ringback.logged.join('\n')}\n${await auditText(ringback)}`
      await ringback.remove()
      expect(ringback.logged.filter((line) => line.includes('"level":"error"'))).toEqual([])
      expect(written).not.toMatch(/1202555\d{4}|13988888888/)
    },
  }
}

function auditText(ringback: RunningRingback): Promise<string> {
  return readFile(ringback.config.audit.file, 'utf8')
}

const clientSecret = 'a secret of the tests'

/** Registers another client that returns to the tests' callback. */
export function addClient(
  config: Config,
  clientId: string,
  { policy, ...rest }: Partial<Omit<ClientConfig, 'policy'>> & { policy?: Partial<ClientConfig['policy']> } = {},
): void {
  config.clients.push({
    clientId,
    clientSecret,
    name: `Client ${clientId}`,
    redirectUris: [callback],
    postLogoutRedirectUris: [],
    grantTypes: ['authorization_code'],
    consent: 'implied',
    requireAuthTime: false,
    idTokenSignedResponseAlg: 'ES256',
    tokenEndpointAuthMethod: 'client_secret_basic',
    ...rest,
    policy: { ...config.policy, ...policy },
  })
}
