// What every voice gateway must do, whoever its carrier is. A gateway's own test calls this with a carrier and telephones of its own.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CallStep, Utterance } from '../../src/domain/call-script.ts'
import { CallRefused, type PlacedCall, type VoiceEvent, type VoiceGateway } from '../../src/ports/voice-gateway.ts'

export type TelephoneBehaviour = 'manual' | 'answer' | 'busy' | 'decline' | 'no-answer' | 'unreachable' | 'voicemail' | 'greeting-with-tones'

/** A telephone at the other end. */
export interface Telephone {
  /** E.164. */
  number: string
  /** Waits until it rings. */
  rings(): Promise<void>
  answer(): Promise<void>
  hangUp(): Promise<void>
  /** Presses keys, at once. */
  press(keys: string): Promise<void>
  /** Waits until everything of a step has been said and keys are awaited. */
  awaitsKeys(): Promise<void>
  /** What was said to it so far, utterance by utterance. */
  heard(): Promise<string[]>
}

/** A gateway that was not started yet, between a carrier and telephones. */
export interface GatewayLab {
  gateway: VoiceGateway
  telephone(behaviour: TelephoneBehaviour): Promise<Telephone>
  /** Lets time pass for the carrier. */
  pass(seconds: number): Promise<void>
  /** E.164 in form, but not a number that this carrier calls. */
  uncallable: { number: string; outcome: 'invalid-number' | 'unreachable' }
  /** Looks like a reference of this carrier's, and is none. */
  unknownReference: string
  close(): Promise<void>
}

const words = (text: string): Utterance => ({ text, language: 'en-US' })
const hangUp = (sequence: number, ...say: Utterance[]): CallStep => ({ sequence, say, next: { do: 'hang-up' } })
const gather = (sequence: number, digits: number, ...say: Utterance[]): CallStep => ({
  sequence,
  say,
  next: { do: 'gather', digits, firstKeySeconds: 20, nextKeySeconds: 3 },
})

