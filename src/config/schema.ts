// Every option of the configuration: its kind, its bounds, its default, and what it is for. An unknown key is an error.
import { z } from 'zod'
import { minimumCodeDigits } from '../domain/code.ts'
import { defaultCall, defaultLimits, failuresInARowCeiling } from '../domain/guard.ts'
import { defaultStepUpPolicy, levelAcr } from '../domain/policy.ts'
import { baseUrlFault, issuerFault, resourceFault, secureUrlFault, webhookUrlFault } from './addresses.ts'
import { language, listOf, matching, name, phoneNumber, port, ruled, seconds, text } from './values.ts'

export const defaultPort = 4000

const visible = /^[\x21-\x7e]{1,200}$/
const noSpaces = 'has spaces or other invisible characters in it, or too many characters'

const modes = listOf(z.enum(['spoken', 'keyed'])).min(1)
const acrValues = z.enum(['enforced', 'voluntary'])
const acr = matching(visible, noSpaces, 'write one acr value')
const ownAcrs: readonly string[] = Object.values(levelAcr)
const alias = ruled((text) => {
  if (ownAcrs.includes(text)) return { problem: 'is one of the levels themselves', remedy: 'choose another acr value as the other name of a level' }
  return visible.test(text) ? undefined : { problem: noSpaces, remedy: 'write one acr value' }
})

const voice = z.strictObject({
  callFrom: phoneNumber().describe('The telephone number that calls come from, in international form; also shown on the page.'),
  publicUrl: ruled(webhookUrlFault)
    .optional()
    .describe('Where the carrier reaches the webhooks; the provider serves them under the path of this address. Default: {issuer}/voice.'),
  twilio: z
    .strictObject({
      accountSid: matching(
        /^AC[0-9a-f]{32}$/,
        'is not the id of a Twilio account',
        'copy it from the Twilio console: AC and 32 hexadecimal digits',
      ).describe('The Twilio account that calls are charged to.'),
      authToken: text().describe('The secret of that account; it also signs the webhooks.'),
      baseUrl: ruled(baseUrlFault).optional().describe('Another carrier that speaks the same API. Default: Twilio itself.'),
      machineDetection: z
        .boolean()
        .default(false)
        .describe('Have the carrier tell answering machines from people: costs extra and delays the first word; the gate protects without it.'),
    })
    .optional()
    .describe('Calls through Twilio.'),
  simulator: z
    .strictObject({ port: port().optional().describe('The port of the simulated carrier and its handsets. Default: port + 2.') })
    .optional()
    .describe('Calls inside this machine, to handsets on a web page. For development: it shows codes to anyone who looks.'),
})

const limits = z.strictObject({
  failuresPerChallenge: z.int().min(1).max(10).default(defaultLimits.failuresPerChallenge).describe('Wrong codes that end a challenge.'),
  failuresInARow: z
    .int()
    .min(1)
    .max(failuresInARowCeiling)
    .default(defaultLimits.failuresInARow)
    .describe(
      `Wrong codes in a row, counted across challenges, that block the phones of an account; at most ${failuresInARowCeiling} (NIST SP 800-63B, 5.2.2).`,
    ),
  failureBlockSeconds: seconds().default(defaultLimits.failureBlockSeconds).describe('How long that block lasts, in seconds.'),
  callsPerTenMinutes: z.int().min(1).max(1000).default(defaultLimits.callsPerTenMinutes).describe('Calls to one account within ten minutes.'),
  callsPerDay: z.int().min(1).max(10_000).default(defaultLimits.callsPerDay).describe('Calls to one account within a day.'),
})

const factor = z.strictObject({
  codeDigits: z.int().min(minimumCodeDigits).max(10).default(defaultCall.codeDigits).describe('Digits of the code.'),
  gateDigits: z.int().min(2).max(3).default(defaultCall.gateDigits).describe('Digits of the gate that the callee keys before a code is spoken.'),
  ringSeconds: z.int().min(5).max(60).default(defaultCall.ringSeconds).describe('How long a phone rings, in seconds.'),
  maxCallSeconds: z.int().min(30).max(180).default(defaultCall.maxCallSeconds).describe('After how many seconds an answered call is cut off.'),
  limits: limits.prefault({}).describe('How often somebody may guess, and how often we ring.'),
  report: z
    .strictObject({
      blockSeconds: seconds()
        .default(defaultLimits.reportBlockSeconds)
        .describe('How long the phones of an account are blocked after somebody says "this was not me", in seconds.'),
    })
    .prefault({})
    .describe('When somebody reports a call.'),
})

