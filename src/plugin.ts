// phoneStepUp: mounts the factor on an oidc-provider that somebody else builds. Our own server mounts it in no other way.
import { type Configuration, interactionPolicy, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import type { CodeKey } from './domain/code.ts'
import { defaultCall, defaultLimits, type Limits } from './domain/guard.ts'
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
    codeDigits: options.codeDigits ?? defaultCall.codeDigits,
    gateDigits: options.gateDigits ?? defaultCall.gateDigits,
    ringSeconds: options.ringSeconds ?? defaultCall.ringSeconds,
    maxSeconds: options.maxCallSeconds ?? defaultCall.maxCallSeconds,
    limits: checkedLimits({ ...defaultLimits, ...defined(options.limits) }),
  }
  const { openRecords, codeKeys, aliases = {} } = options
  const factor = phoneFactor({ gateway, openRecords, phones, codeKeys, audit, clock, log, settings })
  const policyFor = (clientId: string): StepUpPolicy => ({ ...defaultStepUpPolicy, ...defined(options.policyFor?.(clientId)) })
  const hostAcrs: string[] = []
  const decision = stepUp({ accountFactor: factor.accountFactor, phones, policyFor, known: { aliases, host: hostAcrs }, clock, audit })
  const closing = new AbortController()

  return {
    factor,

    configure(configuration) {
      const { interactions, features, cookies } = configuration
      // The interaction cookie holds what stands in the page's address: only its signature shows that this browser was given it.
      if (cookies?.keys === undefined || (Array.isArray(cookies.keys) && cookies.keys.length === 0)) {
        throw new Error('phoneStepUp needs signed cookies: set cookies.keys in the configuration of the provider')
      }
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

/** Without the keys whose value is undefined: an option left open is no option. */
function defined<T extends object>(options: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** A limit that is no number, or none at all, would be no limit. */
function checkedLimits(limits: Limits): Limits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`phoneStepUp: limits.${name} is ${value}: give a whole number of 1 or more`)
  }
  return limits
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
