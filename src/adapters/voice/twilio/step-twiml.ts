// A step of a call as TwiML.
import type { twiml } from 'twilio'
import type { CallStep, Utterance } from '../../../domain/call-script.ts'

/** Where the callee's keys, or their absence, are reported. */
export interface StepUrls {
  keys: string
  silence: string
}

/** A `<Gather>` has one timeout for the first key and for the pause after each, so waiting longer for the first means gathering again. */
const gatherSeconds = 5

/**
 * Renders a step. Everything is said outside `<Gather>`, where Twilio discards keys: a greeting that plays tones keys nothing. Then follow silent
 * gathers without a finishing key (a lone `#` would not be reported), and last the way for nobody having keyed anything.
 */
export function stepTwiml(response: twiml.VoiceResponse, step: CallStep, urls: StepUrls): string {
  for (const utterance of step.say) say(response, utterance)
  if (step.next.do === 'gather') {
    const gathers = Math.max(1, Math.ceil(step.next.firstKeySeconds / gatherSeconds))
    for (let turn = 0; turn < gathers; turn += 1) {
      response.gather({
        input: ['dtmf'],
        numDigits: step.next.digits,
        finishOnKey: '',
        timeout: gatherSeconds,
        action: urls.keys,
        method: 'POST',
      })
    }
    response.redirect({ method: 'POST' }, urls.silence)
  } else response.hangup()
  return response.toString()
}

function say(response: twiml.VoiceResponse, utterance: Utterance): void {
  if ('pauseSeconds' in utterance) {
    response.pause({ length: Math.max(1, Math.ceil(utterance.pauseSeconds)) })
    return
  }
  // As plain elements: the SDK's list of languages trails Twilio's own.
  const said = response.addChild('Say', { language: utterance.language })
  const voice = utterance.slow ? said.addChild('prosody', { rate: 'slow' }) : said
  voice.addText(xmlText(utterance.text))
}

/** Without control characters, most of which XML cannot hold: a client's name must not be able to break a call. */
function xmlText(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\ufffe\uffff]/gu, ' ')
}