export function describeVoiceGateway(name: string, setup: () => Promise<GatewayLab>): void {
  describe(`${name}: a voice gateway`, () => {
    let lab: GatewayLab
    let events: EventLog
    let calls = 0

    beforeEach(async () => {
      lab = await setup()
      events = eventLog()
      await lab.gateway.start(events.report)
    })
    afterEach(() => lab.close())

    async function place(
      telephone: Pick<Telephone, 'number'>,
      limits: { ringSeconds?: number; maxSeconds?: number } = {},
    ): Promise<PlacedCall & { carrierReference: string }> {
      calls += 1
      const id = `contract-call-${calls}`
      const carrierReference = await lab.gateway.place({ id, to: telephone.number, ringSeconds: 25, maxSeconds: 300, language: 'en', ...limits })
      return { id, carrierReference }
    }

    it('reports ringing, answered and the end, under our id and with the reference that it returned', async () => {
      const telephone = await lab.telephone('manual')
      const call = await place(telephone)
      await telephone.rings()
      await telephone.answer()
      await events.until('over')
      expect(events.all.map(({ type }) => type)).toEqual(['ringing', 'answered', 'over'])
      for (const event of events.all) expect(event).toMatchObject({ call: call.id, carrierReference: call.carrierReference })
      expect(events.all[2]).toMatchObject({ outcome: 'ended' })
    })

    it('says each utterance of the step on its own and in order, then hangs up', async () => {
      events.onAnswered = hangUp(1, words('Your code is:'), words('1 2 3 4 5 6'), { pauseSeconds: 1 }, { ...words('7 8 9'), slow: true })
      const telephone = await lab.telephone('answer')
      await place(telephone)
      expect(await events.until('over')).toMatchObject({ outcome: 'ended' })
      expect(await telephone.heard()).toEqual(['Your code is:', '1 2 3 4 5 6', '7 8 9'])
    })

    it('reports the keys that answer a step, with the number of that step, and goes on with the next', async () => {
      events.onAnswered = gather(7, 2, words('Key two digits.'))
      events.onKeys = hangUp(8, words('Thank you.'))
      const telephone = await lab.telephone('answer')
      await place(telephone)
      await telephone.awaitsKeys()
      await telephone.press('4')
      await telephone.press('2')
      expect(await events.until('keys')).toMatchObject({ sequence: 7, keys: '42' })
      await events.until('over')
      expect(await telephone.heard()).toEqual(['Key two digits.', 'Thank you.'])
    })

    it.each(['9', '#', '*'])('reports a lone %s that is followed by a pause', async (key) => {
      events.onAnswered = gather(1, 6, words('Key six digits.'))
      const telephone = await lab.telephone('answer')
      await place(telephone)
      await telephone.awaitsKeys()
      await telephone.press(key)
      await lab.pass(6)
      expect(await events.until('keys')).toMatchObject({ sequence: 1, keys: key })
    })

    it('reports no keys when the first did not come in time, and not before', async () => {
      events.onAnswered = gather(3, 2, words('Key two digits.'))
      const telephone = await lab.telephone('answer')
      await place(telephone)
      await telephone.awaitsKeys()
      await lab.pass(18)
      await telephone.awaitsKeys()
      expect(events.all.map(({ type }) => type)).not.toContain('keys')
      await lab.pass(3)
      expect(await events.until('keys')).toMatchObject({ sequence: 3, keys: '' })
    })

    it('discards keys that come while something is said: a greeting with tones keys nothing', async () => {
      events.onAnswered = gather(1, 2, words('Key two digits.'))
      const telephone = await lab.telephone('greeting-with-tones')
      await place(telephone)
      await telephone.awaitsKeys()
      await lab.pass(21)
      expect(await events.until('keys')).toMatchObject({ sequence: 1, keys: '' })
    })

    it.each([
      ['busy', 'busy'],
      ['decline', 'declined'],
      ['unreachable', 'unreachable'],
    ] as const)('reports a telephone that is told to %s as %s', async (behaviour, outcome) => {
      await place(await lab.telephone(behaviour))
      expect(await events.until('over')).toMatchObject({ outcome })
      expect(events.all.map(({ type }) => type)).not.toContain('answered')
    })

    it('lets it ring as long as it was told to, then reports no answer', async () => {
      const telephone = await lab.telephone('no-answer')
      const call = await place(telephone, { ringSeconds: 20 })
      await telephone.rings()
      await lab.pass(18)
      expect(await lab.gateway.lookUp(call)).toBe('live')
      await lab.pass(3)
      expect(await events.until('over')).toMatchObject({ outcome: 'no-answer' })
    })

    it('never takes a voicemail for a person', async () => {
      await place(await lab.telephone('voicemail'))
      const event = await events.until('answered')
      expect(event.type === 'answered' && event.by).not.toBe('person')
    })

    it('reports the end when the callee hangs up', async () => {
      events.onAnswered = gather(1, 2, words('Key two digits.'))
      const telephone = await lab.telephone('answer')
      await place(telephone)
      await telephone.awaitsKeys()
      await telephone.hangUp()
      expect(await events.until('over')).toMatchObject({ outcome: 'ended' })
    })

    it('cuts a call off after the time that it was given', async () => {
      events.onAnswered = gather(1, 2, words('Key two digits.'))
      const telephone = await lab.telephone('answer')
      await place(telephone, { maxSeconds: 12 })
      await telephone.awaitsKeys()
      await lab.pass(13)
      expect(await events.until('over')).toMatchObject({ outcome: 'ended' })
    })

    it('throws CallRefused for a number that its carrier does not call, and names no number in it', async () => {
      const { number, outcome } = lab.uncallable
      const refusal = await place({ number }).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(CallRefused)
      expect(refusal).toMatchObject({ outcome })
      expect(String(refusal)).not.toContain(number.slice(1))
    })

    it.each(['12025550143', '+1202555;x=1', '+1202555\r\n0143', 'sip:a@b', ''])('throws CallRefused for %j, which is no number', async (number) => {
      await expect(place({ number })).rejects.toMatchObject({ name: 'CallRefused', outcome: 'invalid-number' })
    })

    it('puts a step in place of what the call is doing, and keys no longer answer the step before', async () => {
      events.onAnswered = gather(1, 2, words('Key two digits.'))
      const telephone = await lab.telephone('answer')
      const call = await place(telephone)
      await telephone.awaitsKeys()
      await lab.gateway.continueWith(call, gather(2, 1, words('Once more.')))
      await heard(telephone, ['Key two digits.', 'Once more.'])
      await telephone.awaitsKeys()
      await telephone.press('5')
      expect(await events.until('keys')).toMatchObject({ sequence: 2, keys: '5' })
    })

    it('has nothing left of a step that another took the place of', async () => {
      events.onAnswered = gather(1, 2, words('Key two digits.'))
      const telephone = await lab.telephone('answer')
      const call = await place(telephone)
      await telephone.awaitsKeys()
      await lab.pass(12)
      await lab.gateway.continueWith(call, gather(2, 1, words('Once more.')))
      await heard(telephone, ['Key two digits.', 'Once more.'])
      await telephone.awaitsKeys()
      await lab.pass(12)
      await telephone.awaitsKeys()
      await lab.pass(10)
      await events.until('over')
      expect(events.all.filter(({ type }) => type === 'keys')).toMatchObject([{ sequence: 2, keys: '' }])
    })

    it('says goodbye in a call in progress and ends it', async () => {
      events.onAnswered = gather(1, 2, words('Key two digits.'))
      const telephone = await lab.telephone('answer')
      const call = await place(telephone)
      await telephone.awaitsKeys()
      await lab.gateway.continueWith(call, hangUp(2, words('Goodbye.')))
      expect(await events.until('over')).toMatchObject({ outcome: 'ended' })
      expect(await telephone.heard()).toEqual(['Key two digits.', 'Goodbye.'])
    })

    it.each([
      ['only hangs up', hangUp(1)],
      ['says something first', hangUp(1, words('Goodbye.'))],
    ])('ends a call that still rings with a step that %s', async (_, step) => {
      const telephone = await lab.telephone('manual')
      const call = await place(telephone)
      await telephone.rings()
      await lab.gateway.continueWith(call, step)
      expect(await events.until('over')).toMatchObject({ outcome: 'ended' })
      expect(events.all.map(({ type }) => type)).not.toContain('answered')
    })

    it('takes it calmly when the call to go on with is over, again and again', async () => {
      const call = await place(await lab.telephone('busy'))
      await events.until('over')
      await lab.gateway.continueWith(call, hangUp(1))
      await lab.gateway.continueWith(call, hangUp(1, words('Goodbye.')))
      await lab.gateway.continueWith(call, gather(1, 2, words('Key two digits.')))
      expect(events.all.filter(({ type }) => type === 'over')).toHaveLength(1)
    })

    it('tells of a call whether it lives, how it ended, or that the carrier never heard of it', async () => {
      const telephone = await lab.telephone('manual')
      const call = await place(telephone)
      await telephone.rings()
      expect(await lab.gateway.lookUp(call)).toBe('live')
      await telephone.answer()
      await events.until('over')
      expect(await lab.gateway.lookUp(call)).toBe('ended')
      expect(await lab.gateway.lookUp({ id: call.id, carrierReference: lab.unknownReference })).toBe('unknown')
      expect(await lab.gateway.lookUp({ id: call.id })).toBe('unknown')
    })

    it('says that it is ready', async () => {
      expect(await lab.gateway.health()).toMatchObject({ ready: true })
    })
  })
}

/** Waits for something to have been heard that was asked for from here, which a carrier may take up later than it says so. */
async function heard(telephone: Telephone, expected: string[]): Promise<void> {
  await expect.poll(() => telephone.heard()).toEqual(expected)
}

interface EventLog {
  all: VoiceEvent[]
  report(event: VoiceEvent): Promise<CallStep>
  /** The first event of this type, past or to come. */
  until(type: VoiceEvent['type']): Promise<VoiceEvent>
  onAnswered: CallStep
  onKeys: CallStep
}

function eventLog(): EventLog {
  const waiting = new Set<() => void>()
  const log: EventLog = {
    all: [],
    onAnswered: hangUp(1),
    onKeys: hangUp(99),
    async report(event) {
      log.all.push(event)
      for (const look of waiting) look()
      return event.type === 'answered' ? log.onAnswered : event.type === 'keys' ? log.onKeys : hangUp(0)
    },
    until(type) {
      return new Promise((resolve) => {
        const look = () => {
          const event = log.all.find((candidate) => candidate.type === type)
          if (event === undefined) return
          waiting.delete(look)
          resolve(event)
        }
        waiting.add(look)
        look()
      })
    },
  }
  return log
}
