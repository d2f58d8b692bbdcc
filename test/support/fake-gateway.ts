// A voice gateway that rings nobody: it only remembers what it was told. For tests of the factor alone.
import type { CallStep } from '../../src/domain/call-script.ts'
import type { OutgoingCall, PlacedCall, VoiceGateway } from '../../src/ports/voice-gateway.ts'

export interface FakeGateway extends VoiceGateway {
  readonly placed: OutgoingCall[]
  readonly continued: { call: PlacedCall; step: CallStep }[]
  readonly lookedUp: PlacedCall[]
  /** How the carrier answers the next calls: with a reference, or by throwing. By default `CA1`, `CA2` and so on. */
  answerPlace: (call: OutgoingCall) => Promise<string>
  /** How the carrier answers when it is asked about a call. By default it knows none. */
  answerLookUp: (call: PlacedCall) => Promise<Awaited<ReturnType<VoiceGateway['lookUp']>>>
  answerContinue: () => Promise<void>
}

export function fakeGateway(): FakeGateway {
  const placed: OutgoingCall[] = []
  const continued: { call: PlacedCall; step: CallStep }[] = []
  const lookedUp: PlacedCall[] = []
  const gateway: FakeGateway = {
    placed,
    continued,
    lookedUp,
    answerPlace: async () => `CA${placed.length}`,
    answerLookUp: async () => 'unknown',
    answerContinue: async () => {},
    async start() {},
    async place(call) {
      placed.push(call)
      return gateway.answerPlace(call)
    },
    async continueWith(call, step) {
      continued.push({ call, step })
      await gateway.answerContinue()
    },
    async lookUp(call) {
      lookedUp.push(call)
      return gateway.answerLookUp(call)
    },
    health: async () => ({ ready: true, detail: 'rings nobody' }),
  }
  return gateway
}
