// The page of the call: shows the stored challenge, and applies to it what the person does.
import type { Context } from 'koa'
import type { Provider } from 'oidc-provider'
import { challengeExpiresAt, pageState } from '../domain/challenge.ts'
import type { Mode } from '../domain/code.ts'
import { blockAt, refuseCall } from '../domain/guard.ts'
import { formatPhoneNumber, maskPhoneNumber } from '../domain/phone-number.ts'
import type { StepUpPolicy } from '../domain/policy.ts'
import { isRefusal, type Refusal, refusalStatus } from '../domain/refusal.ts'
import { type PhoneResult, phonePrompt, type StepUp } from '../oidc/step-up.ts'
import type { FactorPage, FactorSettings, FactorView, PhoneFactor } from '../phone-factor.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { sendEvents } from './event-stream.ts'
import { type InteractionResult, isObject, mountInteractionPages, type Visit } from './interaction-pages.ts'
import type { PageFrames } from './page-frame.ts'
import type { FinishedKind, PhonePage } from './page-models.ts'

export interface PhonePagesDeps {
  provider: Provider
  factor: PhoneFactor
  stepUp: StepUp
  policyFor(clientId: string): StepUpPolicy
  settings: FactorSettings
  /** The number we call from, shown before the phone rings; E.164. */
  callFrom?: string
  frames: PageFrames
  clock: Clock
  log: Log
  /** Aborts when the process shuts down: event streams end. */
  closing: AbortSignal
}

const notMe: InteractionResult = { error: 'access_denied', error_description: 'the End-User did not start this' }
const gaveUp: InteractionResult = { error: 'access_denied', error_description: 'the End-User gave up' }

/** Puts the pages on the provider, below `path`. */
export function mountPhonePages(path: string, deps: PhonePagesDeps): void {
  const { provider, factor, frames } = deps
  mountInteractionPages<Refusal>({
    provider,
    frames,
    path,
    prompt: phonePrompt,

    async act(_, visit, form) {
      const page = factorPage(visit)
      switch (form.action) {
        case 'call':
          // Nobody is called for what another tab has settled meanwhile: the page shown next moves on.
          return (await isSettled(visit)) ? undefined : startCall(visit, page, form)
        case 'verify':
          return problem(await factor.typeCode(page, form.code))
        case 'cancel': {
          // Somebody who could not be confirmed at all did not give up: the client is told that its demand is unmet.
          const outOfReach = await isOutOfReach(page)
          await factor.cancel(page)
          return { result: outOfReach ? { [phonePrompt]: { unmet: true } satisfies PhoneResult } : gaveUp }
        }
        case 'not-me':
          await factor.report(page)
          return { result: notMe }
        default:
          return undefined
      }
    },

    async resultOf(visit) {
      if (await isSettled(visit)) return { [phonePrompt]: { done: true } satisfies PhoneResult }
      const { challenge } = await factor.see(factorPage(visit))
      return challenge?.state === 'reported' ? notMe : undefined
    },

    async show(ctx, visit, refusal) {
      const { client, here } = visit
      const view = await factor.see(factorPage(visit))
      if (view.phones.length === 0) return frames.show(ctx, { page: 'no-phone', client, action: here })
      frames.show(ctx, phonePage(view, visit, deps, refusal), refusal === undefined ? 200 : refusalStatus[refusal.refused])
      if (refusal?.retryAt !== undefined) ctx.set('Retry-After', String(Math.max(1, Math.ceil((refusal.retryAt - view.now) / 1000))))
    },

    finishedKind,
    events: sendChanges,
  })

  /** Confirmed here, or in another tab of the same session: the one decision says so. */
  async function isSettled({ interaction }: Visit): Promise<boolean> {
    return (await deps.stepUp.decideInteraction(provider, interaction)).need === 'nothing'
  }

  /** A field that is doubled or of another shape is no wish at all. */
  async function startCall({ clientId }: Visit, page: FactorPage, form: Record<string, unknown>): Promise<{ problem: Refusal } | undefined> {
    const { modes } = deps.policyFor(clientId)
    const mode = form.mode ?? modes[0]
    if (!isMode(mode) || !modes.includes(mode)) return { problem: { refused: 'mode-not-allowed' } }
    const phone = form.phone ?? (await factor.see(page)).phones[0]?.id
    return problem(await factor.start(page, { phone: typeof phone === 'string' ? phone : '', mode }))
  }

  /** No phone to call, the factor blocked, or the last attempt ended by wrong codes. */
  async function isOutOfReach(page: FactorPage): Promise<boolean> {
    const view = await factor.see(page)
    return view.phones.length === 0 || blockAt(view.account.block, view.now) !== undefined || view.challenge?.state === 'wrong-code'
  }

  function sendChanges(ctx: Context, visit: Visit): void {
    const follow = async function* (signal: AbortSignal) {
      for await (const challenge of factor.follow(factorPage(visit), signal)) {
        // The state, and a mark of everything else that a page shows differently; never a gate, never a code.
        const own = challenge && [challenge.calls, challenge.failures, challenge.contestedAt ?? '']
        const mark = (own ?? [(await isSettled(visit)) ? 'settled' : '']).join('.')
        yield JSON.stringify({ state: pageState(challenge), mark })
      }
    }
    sendEvents(ctx, follow, deps.closing, deps.clock, deps.log)
  }

  /** What the factor knows this page by: stored facts, all of them. */
  function factorPage({ interaction, clientId, client }: Visit): FactorPage {
    const { uid, cid, session } = interaction
    if (session === undefined) throw new Error('a phone interaction without a signed-in session')
    const raisesSession = deps.policyFor(clientId).phoneMaxAge > 0
    return { accountId: session.accountId, origin: { uid, cid, clientId, clientName: client, sessionUid: session.uid, raisesSession } }
  }
}

