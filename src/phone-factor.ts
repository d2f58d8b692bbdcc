// The use cases of the factor: start a call, take a voice event, take a typed code, say what a page may show.
// Whatever happens is applied to the stored record of the account; what to show, say or issue is read back from it.
import { randomBytes } from 'node:crypto'
import {
  type AccountFactor,
  type Change,
  cancel,
  freshAccountFactor,
  hear,
  ownChallenge,
  report,
  type Started,
  startCall,
  takeTypedCode,
} from './domain/account-factor.ts'
import { type CallStep, type Prompt, scriptStep } from './domain/call-script.ts'
import { type Call, type Challenge, type ChallengeOrigin, nextChangeAt, settle } from './domain/challenge.ts'
import { type CodeBinding, type CodeKey, deriveCode, deriveGate, type Mode, minimumCodeDigits, type Purpose } from './domain/code.ts'
import type { Limits } from './domain/guard.ts'
import { type PhoneBinding, usablePhones } from './domain/phone-binding.ts'
import { isRefusal, type Refusal, type RefusalReason } from './domain/refusal.ts'
import type { AuditLog } from './ports/audit-log.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import type { Phones } from './ports/phones.ts'
import type { OpenRecords } from './ports/records.ts'
import { CallRefused, type VoiceEvent, type VoiceGateway } from './ports/voice-gateway.ts'

export interface FactorSettings {
  /** Who the call says is calling. */
  brand: string
  codeDigits: number
  gateDigits: number
  ringSeconds: number
  maxSeconds: number
  limits: Limits
}

export interface PhoneFactorDeps {
  gateway: VoiceGateway
  openRecords: OpenRecords
  phones: Phones
  /** The first derives new codes; a challenge is verified by the key it names, and by no other. */
  codeKeys: readonly CodeKey[]
  audit: AuditLog
  clock: Clock
  log: Log
  settings: FactorSettings
}

/** A page that may start and follow a challenge: whose it is and which interaction it belongs to, all from stored state. */
export interface FactorPage {
  accountId: string
  origin: ChallengeOrigin
}

export interface StartOptions {
  phone: string
  mode: Mode
  /** Used where the binding names none. */
  language?: string
  purpose?: Purpose
}

/** What a page may show. Gate and keyed code are there only while the call they belong to is answered. */
export interface FactorView {
  phones: PhoneBinding[]
  challenge?: Challenge
  gate?: string
  shownCode?: string
  account: AccountFactor
  now: number
}

export type PhoneFactor = ReturnType<typeof phoneFactor>

/** How often a call that another process placed is looked up at its carrier, while somebody watches it. */
const lookUpMilliseconds = 1000
/** Longer than any challenge and its last call. */
const pointerMilliseconds = 60 * 60 * 1000
/** A call without a carrier's reference after this was never placed: its process died in between. */
const placingMilliseconds = 10_000

