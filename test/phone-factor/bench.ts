// The phone factor on a bench: memory records, a gateway that only remembers, a clock in the test's hand.
import { memoryRecords } from '../../src/adapters/records/memory.ts'
import type { AccountFactor } from '../../src/domain/account-factor.ts'
import type { CallStep } from '../../src/domain/call-script.ts'
import { type ChallengeOrigin, pageState } from '../../src/domain/challenge.ts'
import type { CodeKey, Mode } from '../../src/domain/code.ts'
import { defaultLimits } from '../../src/domain/guard.ts'
import type { PhoneBinding } from '../../src/domain/phone-binding.ts'
import { type FactorPage, type FactorSettings, type PhoneFactor, phoneFactor, type StartOptions } from '../../src/phone-factor.ts'
import type { AuditEntry } from '../../src/ports/audit-log.ts'
import type { Log } from '../../src/ports/log.ts'
import type { OpenRecords } from '../../src/ports/records.ts'
import type { VoiceEvent } from '../../src/ports/voice-gateway.ts'
import { type FakeGateway, fakeGateway } from '../support/fake-gateway.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

export const number = '+12025550143'
export const codeKey = (id: string): CodeKey => ({ id, secret: Buffer.alloc(32, id) })

const origin: ChallengeOrigin = {
  uid: 'uid-own',
  cid: 'cid-own',
  clientId: 'bank',
  clientName: 'Demo Bank',
  sessionUid: 'session-own',
  raisesSession: true,
}
export const ownPage: FactorPage = { accountId: 'ada', origin }
export const otherTab: FactorPage = { accountId: 'ada', origin: { ...origin, uid: 'uid-tab', cid: 'cid-tab' } }
export const elsewhere: FactorPage = { accountId: 'ada', origin: { ...origin, uid: 'uid-else', cid: 'cid-else', sessionUid: 'session-else' } }
export const spoken: StartOptions = { phone: 'phone-1', mode: 'spoken' }
export const keyed: StartOptions = { phone: 'phone-1', mode: 'keyed' }

export interface Bench extends Node {
  clock: ManualClock
  openRecords: OpenRecords
  /** The phones of every account; a test may change them. */
  phones: PhoneBinding[]
  audit: AuditEntry[]
  /** What was logged, as text. */
  logged: string[]
  /** A second process on the same records, with a gateway of its own. */
  anotherNode(options?: { codeKeys?: CodeKey[] }): Node
}

/** One process: the factor, its gateway, and what a test does with them. */
export interface Node {
  factor: PhoneFactor
  gateway: FakeGateway
  stored(): Promise<AccountFactor>
  state(page?: FactorPage): Promise<string>
  /** The id of the account's current call. */
  callId(): Promise<string>
  hear(
    event: { type: 'ringing' } | { type: 'answered'; by?: 'person' | 'machine' } | Omit<Extract<VoiceEvent, { type: 'over' }>, 'call'>,
  ): Promise<CallStep>
  /** Keys in answer to the step the call is at. */
  key(keys: string): Promise<CallStep>
  start(page?: FactorPage, options?: StartOptions): Promise<void>
  /** Starts a call that is answered. */
  answered(page?: FactorPage, mode?: Mode): Promise<void>
  /** Starts a call that is answered and passes its gate; returns the code that was told. */
  told(page?: FactorPage): Promise<string>
}

interface BenchOptions {
  settings?: Partial<FactorSettings>
  codeKeys?: CodeKey[]
  clock?: ManualClock
  /** Puts something between the factor and its records. */
  around?: (records: OpenRecords) => OpenRecords
}

export function bench(options: BenchOptions = {}): Bench {
  const clock = options.clock ?? manualClock()
  const memory = memoryRecords({ clock })
  const openRecords = options.around?.(memory) ?? memory
  const phones: PhoneBinding[] = [{ id: 'phone-1', number }]
  const audit: AuditEntry[] = []
  const logged: string[] = []
  const write = (details: Record<string, unknown>, message: string) => {
    logged.push(`${message} ${JSON.stringify(details)} ${details.err instanceof Error ? details.err.message : ''}`)
  }
  const log: Log = { info: write, warn: write, error: write }

  function node(codeKeys: CodeKey[]): Node {
    const gateway = fakeGateway()
    const factor = phoneFactor({
      gateway,
      openRecords,
      phones: { of: async () => [...phones] },
      codeKeys,
      audit: { write: (entry) => void audit.push(entry) },
      clock,
      log,
      settings: { brand: 'Ringback', codeDigits: 6, gateDigits: 2, ringSeconds: 30, maxSeconds: 120, limits: defaultLimits, ...options.settings },
    })
    const here: Node = {
      factor,
      gateway,
      stored: () => factor.accountFactor('ada'),
      state: async (page = ownPage) => pageState((await factor.see(page)).challenge),
      callId: async () => (await here.stored()).challenge?.call.id ?? 'none',
      async hear(event) {
        const call = await here.callId()
        return factor.takeVoiceEvent(event.type === 'answered' ? { call, type: 'answered', by: event.by ?? 'person' } : { call, ...event })
      },
      async key(keys) {
        const call = (await here.stored()).challenge?.call
        return factor.takeVoiceEvent({ call: call?.id ?? 'none', type: 'keys', sequence: call?.sequence ?? 0, keys })
      },
      async start(page = ownPage, startOptions = spoken) {
        const started = await factor.start(page, startOptions)
        if ('refused' in started) throw new Error(`the bench's call was refused: ${started.refused}`)
        // Placing goes on after the answer.
        await clock.advance(0)
      },
      async answered(page = ownPage, mode = 'spoken') {
        await here.start(page, { ...spoken, mode })
        await here.hear({ type: 'answered' })
      },
      async told(page = ownPage) {
        await here.answered(page)
        const { gate } = await factor.see(page)
        return codeIn(await here.key(gate ?? ''))
      },
    }
    return here
  }

  return {
    ...node(options.codeKeys ?? [codeKey('key-1')]),
    clock,
    openRecords,
    phones,
    audit,
    logged,
    anotherNode: ({ codeKeys } = {}) => node(codeKeys ?? options.codeKeys ?? [codeKey('key-1')]),
  }
}

/** What a step says, without its silences. */
export function saidIn(step: CallStep): string[] {
  return step.say.flatMap((utterance) => ('text' in utterance ? [utterance.text] : []))
}

/** The code that a step tells. */
export function codeIn(step: CallStep): string {
  const told = saidIn(step).find((text) => /^\d( \d)+$/.test(text))
  if (told === undefined) throw new Error('this step tells no code')
  return told.replaceAll(' ', '')
}

/** Another code of the same length, a different one for every serial number but 0. */
export function wrong(code: string, serial = 1): string {
  return `${(Number(code) + serial) % 10 ** code.length}`.padStart(code.length, '0')
}
