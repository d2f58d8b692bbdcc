// phoneStepUp: mounts the factor on an oidc-provider that somebody else builds. Our own server mounts it in no other way.
import { type Configuration, interactionPolicy, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import type { CodeKey } from './domain/code.ts'
import { defaultLimits, type Limits } from './domain/guard.ts'
import { defaultStepUpPolicy, type Level, levelAcr, type StepUpPolicy } from './domain/policy.ts'
import { extraTokenClaims, shapeClaims } from './oidc/claims.ts'
import { phonePrompt, stepUp } from './oidc/step-up.ts'
import { type FactorSettings, type PhoneFactor, phoneFactor } from './phone-factor.ts'
import type { AuditLog } from './ports/audit-log.ts'
import { type Clock, systemClock } from './ports/clock.ts'
import { type Log, silentLog } from './ports/log.ts'
import type { Phones } from './ports/phones.ts'
import type { OpenRecords } from './ports/records.ts'
import type { VoiceGateway, VoiceWebhooks } from './ports/voice-gateway.ts'
import { pageFrames } from './web/page-frame.ts'
import { mountPhonePages } from './web/phone-pages.ts'
import { voiceWebhooks } from './web/voice-webhooks.ts'

/** What a host gives. Gateway, records, phones and code keys have no defaults: nothing that guards money is made up. */
export interface PhoneStepUpOptions {
  /** Places the calls. One that calls back over HTTP is served below `voicePath`. */
  gateway: VoiceGateway & Partial<VoiceWebhooks>
  openRecords: OpenRecords
  phones: Phones
  /** 32 random bytes or more each; the first derives new codes. */
  codeKeys: readonly CodeKey[]
  audit: AuditLog
  /** Who the pages and the call say is asking. */
  brand: string
  /** Our calling number, shown before the phone rings; E.164. */
  callFrom?: string
  /** Other acr values for our levels. */
  aliases?: Readonly<Record<string, Level>>
  /** What a client's step-up is judged by; whatever it leaves out is the default. */
  policyFor?: (clientId: string) => Partial<StepUpPolicy>
  limits?: Partial<Limits>
  codeDigits?: number
  gateDigits?: number
  ringSeconds?: number
  maxCallSeconds?: number
  /** Where our pages are, below the provider. */
  path?: string
  /** Where the gateway's webhooks are, below the provider; the gateway's public URL must lead here. */
  voicePath?: string
  clock?: Clock
  log?: Log
}

export interface PhoneStepUp {
  /** The host's configuration with ours around it. Call it before `new Provider(...)`: the provider copies its policy when it is built. */
  configure(configuration: Configuration): Configuration
  /** Puts the pages and webhooks on the built provider and starts the gateway. */
  mount(provider: Provider): Promise<void>
  /** The use cases, for whoever administers or drives the factor without pages. */
  factor: PhoneFactor
  /** Ends event streams, starts no more calls, and waits for what is under way at the gateway. */
  close(): Promise<void>
}

export function phoneStepUp(options: PhoneStepUpOptions): PhoneStepUp {
  const { gateway, phones, audit, brand, clock = systemClock, log = silentLog, path = '/phone-step-up', voicePath = '/voice' } = options
  const settings: FactorSettings = {
    brand,
    codeDigits: options.codeDigits ?? 6,
    gateDigits: options.gateDigits ?? 2,
    ringSeconds: options.ringSeconds ?? 25,
    maxSeconds: options.maxCallSeconds ?? 75,
    limits: { ...defaultLimits, ...options.limits },
  }
  const { openRecords, codeKeys, aliases = {} } = options
  const factor = phoneFactor({ gateway, openRecords, phones, codeKeys, audit, clock, log, settings })
  const policyFor = (clientId: string): StepUpPolicy => ({ ...defaultStepUpPolicy, ...options.policyFor?.(clientId) })
  const hostAcrs: string[] = []
  const decision = stepUp({ accountFactor: factor.accountFactor, phones, policyFor, known: { aliases, host: hostAcrs }, clock, audit })
  const closing = new AbortController()

  return {
    factor,

    configure(configuration) {
      const { interactions, features } = configuration
      hostAcrs.splice(0, Infinity, ...(configuration.acrValues ?? []))
      return {
        ...configuration,
        acrValues: [...hostAcrs, ...Object.values(levelAcr), ...Object.keys(aliases)],
        claims: shapeClaims(configuration.claims),
        extraTokenClaims: extraTokenClaims(configuration.extraTokenClaims),
        features: { claimsParameter: { enabled: true }, ...features },
        interactions: {
          ...interactions,
          policy: decision.shapePolicy(interactions?.policy ?? interactionPolicy.base()),
          url: (ctx, interaction) => {
            if (interaction.prompt.name === phonePrompt) return `${providerPath(ctx)}${path}/${interaction.uid}`
            return interactions?.url ? interactions.url(ctx, interaction) : `/interaction/${interaction.uid}`
          },
        },
      }
    },

    async mount(provider) {
      await gateway.start((event) => factor.takeVoiceEvent(event))
      const frames = pageFrames({ brand, path: `${path}/assets`, log })
      provider.use(frames.assets)
      if (isWebhooks(gateway)) provider.use(voiceWebhooks(voicePath, gateway))
      const { callFrom } = options
      mountPhonePages(path, { provider, factor, stepUp: decision, policyFor, settings, callFrom, frames, clock, log, closing: closing.signal })
    },

    async close() {
      closing.abort()
      await factor.drain()
    },
  }
}

function isWebhooks(gateway: Partial<VoiceWebhooks>): gateway is VoiceWebhooks {
  return gateway.answerWebhook !== undefined
}

/** What stands before the provider's own paths where it is mounted, seen from a request to it. */
function providerPath(ctx: KoaContextWithOIDC): string {
  const { provider } = ctx.oidc
  const own = new URL(provider.urlFor('authorization')).pathname
  const mount = new URL(provider.issuer).pathname.replace(/\/$/, '')
  const seen = new URL(ctx.oidc.urlFor('authorization')).pathname
  return seen.slice(0, seen.length - own.slice(mount.length).length)
}
