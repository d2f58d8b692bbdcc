// The exchange: every handset and every call of the carrier, in memory only.
import type { Clock } from '../ports/clock.ts'
import { type Behaviour, type CallOrder, type CarrierCall, createCarrierCall } from './call.ts'
import type { Pace } from './conversation.ts'
import type { CallFault } from './twiml.ts'

export interface Handset {
  readonly number: string
  readonly label?: string
  behaviour: Behaviour
  /** Newest first. */
  readonly calls: CarrierCall[]
}

export interface CarrierOptions {
  accountSid: string
  authToken: string
  clock: Clock
  pace: Pace
  knownHandsets: readonly { number: string; label?: string }[]
  onFault(call: CarrierCall, fault: CallFault): void
}

export interface Carrier {
  /** Orders a call; it starts to ring only after whoever ordered it has been told its sid. */
  place(order: CallOrder): CarrierCall
  call(sid: string): CarrierCall | undefined
  /** A handset exists from its first use. */
  handset(number: string): Handset
  handsets(): Handset[]
  /** Changes how a handset takes the calls that come from now on. */
  behave(handset: Handset, behaviour: Behaviour): void
  /** Tells the number of every handset that something happens at; returns how to stop it. */
  onChange(listener: (number: string) => void): () => void
  /** Ends every call without a word to anybody. */
  close(): void
}

const callsKeptPerHandset = 100

export function createCarrier(options: CarrierOptions): Carrier {
  const handsets = new Map<string, Handset>()
  const calls = new Map<string, CarrierCall>()
  const listeners = new Set<(number: string) => void>()
  const closing = new AbortController()
  const dialling = new Set<NodeJS.Immediate>()

  function handset(number: string): Handset {
    const existing = handsets.get(number)
    if (existing !== undefined) return existing
    const label = options.knownHandsets.find((known) => known.number === number)?.label
    const created: Handset = { number, label, behaviour: 'manual', calls: [] }
    handsets.set(number, created)
    tell(number)
    return created
  }

  const trunk = {
    accountSid: options.accountSid,
    authToken: options.authToken,
    clock: options.clock,
    pace: options.pace,
    closing: closing.signal,
    onChange: (call: CarrierCall) => tell(call.order.to),
    onFault: options.onFault,
  }

  function tell(number: string): void {
    for (const listener of listeners) listener(number)
  }

  for (const { number } of options.knownHandsets) handset(number)

  return {
    place(order) {
      const call = createCarrierCall(order, trunk)
      const called = handset(order.to)
      calls.set(call.sid, call)
      called.calls.unshift(call)
      for (const old of called.calls.slice(callsKeptPerHandset)) if (old.state.endedAt !== undefined) forget(called, old)
      const dial = setImmediate(() => {
        dialling.delete(dial)
        call.dial(called.behaviour)
      })
      dialling.add(dial)
      tell(order.to)
      return call
    },
    call: (sid) => calls.get(sid),
    handset,
    handsets: () => [...handsets.values()],
    behave(handset, behaviour) {
      handset.behaviour = behaviour
      tell(handset.number)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      listeners.clear()
      closing.abort()
      for (const dial of dialling) clearImmediate(dial)
      for (const call of calls.values()) call.complete()
    },
  }

  function forget(called: Handset, call: CarrierCall): void {
    calls.delete(call.sid)
    called.calls.splice(called.calls.indexOf(call), 1)
  }
}