const policy = z.strictObject({
  modes: modes.default(defaultStepUpPolicy.modes).describe('Ways to confirm that count, the preferred one first: spoken (heard and typed), keyed.'),
  passwordMaxAgeSeconds: seconds(0).default(defaultStepUpPolicy.passwordMaxAge).describe('How long a password stays fresh, in seconds.'),
  phoneMaxAgeSeconds: seconds(0)
    .default(defaultStepUpPolicy.phoneMaxAge)
    .describe('How long a confirmation by phone stays fresh, in seconds; 0: for one request only.'),
  acrValues: acrValues
    .default(defaultStepUpPolicy.acrValues)
    .describe('Whether acr_values of a request is a demand (RFC 9470), or a wish whose token tells what was reached.'),
  aliases: z
    .record(alias, z.enum(['password', 'phone', 'call']))
    .default({})
    .describe('Other acr values that ask for our levels, each with its level.'),
})

const client = z.strictObject({
  clientId: matching(visible, noSpaces, 'write at most 200 visible ASCII characters').describe('The name that the client gives itself in requests.'),
  clientSecret: matching(visible, noSpaces, 'write at most 200 visible ASCII characters')
    .optional()
    .describe('The secret of a confidential client, 16 characters or more; a public client has none.'),
  name: name().describe('What people read, and hear in the call.'),
  redirectUris: listOf(ruled(secureUrlFault)).min(1).describe('Where sign-ins return to; compared exactly.'),
  postLogoutRedirectUris: listOf(ruled(secureUrlFault)).default([]).describe('Where signing out may return to; compared exactly.'),
  grantTypes: listOf(z.enum(['authorization_code', 'refresh_token']))
    .min(1)
    .default(['authorization_code'])
    .describe('What the client may do at the token endpoint.'),
  consent: z
    .enum(['ask', 'implied'])
    .default('ask')
    .describe('Whether people are asked before the client learns who they are: implied is for your own.'),
  defaultMaxAgeSeconds: seconds(0).optional().describe('The max_age of requests that carry none, in seconds. Default: no limit.'),
  defaultAcrValues: listOf(acr).min(1).optional().describe('The acr_values of requests that carry none. Default: none.'),
  requireAuthTime: z.boolean().default(false).describe('Whether its ID tokens always carry auth_time.'),
  idTokenSignedResponseAlg: z.enum(['ES256', 'RS256']).default('ES256').describe('What its ID tokens are signed with.'),
  tokenEndpointAuthMethod: z
    .enum(['client_secret_basic', 'client_secret_post', 'none'])
    .optional()
    .describe('How it shows its secret. Default: client_secret_basic, or none for a public client.'),
  policy: z
    .strictObject({
      modes: modes.optional().describe('Ways to confirm that count for this client. Default: those of policy.modes.'),
      passwordMaxAgeSeconds: seconds(0).optional().describe('For this client. Default: policy.passwordMaxAgeSeconds.'),
      phoneMaxAgeSeconds: seconds(0).optional().describe('For this client. Default: policy.phoneMaxAgeSeconds.'),
      acrValues: acrValues.optional().describe('For this client. Default: policy.acrValues.'),
    })
    .default({})
    .describe('What differs from the policy for everybody.'),
})

const resource = z.strictObject({
  identifier: ruled(resourceFault).describe('The URI that clients name the API by (RFC 8707); the audience of its tokens.'),
  scopes: listOf(matching(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'is not one scope', 'write scopes without spaces, quotes and backslashes'))
    .default([])
    .describe('The scopes that it has.'),
  accessTokenFormat: z
    .enum(['jwt', 'opaque'])
    .default('jwt')
    .describe('jwt: checked by the API itself (RFC 9068); opaque: asked for at introspection.'),
  accessTokenSeconds: seconds().default(300).describe('How long its access tokens are good, in seconds.'),
})

