// A transfer of money from the form to the API: sent, challenged, confirmed by phone, and sent once more. Never more than that by itself.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { ApiClient } from './api-client.ts'
import { ProviderUnreachable, type RelyingParty, type SignedIn } from './relying-party.ts'
import type { Attempt, Session } from './sessions.ts'
import type { StepUpRequirement } from './step-up-challenge.ts'
import type { TransferOrder } from './transfer-order.ts'

/** Why a transfer was not made. */
export type TransferFailure =
  /** The provider ended the step-up with an error of its own. */
  | { reason: 'not-confirmed'; error: string; description?: string }
  | { reason: 'someone-else' }
  | { reason: 'not-enough' }
  | { reason: 'provider-unreachable' }
  | { reason: 'sign-in-expired' }
  | { reason: 'rejected'; message: string }

export interface Transfer {
  readonly id: string
  readonly order: TransferOrder
  /** `challenged`: waits for the person to come back from the provider. */
  state: 'sending' | 'challenged' | 'done' | 'failed'
  /** What the API's challenge asked for. */
  requirement?: StepUpRequirement
  failure?: TransferFailure
  /** Who the API moved the money for: the sign-in whose token it accepted. */
  by?: SignedIn
  doneAt?: number
}

export interface Transfers {
  /** Sends a new transfer to the API. It ends up `done`, `failed`, or `challenged`: then the person has to step up. */
  send(session: Session, signedIn: SignedIn, order: TransferOrder): Promise<Transfer>
  /** Sends a failed transfer again, because the person asked for it. */
  sendAgain(transfer: Transfer, signedIn: SignedIn): Promise<void>
  /** Takes the provider's answer to a step-up, and with it sends the transfer once more. */
  resume(session: Session, transfer: Transfer, query: string, attempt: Attempt): Promise<void>
}

const mostTransfers = 50

export function createTransfers(deps: { api: ApiClient; relyingParty: RelyingParty; clock: Clock; logger?: Log }): Transfers {
  async function deliver(transfer: Transfer, signedIn: SignedIn, whenChallenged: 'step-up' | 'fail'): Promise<void> {
    transfer.state = 'sending'
    transfer.failure = undefined
    const answer = await deps.api.transfer(signedIn.accessToken, transfer.order).catch((error: unknown) => {
      fail(transfer, { reason: 'rejected', message: 'The bank did not answer, so look at your account before you try again.' })
      throw error
    })
    switch (answer.outcome) {
      case 'ok':
        transfer.state = 'done'
        transfer.by = signedIn
        transfer.doneAt = deps.clock.now()
        deps.logger?.info({ transfer: transfer.id, acr: signedIn.claims.acr }, 'transfer done')
        return
      case 'step-up':
        if (whenChallenged === 'fail') return fail(transfer, { reason: 'not-enough' })
        transfer.state = 'challenged'
        transfer.requirement = answer.requirement
        deps.logger?.info({ transfer: transfer.id, ...answer.requirement }, 'transfer challenged: step-up needed')
        return
      case 'sign-in':
        return fail(transfer, { reason: 'sign-in-expired' })
      case 'rejected':
        return fail(transfer, { reason: 'rejected', message: answer.message })
    }
  }

  function fail(transfer: Transfer, failure: TransferFailure): void {
    transfer.state = 'failed'
    transfer.failure = failure
    deps.logger?.info({ transfer: transfer.id, reason: failure.reason, error: 'error' in failure ? failure.error : undefined }, 'transfer not made')
  }

  return {
    async send(session, signedIn, order) {
      const transfer: Transfer = { id: randomUUID(), order, state: 'sending' }
      const [oldest] = session.transfers.keys()
      if (oldest !== undefined && session.transfers.size >= mostTransfers) session.transfers.delete(oldest)
      session.transfers.set(transfer.id, transfer)
      await deliver(transfer, signedIn, 'step-up')
      return transfer
    },

    async sendAgain(transfer, signedIn) {
      if (transfer.state === 'failed') await deliver(transfer, signedIn, 'step-up')
    },

    async resume(session, transfer, query, attempt) {
      const before = session.signedIn
      // Another tab may have stepped up for the same transfer: only the first answer sends it.
      const first = transfer.state === 'challenged'
      if (first) transfer.state = 'sending'
      let answer: Awaited<ReturnType<RelyingParty['finish']>>
      try {
        answer = await deps.relyingParty.finish(query, attempt)
      } catch (error) {
        if (first) fail(transfer, { reason: 'provider-unreachable' })
        if (error instanceof ProviderUnreachable) return
        throw error
      }
      if ('error' in answer) {
        if (first) fail(transfer, { reason: 'not-confirmed', error: answer.error, description: answer.description })
        return
      }
      // The order was given by the person who was signed in here. Nobody else's confirmation may carry it out.
      if (before === undefined || before.sub !== answer.sub) {
        if (first) fail(transfer, { reason: 'someone-else' })
        return
      }
      session.signedIn = answer
      if (first) await deliver(transfer, answer, 'fail')
    },
  }
}
