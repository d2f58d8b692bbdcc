// A telephone of the simulated carrier, in the hands of a test: what a person would do with it, over its public interface.

export interface HeardCall {
  sid: string
  status: string
  from: string
  heard: { text: string; language: string; at: string }[]
  gathering: { numDigits: number } | null
}

export type Behaviour = 'manual' | 'answer' | 'busy' | 'decline' | 'no-answer' | 'unreachable' | 'voicemail' | 'greeting-with-tones'

export interface Handset {
  behave(behaviour: Behaviour): Promise<void>
  calls(): Promise<HeardCall[]>
  /** The newest call once it is as wanted. Throws after twenty seconds, telling how it is instead. */
  until(what: string, wanted: (call: HeardCall) => boolean): Promise<HeardCall>
  answer(): Promise<HeardCall>
  act(action: 'answer' | 'decline' | 'busy' | 'hang-up', sid?: string): Promise<Response>
  key(keys: string, sid?: string): Promise<Response>
  /** Answers, keys the gate that the page shows once it is asked for, and listens for the code. */
  codeThrough(gate: () => Promise<string>): Promise<string>
}

/** The handset of a number, E.164. */
export function handset(carrierUrl: string, number: string): Handset {
  const base = `${carrierUrl}/handsets/${number}`

  async function calls(): Promise<HeardCall[]> {
    return (await (await fetch(`${base}/calls`)).json()) as HeardCall[]
  }

  async function until(what: string, wanted: (call: HeardCall) => boolean): Promise<HeardCall> {
    let newest: HeardCall | undefined
    const isThere = async () => {
      newest = (await calls())[0]
      return newest !== undefined && wanted(newest) ? newest : undefined
    }
    try {
      const changes = await fetch(`${base}/events`, { signal: AbortSignal.timeout(20_000) })
      const already = await isThere()
      if (already !== undefined) {
        await changes.body?.cancel()
        return already
      }
      for await (const _ of changes.body ?? []) {
        const there = await isThere()
        if (there !== undefined) return there
      }
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'TimeoutError')) throw error
    }
    throw new Error(`the handset waited in vain until ${what}: ${JSON.stringify(newest)}`)
  }

  async function sidOf(sid: string | undefined): Promise<string> {
    return sid ?? (await until('it rings', () => true)).sid
  }

  const handset: Handset = {
    calls,
    until,
    async behave(behaviour) {
      await fetch(base, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ behaviour }) })
    },
    async act(action, sid) {
      return fetch(`${base}/calls/${await sidOf(sid)}/${action}`, { method: 'POST' })
    },
    async key(keys, sid) {
      const body = JSON.stringify({ keys })
      return fetch(`${base}/calls/${await sidOf(sid)}/keys`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    },
    async answer() {
      const ringing = await until('it rings', (call) => call.status === 'ringing')
      await handset.act('answer', ringing.sid)
      return until('it is asked for keys', (call) => call.sid === ringing.sid && call.gathering !== null)
    },
    async codeThrough(gate) {
      const answered = await handset.answer()
      await handset.key(await gate(), answered.sid)
      const told = await until('the code is told', (call) => call.sid === answered.sid && spokenCode(call) !== undefined)
      return spokenCode(told) ?? ''
    },
  }
  return handset
}

/** The code that was spoken in a call: the last utterance that is nothing but single digits. */
export function spokenCode(call: HeardCall): string | undefined {
  return call.heard
    .map(({ text }) => text)
    .findLast((text) => /^\d( \d)+$/.test(text))
    ?.replaceAll(' ', '')
}