export function phoneFactor(deps: PhoneFactorDeps) {
  const { gateway, phones, audit, clock, log, settings } = deps
  const currentKey = deps.codeKeys[0]
  if (currentKey === undefined) throw new Error('phoneFactor needs at least one code key: give codeKeys with 32 random bytes or more')
  for (const key of deps.codeKeys)
    if (key.secret.byteLength < 32) throw new Error(`code key "${key.id}" is shorter than 32 bytes: make a new one from a random generator`)
  if (settings.codeDigits < minimumCodeDigits)
    throw new Error(`codeDigits is ${settings.codeDigits}: a code has at least ${minimumCodeDigits} digits`)
  if (settings.gateDigits < 2) throw new Error(`gateDigits is ${settings.gateDigits}: a gate has at least 2 digits`)

  const accounts = deps.openRecords<AccountFactor>('account-factor')
  const challenges = deps.openRecords<{ accountId: string; until: number }>('challenge')
  /** Calls whose carrier reports to this very process. */
  const placedHere = new Set<string>()
  const lookedUpAt = new Map<string, number>()
  const background = new Set<Promise<void>>()
  let draining = false

  /** One atomic change of an account's record, then its audit lines. */
  async function change<R>(accountId: string, decide: (account: AccountFactor) => Change<R>): Promise<Change<R>> {
    const made = await accounts.update(accountId, (current) => {
      const before = current ?? freshAccountFactor
      const result = decide(before)
      return { next: result.account === before ? 'keep' : { value: result.account, expiresAt: keepUntil(result.account, clock.now()) }, result }
    })
    const { challenge } = made.account
    for (const type of made.happened) {
      audit.write({
        type,
        accountId,
        ...(challenge && {
          clientId: challenge.origin.clientId,
          challenge: challenge.id,
          call: challenge.call.id,
          phone: challenge.call.phone,
          mode: challenge.call.mode,
          outcome: challenge.call.outcome,
        }),
      })
    }
    return made
  }

  /** Work that goes on after an answer was given; `drain` waits for it. */
  function later(what: string, work: () => Promise<void>): void {
    const running = work().catch((error: unknown) => log.error({ err: error }, what))
    background.add(running)
    void running.then(() => background.delete(running))
  }

  /** A refusal that nothing stored has to decide. */
  function refuse({ accountId, origin }: FactorPage, refused: RefusalReason): Refusal {
    audit.write({ type: `refused.${refused}`, accountId, clientId: origin.clientId })
    return { refused }
  }

  /** Gate and code of a challenge's call, or nothing when its phone is no longer bound or its key no longer there. */
  async function derive(challenge: Challenge): Promise<{ gate: string; code: string } | undefined> {
    const bound = await phones.of(challenge.accountId)
    const phone = usablePhones(bound).find((candidate) => candidate.id === challenge.call.phone)
    if (phone === undefined) return undefined
    const key = deps.codeKeys.find((candidate) => candidate.id === challenge.call.codeKey)
    if (key === undefined) {
      const keyId = challenge.call.codeKey
      log.error({ keyId }, 'a code key is not configured any more: keep a key until the last challenge that names it has ended')
      return undefined
    }
    const binding: CodeBinding = {
      challenge: challenge.id,
      nonce: challenge.call.nonce,
      account: challenge.accountId,
      number: phone.number,
      purpose: challenge.purpose,
      mode: challenge.call.mode,
      transactionDigest: challenge.origin.transactionDigest,
    }
    return { gate: deriveGate(key, binding, settings.gateDigits), code: deriveCode(key, binding, settings.codeDigits) }
  }

  function step(prompt: Prompt, sequence: number, challenge: Challenge | undefined, code?: string): CallStep {
    const { brand, gateDigits, codeDigits } = settings
    const context = { brand, client: challenge?.origin.clientName ?? '', language: challenge?.call.language ?? 'en', gateDigits, codeDigits }
    const tells = prompt === 'code' || prompt === 'code-slowly'
    return scriptStep(prompt, sequence, tells ? { ...context, code } : context)
  }

  /** Ends what the callee hears of a challenge that was decided elsewhere, if the line is still open. */
  function sayLast(challenge: Challenge, prompt: Prompt): void {
    const { call } = challenge
    if (!call.lineOpen || call.carrierReference === undefined) return
    const placed = { id: call.id, carrierReference: call.carrierReference }
    later(`could not end call ${call.id} at its gateway`, () =>
      gateway.continueWith(placed, step(call.answeredAt === undefined ? 'hang-up' : prompt, 0, challenge)),
    )
  }

  async function place(challenge: Challenge, phone: PhoneBinding): Promise<void> {
    const { call } = challenge
    try {
      const carrierReference = await gateway.place({
        id: call.id,
        to: phone.number,
        extension: phone.extension,
        ringSeconds: call.ringSeconds,
        maxSeconds: call.maxSeconds,
        language: call.language,
      })
      const { account, result: wanted } = await change(challenge.accountId, (current) => {
        const now = current.challenge === undefined ? undefined : settle(current.challenge, clock.now())
        if (now === undefined || now.call.id !== call.id) return { account: current, result: false, happened: [] }
        const referenced = { ...now, call: { ...now.call, carrierReference: now.call.carrierReference ?? carrierReference } }
        return {
          account: { ...current, challenge: referenced },
          result: now.state === 'open' && now.call.state !== 'over',
          happened: ['call.placed'],
        }
      })
      // Cancelled or replaced while the carrier was being asked: the phone must not ring on.
      if (!wanted) await gateway.continueWith({ id: call.id, carrierReference }, step('hang-up', 0, account.challenge))
    } catch (error) {
      if (!(error instanceof CallRefused)) log.error({ err: error, call: call.id }, 'the gateway could not place a call')
      await takeVoiceEvent({ call: call.id, type: 'over', outcome: error instanceof CallRefused ? error.outcome : 'gateway-down' })
    }
  }

  /** Asks the carrier about a call that another process placed, perhaps one that is no longer alive. */
  async function lookUp(account: AccountFactor): Promise<void> {
    const challenge = account.challenge
    if (challenge === undefined || !isLookedUp(challenge)) return
    const { call } = challenge
    const now = clock.now()
    if (now - (lookedUpAt.get(call.id) ?? 0) < lookUpMilliseconds) return
    lookedUpAt.set(call.id, now)
    const found = await askCarrier(call, now)
    if (found === 'live') return
    lookedUpAt.delete(call.id)
    await takeVoiceEvent({ call: call.id, type: 'over', outcome: found === 'unknown' ? 'gateway-down' : found })
  }

  async function askCarrier({ id, carrierReference, startedAt }: Call, now: number): Promise<Awaited<ReturnType<VoiceGateway['lookUp']>>> {
    if (carrierReference === undefined) return now - startedAt < placingMilliseconds ? 'live' : 'unknown'
    try {
      return await gateway.lookUp({ id, carrierReference })
    } catch (error) {
      // No word of the carrier's is no news: the page is shown as it stands, and the call's own deadlines go on.
      log.warn({ err: error, call: id }, 'a carrier could not be asked about a call')
      return 'live'
    }
  }

  function isLookedUp({ call }: Challenge): boolean {
    return call.lineOpen && call.state !== 'over' && !placedHere.has(call.id)
  }

  async function takeVoiceEvent(event: VoiceEvent): Promise<CallStep> {
    const challengeId = event.call.slice(0, event.call.lastIndexOf('.'))
    if (event.type === 'over') {
      placedHere.delete(event.call)
      lookedUpAt.delete(event.call)
    }
    const pointer = await challenges.find(challengeId)
    // A callback from long ago, however well it is signed, says nothing about today.
    const accountId = pointer !== undefined && clock.now() < pointer.until ? pointer.accountId : undefined
    const known = accountId === undefined ? undefined : (await accounts.find(accountId))?.challenge
    if (accountId === undefined || known === undefined) return step('hang-up', 0, undefined)
    const current = known.call.id === event.call
    const denial = event.type === 'keys' && event.keys === '9'
    if (!current && !denial) return step('hang-up', 0, undefined)
    const derived = current ? await derive(known) : undefined
    // A phone that is no longer bound gets no word of ours; that it was denied, and its end, are still recorded.
    if (derived === undefined && !denial && event.type !== 'over') return step('hang-up', 0, known)
    const { gate, code } = derived ?? { gate: '', code: '' }
    const { account, result } = await change(accountId, (current) => hear(current, event, { now: clock.now(), limits: settings.limits, gate, code }))
    // The call that took its place must not ring on for somebody who has said no.
    if (!current && account.challenge !== undefined) sayLast(account.challenge, 'reported')
    return step(result.prompt, result.sequence, account.challenge, code)
  }

  return {
    takeVoiceEvent,

    /** Starts a call to one of the account's phones; the call is placed after this returns. */
    async start(page: FactorPage, options: StartOptions): Promise<Started | Refusal> {
      const bound = await phones.of(page.accountId)
      const usable = usablePhones(bound)
      const phone = usable.find((candidate) => candidate.id === options.phone)
      if (phone === undefined) return refuse(page, usable.length === 0 ? 'no-phone' : 'unknown-phone')
      if (draining) throw new Error('this process is shutting down and places no more calls')
      const existing = await accounts.find(page.accountId)
      if (existing !== undefined) await lookUp(existing)

      const newChallengeId = randomBytes(16).toString('base64url')
      const { result } = await change(page.accountId, (account) =>
        startCall(
          account,
          {
            accountId: page.accountId,
            purpose: options.purpose ?? 'step-up',
            origin: page.origin,
            phone: phone.id,
            mode: options.mode,
            language: phone.language ?? options.language ?? 'en',
            codeKey: currentKey.id,
            ringSeconds: settings.ringSeconds,
            maxSeconds: settings.maxSeconds,
            newChallengeId,
            nonce: randomBytes(16).toString('base64url'),
          },
          clock.now(),
          settings.limits,
        ),
      )
      if (isRefusal(result) || result.started === 'already-calling') return result
      if (result.replaced) sayLast(result.replaced, 'cancelled')
      if (result.challenge.id === newChallengeId) {
        // Before the call is placed: its first event finds the account by this.
        const until = clock.now() + pointerMilliseconds
        const pointer = { value: { accountId: page.accountId, until }, expiresAt: until }
        await challenges.update(newChallengeId, () => ({ next: pointer, result: undefined }))
      }
      placedHere.add(result.challenge.call.id)
      later('a call could not be placed', () => place(result.challenge, phone))
      return result
    },

    /** Takes what was typed as the code; anything but the right number of digits is refused without being counted. */
    async typeCode(page: FactorPage, typed: unknown): Promise<{ confirmed: Challenge } | Refusal> {
      const given = typeof typed === 'string' ? typed.replaceAll(/[\s-]/g, '') : ''
      if (given.length !== settings.codeDigits || !/^\d+$/.test(given)) return refuse(page, 'malformed-code')
      const known = (await accounts.find(page.accountId))?.challenge
      const derived = known === undefined ? undefined : await derive(known)
      if (known === undefined || derived === undefined) return refuse(page, 'no-challenge')
      const attempt = { ...page.origin, call: known.call.id, given, expected: derived.code }
      const { account, result } = await change(page.accountId, (current) => takeTypedCode(current, attempt, clock.now(), settings.limits))
      if (!isRefusal(result)) sayLast(result.confirmed, 'confirmed')
      else if (result.triesLeft === 0 && account.challenge !== undefined) sayLast(account.challenge, 'wrong-code')
      return result
    },

    /** The person gives up: an open challenge of this page ends, and its call with it. */
    async cancel(page: FactorPage): Promise<void> {
      const { result } = await change(page.accountId, (account) => cancel(account, page.origin, clock.now()))
      audit.write({ type: 'step-up.given-up', accountId: page.accountId, clientId: page.origin.clientId })
      if (result) sayLast(result, 'cancelled')
    },

    /** "This was not me": ends this page's challenge and switches the factor off for a while. */
    async report(page: FactorPage): Promise<void> {
      const { result } = await change(page.accountId, (account) => report(account, page.origin, clock.now(), settings.limits))
      if (result) sayLast(result, 'reported')
    },

    /** What the page may show now, judged by the clock. */
    async see(page: FactorPage): Promise<FactorView> {
      const stored = await accounts.find(page.accountId)
      if (stored !== undefined) await lookUp(stored)
      const account = (stored && (await accounts.find(page.accountId))) ?? freshAccountFactor
      const bound = await phones.of(page.accountId)
      const now = clock.now()
      const challenge = ownChallenge(account, page.origin, now)
      const view: FactorView = { phones: usablePhones(bound), challenge, account, now }
      if (challenge?.state !== 'open' || challenge.call.state !== 'answered') return view
      const derived = await derive(challenge)
      if (derived === undefined) return view
      return challenge.call.mode === 'spoken' ? { ...view, gate: derived.gate } : { ...view, shownCode: derived.code }
    },

    /** The page's challenge now, then again whenever it changed, by an event or by time alone. Ends when `signal` aborts. */
    async *follow(page: FactorPage, signal: AbortSignal): AsyncIterable<Challenge | undefined> {
      const changes = accounts.watch(page.accountId, signal)[Symbol.asyncIterator]()
      let pending = changes.next()
      let account: AccountFactor | undefined
      while (!signal.aborted) {
        const wake = wakeAfter(account)
        const news = await Promise.race([pending, wake.elapsed])
        wake.cancel()
        if (news !== 'elapsed') {
          if (news.done) return
          account = news.value
          pending = changes.next()
        }
        if (account !== undefined) await lookUp(account)
        yield account === undefined ? undefined : ownChallenge(account, page.origin, clock.now())
      }
    },

    /** What is stored of an account, for the decision which level it has reached. */
    async accountFactor(accountId: string): Promise<AccountFactor> {
      return (await accounts.find(accountId)) ?? freshAccountFactor
    },

    /** Switches the factor of an account off until `unblock`: no call, no code, no gate counts any more. */
    async block(accountId: string): Promise<void> {
      await change(accountId, (account) => ({
        // What was confirmed before ends with it: whoever the block is for may have confirmed it.
        account: { ...account, block: { reason: 'administrator' }, confirmations: [] },
        result: undefined,
        happened: ['factor.blocked'],
      }))
    },

    /** Lifts every block of the factor and forgets its failures in a row. */
    async unblock(accountId: string): Promise<void> {
      await change(accountId, (account) => ({
        account: { ...account, block: undefined, failuresInARow: 0 },
        result: undefined,
        happened: ['factor.unblocked'],
      }))
    },

    /** Starts no new call from here on, and waits for what is under way at the gateway. Calls in progress go on; their state is stored. */
    async drain(): Promise<void> {
      draining = true
      while (background.size > 0) await Promise.all(background)
    },
  }

  /** Wakes when time changes what a page shows, or when a call of another process is to be looked up again. */
  function wakeAfter(account: AccountFactor | undefined): { elapsed: Promise<'elapsed'>; cancel: () => void } {
    const challenge = account?.challenge
    const now = clock.now()
    const changeAt = challenge === undefined ? undefined : nextChangeAt(settle(challenge, now))
    const lookUpAt = challenge !== undefined && challenge.state === 'open' && isLookedUp(challenge) ? now + lookUpMilliseconds : Infinity
    const at = Math.min(changeAt ?? Infinity, lookUpAt)
    if (at === Infinity) return { elapsed: new Promise(() => {}), cancel: () => {} }
    let cancel = () => {}
    const elapsed = new Promise<'elapsed'>((resolve) => {
      cancel = clock.after(Math.max(0, at - now), () => resolve('elapsed'))
    })
    return { elapsed, cancel }
  }
}

/** Failures and an administrator's block are never forgotten by time; anything else a month after it last mattered. */
function keepUntil(account: AccountFactor, now: number): number {
  if (account.failuresInARow > 0 || (account.block && account.block.until === undefined)) return Infinity
  return Math.max(now, account.block?.until ?? 0) + 30 * 24 * 60 * 60 * 1000
}
