// What happens in an answered call: TwiML documents are fetched, said and asked, one after the other, until one ends or somebody hangs up.
import type { Clock } from '../ports/clock.ts'
import { CallFault, type Gather, type HttpMethod, type Pause, parseTwiml, type Say, type Verb } from './twiml.ts'
import type { WebhookReply } from './webhook.ts'

/** Where a call's next document comes from. */
export type Instructions = { url: string; method: HttpMethod; params?: Record<string, string> } | { twiml: string }

/** How long things take. */
export interface Pace {
  speechMillisecondsPerCharacter: number
  /** What a `<Pause>` outside `<Gather>` is multiplied with; inside one it always takes its time, for keys are awaited in it. */
  pauseTimeFactor: number
}

/** The call that a conversation is held in. */
export interface Line {
  clock: Clock
  pace: Pace
  fetchTwiml(url: string, method: HttpMethod, params: Record<string, string>, signal: AbortSignal): Promise<WebhookReply>
  /** The callee hears this, from now on. */
  onSaid(say: Say): void
  /** `gathering()` says something else than before. */
  onGathering(): void
  /** The last document has ended, or failed: hang up. */
  onEnd(fault?: CallFault): void
}

export interface Conversation {
  /** One key of the callee; it is taken only while keys are gathered. */
  press(key: string): 'taken' | 'discarded'
  /** What keys are awaited now; `numDigits` is null when the caller set no number. */
  gathering(): { numDigits: number | null } | null
  /** Goes on with another document, in place of what is being said or gathered. */
  redirect(instructions: Instructions): void
  /** Nothing more is said or asked. */
  stop(): void
}

/** The keys of one `<Gather>` so far. */
interface Entry {
  gather: Gather
  keys: string
  finishedBy?: string
  onKey(): void
}

const xmlTypes = new Set(['text/xml', 'application/xml', 'text/html'])

export function startConversation(first: Instructions, line: Line): Conversation {
  let running = new AbortController()
  let entry: Entry | undefined

  async function run(start: Instructions, signal: AbortSignal): Promise<void> {
    let next: Instructions | undefined = start
    let base: string | undefined
    try {
      // Whoever started the conversation has it in hand before the first word.
      await Promise.resolve()
      signal.throwIfAborted()
      while (next !== undefined) {
        let document: string
        if ('twiml' in next) document = next.twiml
        else {
          const reply = await line.fetchTwiml(next.url, next.method, next.params ?? {}, signal)
          signal.throwIfAborted()
          if (!xmlTypes.has(reply.type)) throw new CallFault(12300, `TwiML has the type text/xml, not "${reply.type}"`)
          document = reply.body
          base = next.url
        }
        next = await carryOut(parseTwiml(document), base, signal)
      }
      line.onEnd()
    } catch (error) {
      if (signal.aborted) return
      line.onEnd(error instanceof CallFault ? error : new CallFault(11000, 'the carrier itself failed'))
    }
  }

  async function carryOut(verbs: Verb[], base: string | undefined, signal: AbortSignal): Promise<Instructions | undefined> {
    for (const verb of verbs) {
      switch (verb.verb) {
        case 'say':
          line.onSaid(verb)
          await wait(verb.text.length * line.pace.speechMillisecondsPerCharacter, signal)
          break
        case 'pause':
          await wait(verb.seconds * 1000 * line.pace.pauseTimeFactor, signal)
          break
        case 'gather': {
          const params = await gather(verb, signal)
          if (params !== undefined) return { url: resolve(verb.action, base), method: verb.method, params }
          break
        }
        case 'redirect':
          return { url: resolve(verb.url, base), method: verb.method }
        case 'hangup':
        case 'reject':
          return undefined
      }
    }
    return undefined
  }

  /** The parameters for the action; undefined when nothing was keyed and the document goes on below. */
  async function gather(verb: Gather, signal: AbortSignal): Promise<Record<string, string> | undefined> {
    const mine: Entry = { gather: verb, keys: '', onKey: () => {} }
    entry = mine
    line.onGathering()
    // The first key ends the prompts: this is Twilio's barge-in.
    for (const prompt of verb.prompts) if (mine.keys === '' && mine.finishedBy === undefined) await promptInside(prompt, mine, signal)
    while (!isFinished(mine) && (await keyWithin(verb.timeoutSeconds * 1000, mine, signal)));
    if (entry === mine) entry = undefined
    line.onGathering()
    if (mine.keys === '' && !verb.actionOnEmptyResult) return undefined
    return { Digits: mine.keys, FinishedOnKey: mine.finishedBy ?? '', msg: 'Gather End' }
  }

  async function promptInside(prompt: Say | Pause, mine: Entry, signal: AbortSignal): Promise<void> {
    if (prompt.verb === 'say') line.onSaid(prompt)
    const milliseconds = prompt.verb === 'say' ? prompt.text.length * line.pace.speechMillisecondsPerCharacter : prompt.seconds * 1000
    if (milliseconds > 0) await keyWithin(milliseconds, mine, signal)
  }

  /** Whether a key came within this time. */
  function keyWithin(milliseconds: number, mine: Entry, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const settle = (came: boolean) => {
        cancel()
        mine.onKey = () => {}
        signal.removeEventListener('abort', abort)
        if (signal.aborted) reject(signal.reason)
        else resolve(came)
      }
      const abort = () => settle(false)
      const cancel = line.clock.after(milliseconds, () => settle(false))
      mine.onKey = () => settle(true)
      signal.addEventListener('abort', abort)
    })
  }

  async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (milliseconds <= 0) return
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        cancel()
        reject(signal.reason)
      }
      const cancel = line.clock.after(milliseconds, () => {
        signal.removeEventListener('abort', abort)
        resolve()
      })
      signal.addEventListener('abort', abort)
    })
  }

  function stop(): void {
    running.abort()
    entry = undefined
  }

  void run(first, running.signal)

  return {
    press(key) {
      if (entry === undefined) return 'discarded'
      if (entry.gather.finishOnKey.includes(key)) entry.finishedBy = key
      else entry.keys += key
      const { onKey } = entry
      // Keys that come after the entry is complete belong to nobody.
      if (isFinished(entry)) entry = undefined
      onKey()
      return 'taken'
    },
    gathering: () => (entry === undefined ? null : { numDigits: entry.gather.numDigits ?? null }),
    redirect(instructions) {
      stop()
      line.onGathering()
      running = new AbortController()
      void run(instructions, running.signal)
    },
    stop,
  }
}

function isFinished({ gather, keys, finishedBy }: Entry): boolean {
  return finishedBy !== undefined || (gather.numDigits !== undefined && keys.length >= gather.numDigits)
}

/** A URL in a document counts from the document's own; without one in an attribute it is the document's own. */
function resolve(target: string | undefined, base: string | undefined): string {
  const url = target === undefined ? base : URL.parse(target, base)?.href
  if (url === undefined) throw new CallFault(11100, 'a URL in the TwiML is neither absolute nor can be completed from that of its document')
  return url
}