function phonePage(view: FactorView, visit: Visit, deps: PhonePagesDeps, refusal: Refusal | undefined): PhonePage {
  const { challenge, account, phones, now } = view
  const { limits, codeDigits } = deps.settings
  const { modes } = deps.policyFor(visit.clientId)
  const state = pageState(challenge)
  const block = blockAt(account.block, now)
  const blocked: Refusal | undefined = block && { refused: 'factor-blocked', retryAt: block.until }
  const wait = blocked ?? refuseCall(account.callsAt, now, limits)
  const open = challenge?.state === 'open' ? challenge : undefined
  const called = phones.find((phone) => phone.id === challenge?.call.phone)
  const triesLeft = open && open.failures > 0 ? limits.failuresPerChallenge - open.failures : undefined
  const goingOn = ['dialling', 'ringing', 'answered', 'gate-passed'].includes(state)
  const mode = challenge && modes.includes(challenge.call.mode) ? challenge.call.mode : (modes[0] ?? 'spoken')
  return {
    page: 'phone',
    client: visit.client,
    state,
    phones: phones.map((phone) => ({
      id: phone.id,
      masked: maskPhoneNumber(phone.number),
      label: phone.label,
      selected: phone === (called ?? phones[0]),
    })),
    modes,
    mode,
    callFrom: deps.callFrom && formatPhoneNumber(deps.callFrom),
    calling: called && maskPhoneNumber(called.number),
    gate: view.gate,
    shownCode: view.shownCode,
    codeDigits,
    now,
    expiresAt: open && challengeExpiresAt(open),
    triesLeft,
    // Read from the store as well, so that a page loaded afresh says it too; a block outweighs the wrong code that brought it.
    refusal: blocked ?? refusal ?? (triesLeft === undefined ? undefined : { refused: 'wrong-code', triesLeft }),
    contested: open?.contestedAt !== undefined,
    canCall: !goingOn && wait === undefined,
    retryAt: wait?.retryAt,
    action: visit.here,
    here: visit.here,
    events: `${visit.here}/events`,
  }
}

function problem(outcome: object | Refusal): { problem: Refusal } | undefined {
  return isRefusal(outcome) ? { problem: outcome } : undefined
}

function finishedKind(result: InteractionResult): FinishedKind {
  if (result.error !== undefined) return result.error_description === notMe.error_description ? 'reported' : 'cancelled'
  const phone = result[phonePrompt]
  return isObject(phone) && 'unmet' in phone ? 'unmet' : 'confirmed'
}

function isMode(value: unknown): value is Mode {
  return value === 'spoken' || value === 'keyed'
}
