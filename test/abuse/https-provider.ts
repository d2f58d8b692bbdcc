// The standalone provider with an https issuer, behind a proxy that ends TLS: the same parts as ever, on memory. Its calls lead nowhere.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { argon2Passwords } from '../../src/adapters/accounts/password.ts'
import { recordAccounts } from '../../src/adapters/accounts/records.ts'
import { memoryArtifacts } from '../../src/adapters/artifacts/memory.ts'
import { memoryAuditLog } from '../../src/adapters/audit/memory.ts'
import { memoryRecords } from '../../src/adapters/records/memory.ts'
import { twilioGateway } from '../../src/adapters/voice/twilio/gateway.ts'
import { artifactAdapter } from '../../src/oidc/artifact-store.ts'
import { standaloneConfiguration } from '../../src/oidc/provider.ts'
import { phoneStepUp } from '../../src/plugin.ts'
import { systemClock as clock } from '../../src/ports/clock.ts'
import { silentLog as log } from '../../src/ports/log.ts'
import { standaloneApp } from '../../src/web/app.ts'
import { type CookieBrowser, cookieBrowser } from '../support/cookie-browser.ts'

export const issuer = 'https://id.example.com'
export const clientCallback = 'https://shop.example.com/callback'
export const signedOut = 'https://shop.example.com/bye'

export interface HttpsProvider {
  /** Where it really listens, over plain http. */
  reach(url: string): string
  browser(): CookieBrowser
  /** An authorization request of its only client, which people are asked to consent to. */
  request(parameters?: Record<string, string>): string
  close(): Promise<void>
}

export const ada = { username: 'ada', password: 'a quiet harbour at night' }

export async function startHttpsProvider(): Promise<HttpsProvider> {
  const openRecords = memoryRecords({ clock })
  const secret = Buffer.alloc(32, 7)
  const accounts = recordAccounts({ openRecords, passwords: argon2Passwords(), numberKeys: [{ id: 'number', secret }], clock })
  await accounts.save({ id: 'ada-lovelace', login: ada.username, phones: [{ id: 'phone-1', number: '+12025550143' }] }, ada.password)
  const audit = memoryAuditLog()
  const stepUp = phoneStepUp({
    gateway: twilioGateway({
      accountSid: `AC${'0'.repeat(32)}`,
      authToken: 'token',
      from: '+12025550100',
      publicUrl: `${issuer}/voice`,
      baseUrl: 'http://127.0.0.1:1',
    }),
    openRecords,
    phones: accounts,
    codeKeys: [{ id: 'code', secret }],
    audit,
    brand: 'Ringback',
    path: '/phone',
    clock,
  })
  const app = standaloneApp({ issuer, brand: 'Ringback', log, accounts, audit, clock })
  const [ec, rsa] = await Promise.all([generateKeyPair('ES256', { extractable: true }), generateKeyPair('RS256', { extractable: true })])
  const configuration = standaloneConfiguration({
    issuer,
    clients: [
      {
        client_id: 'shop',
        client_secret: 'a secret of the tests',
        client_name: 'Shop',
        redirect_uris: [clientCallback],
        post_logout_redirect_uris: [signedOut],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    consentImplied: new Set(),
    resources: [],
    cookieKeys: ['a cookie key of the tests'],
    jwks: {
      keys: [
        { ...(await exportJWK(ec.privateKey)), alg: 'ES256', use: 'sig', kid: 'ec' },
        { ...(await exportJWK(rsa.privateKey)), alg: 'RS256', use: 'sig', kid: 'rsa' },
      ],
    },
    adapter: artifactAdapter({ store: memoryArtifacts({ clock }), clock }),
    accounts,
    sessionSeconds: 3600,
    tokens: { codeSeconds: 60, idTokenSeconds: 3600, accessTokenSeconds: 300, refreshTokenSeconds: 3600 },
    pages: app.pages,
  })
  const provider = new Provider(issuer, stepUp.configure(configuration))
  app.mount(provider)
  await stepUp.mount(provider)
  const server = createServer(provider.callback())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const reach = (url: string) => url.replace(issuer, `http://127.0.0.1:${address.port}`)
  return {
    reach,
    browser: () => cookieBrowser([clientCallback, signedOut], { reach }),
    request(parameters = {}) {
      const url = new URL('/auth', issuer)
      const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
      const asked = {
        client_id: 'shop',
        response_type: 'code',
        scope: 'openid',
        redirect_uri: clientCallback,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }
      url.search = String(new URLSearchParams({ ...asked, ...parameters }))
      return url.href
    },
    async close() {
      await stepUp.close()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
