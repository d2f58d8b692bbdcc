// The Twilio gateway under the contract of all gateways.
import { describeVoiceGateway } from '../contract/describe-voice-gateway.ts'
import { to } from '../simulator/carrier-lab.ts'
import { twilioLab } from '../simulator/twilio-lab.ts'

describeVoiceGateway('twilio', async () => {
  const lab = await twilioLab({ machineDetection: true }, { countriesNotServed: ['+86'] })
  return {
    gateway: lab.gateway,
    async telephone(behaviour) {
      const { handset } = lab
      await handset.behave(behaviour)
      return {
        number: to,
        rings: async () => void (await handset.until('it rings', ({ status }) => status === 'ringing')),
        answer: async () => void (await handset.act('answer')),
        hangUp: async () => void (await handset.act('hang-up')),
        press: async (keys) => void (await handset.key(keys)),
        awaitsKeys: async () => void (await handset.until('keys are awaited', ({ gathering }) => gathering !== null)),
        heard: async () => (await handset.calls())[0]?.heard.map(({ text }) => text) ?? [],
      }
    },
    pass: (seconds) => lab.clock.advance(seconds * 1000),
    uncallable: { number: '+8613988888888', outcome: 'unreachable' },
    unknownReference: `CA${'0'.repeat(32)}`,
    close: lab.close,
  }
})
