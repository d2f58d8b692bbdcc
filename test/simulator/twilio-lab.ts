// The Twilio gateway against the simulated carrier, webhooks included.
import { type TwilioGatewayOptions, twilioGateway } from '../../src/adapters/voice/twilio/gateway.ts'
import type { VoiceGateway, VoiceWebhooks } from '../../src/ports/voice-gateway.ts'
import type { SimulatorOptions } from '../../src/simulator/server.ts'
import { accountSid, authToken, type CalledBack, type CarrierLab, calledBack, carrierLab, from } from './carrier-lab.ts'

export interface TwilioLab extends CarrierLab {
  gateway: VoiceGateway & VoiceWebhooks
  webhooks: CalledBack
}

export async function twilioLab(options: Partial<TwilioGatewayOptions> = {}, simulatorOptions: Partial<SimulatorOptions> = {}): Promise<TwilioLab> {
  const lab = await carrierLab(simulatorOptions)
  const webhooks = await calledBack((callback) =>
    gateway.answerWebhook({ path: callback.path.slice('/voice'.length), headers: callback.headers, body: callback.body }),
  )
  const publicUrl = `${webhooks.url}/voice`
  const gateway = twilioGateway({ accountSid, authToken, from, publicUrl, baseUrl: lab.simulator.url, ...options })
  return {
    ...lab,
    gateway,
    webhooks,
    async close() {
      await lab.close()
      webhooks.close()
    },
  }
}