const seed = z.strictObject({
  login: matching(
    /^(?!\s)[^\p{C}]{1,200}(?<!\s)$/u,
    'begins or ends with a space, or is too long',
    'write what the person types to sign in',
  ).describe('What the person types to sign in.'),
  password: text().describe('The password of the account.'),
  language: language().optional().describe('The language of its calls and pages, BCP 47. Default: English.'),
  phones: z
    .array(
      z.strictObject({
        number: phoneNumber().describe('The number, in international form.'),
        label: name().optional().describe('What the owner calls it. Default: none.'),
        extension: matching(/^\d{1,11}$/, 'is not an extension', 'write at most 11 digits')
          .optional()
          .describe('Keyed after the call is answered. Default: none.'),
      }),
    )
    .default([])
    .describe('The telephones of the account, the preferred one first.'),
})

const demo = z.strictObject({
  bank: z
    .strictObject({
      port: port().optional().describe('The port of the demo bank. Default: port + 1.'),
      clientId: client.shape.clientId.default('demo-bank').describe('The client that the bank is.'),
      clientSecret: matching(visible, noSpaces, 'write at most 200 visible ASCII characters').default('demo-bank-secret').describe('Its secret.'),
      extraRedirectUris: listOf(ruled(secureUrlFault))
        .default([])
        .describe('Further redirect URIs of its client, so that other programs can be tried with it.'),
    })
    .optional()
    .describe('A bank that asks for a call before it transfers money; its client and its API are registered by themselves.'),
})

export const configSchema = z.strictObject({
  port: port().default(defaultPort).describe('The port that the provider listens on.'),
  host: text().default('127.0.0.1').describe('The address that the provider listens on.'),
  issuer: ruled(issuerFault)
    .optional()
    .describe('The address that browsers and relying parties know the provider by: https, except on this machine. Default: http://localhost:{port}.'),
  dataDir: text().default('./data').describe('The folder of everything that is kept, relative to where the process is started.'),
  brand: z
    .strictObject({ name: name().default('Ringback').describe('The name.') })
    .prefault({})
    .describe('Who the pages and the calls say is asking.'),
  secrets: z
    .strictObject({
      file: text().optional().describe('The JSON file with the secrets of the provider, readable by its user only.'),
      madeUp: z.boolean().optional().describe('For development: make the secrets on the first start and keep them in {dataDir}/secrets.json.'),
    })
    .describe('Where the keys of the provider come from: a file, or made up for development.'),
  voice: voice.describe('Who places the calls: twilio or simulator.'),
  factor: factor.prefault({}).describe('The call and its code.'),
  policy: policy.prefault({}).describe('What a step-up is judged by, where a client says nothing else.'),
  clients: z.array(client).default([]).describe('The applications that people sign in to.'),
  resources: z.array(resource).default([]).describe('The APIs that access tokens are for.'),
  accounts: z
    .strictObject({ seeds: z.array(seed).default([]).describe('For development: accounts that are made at the start.') })
    .prefault({})
    .describe('Who may sign in. Real accounts are added with: ringback account add.'),
  demo: demo.prefault({}).describe('For development: what there is to try it with.'),
  session: z
    .strictObject({
      seconds: seconds()
        .default(12 * 60 * 60)
        .describe('How long a sign-in at the provider lasts, in seconds.'),
    })
    .prefault({})
    .describe('The session at the provider.'),
  tokens: z
    .strictObject({
      codeSeconds: seconds().max(600).default(60).describe('How long an authorization code may be redeemed, in seconds.'),
      idTokenSeconds: seconds().default(3600).describe('How long an ID token is good, in seconds.'),
      accessTokenSeconds: seconds().default(300).describe('How long an access token that is for no resource is good, in seconds.'),
      refreshTokenSeconds: seconds()
        .default(14 * 24 * 60 * 60)
        .describe('How long a refresh token is good, in seconds.'),
    })
    .prefault({})
    .describe('How long tokens last.'),
  audit: z
    .strictObject({ file: text().optional().describe('The file of the audit trail, one JSON object a line. Default: {dataDir}/audit.jsonl.') })
    .prefault({})
    .describe('The audit trail.'),
  log: z
    .strictObject({
      level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info').describe('How much is logged.'),
    })
    .prefault({})
    .describe('The log.'),
})

/** The options as they are read: every default that stands by itself is in, those that follow from others are not. */
export type Options = z.output<typeof configSchema>
