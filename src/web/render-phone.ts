// What the phone page's template needs beyond its model: everything that follows from the state, so that the template only places things.
import type { PageState } from '../domain/challenge.ts'
import type { PhonePage } from './page-models.ts'
import type { PageWords } from './page-words.ts'

/** How a state looks. A `bad` one is a failure, and announced as an alert. */
export type Tone = 'calm' | 'ringing' | 'live' | 'good' | 'bad'

export const stateTone: Record<PageState, Tone> = {
  idle: 'calm',
  dialling: 'ringing',
  ringing: 'ringing',
  answered: 'live',
  'gate-passed': 'live',
  told: 'live',
  completed: 'calm',
  busy: 'bad',
  declined: 'bad',
  'no-answer': 'bad',
  unreachable: 'bad',
  'invalid-number': 'bad',
  'wrong-gate': 'bad',
  'nothing-keyed': 'bad',
  'hung-up': 'bad',
  machine: 'bad',
  forwarded: 'bad',
  'gateway-down': 'bad',
  confirmed: 'good',
  'wrong-code': 'bad',
  expired: 'bad',
  cancelled: 'calm',
  reported: 'calm',
}

/** The states that a call passes through: only in these does a page without script refresh itself, and no other call is offered. */
const inProgress: readonly PageState[] = ['dialling', 'ringing', 'answered', 'gate-passed']
const ended: readonly PageState[] = ['confirmed', 'wrong-code', 'expired', 'cancelled', 'reported']
/** Which step of the call a state is in, counted from 0; the other states show no steps. */
const stepOf: Partial<Record<PageState, number>> = { dialling: 0, ringing: 0, answered: 1, 'gate-passed': 2, told: 2 }

export function phoneView(page: PhonePage, words: PageWords) {
  const { state, refusal } = page
  const say = words.phone
  const over = ended.includes(state)
  const calling = inProgress.includes(state)
  const told = state === 'told'
  const waitUntil = (at: number | undefined) => (at === undefined || at <= page.now ? undefined : words.wait(Math.ceil((at - page.now) / 1000)))

  const notice = noticeOf(page, words, waitUntil(refusal?.retryAt))
  const noticeBesideCode = told && (refusal?.refused === 'wrong-code' || refusal?.refused === 'malformed-code')
  const retryWait = page.canCall || calling ? undefined : waitUntil(page.retryAt)
  const mayCall = retryWait === undefined ? undefined : say.mayCall(retryWait)
  // "We will call you" would be untrue: what stands in the way takes its place.
  const notNow = state === 'idle' && !page.canCall

  const triesLeft = refusal?.triesLeft === undefined ? page.triesLeft : undefined
  const time = page.expiresAt === undefined || over ? undefined : timeLeft(page.expiresAt - page.now, say.timeFormat)
  const called = page.calling ?? (page.phones.length === 1 ? page.phones[0]?.masked : undefined)
  const step = stepOf[state]
  const tone: Tone = notNow ? 'bad' : stateTone[state]
  return {
    ...(notNow ? { title: say.notNow, next: notice ?? mayCall ?? say.notNowNext } : stateWords(page, words)),
    tone,
    role: tone === 'bad' ? 'alert' : 'status',
    notice: notNow ? undefined : notice,
    noticeBesideCode,
    contested: page.contested === true && !over,
    mayCall: notNow || refusal?.retryAt !== undefined ? undefined : mayCall,
    steps: step === undefined ? [] : say.stepNames[page.mode].map((name, index) => ({ name, done: index < step, current: index === step })),
    codeDescribedBy: [noticeBesideCode && 'notice', 'code-help', triesLeft !== undefined && 'tries-left', time && 'time-left']
      .filter(Boolean)
      .join(' '),
    /** Unless the refusal says it already. */
    triesLeft,
    time,
    called: called === undefined ? undefined : spoken(called, words),
    offerCall: page.canCall && page.phones.length > 0 && state !== 'confirmed' && !calling,
    callIsMain: !told,
    callAgain: state !== 'idle',
    phones: oneChecked(page.phones, (phone) => phone.selected === true).map((phone) => ({ ...phone, ...spoken(phone.masked, words) })),
    modes: oneChecked(
      page.modes.map((mode) => ({ mode, ...say.modes[mode] })),
      ({ mode }) => mode === page.mode,
    ),
    onlyMode: page.modes.length === 1 && state === 'idle' ? say.modes[page.mode].text : undefined,
    leave: state === 'confirmed' ? undefined : over ? say.leave(page.client) : say.giveUp(page.client),
    // Before anything was started here there is nothing to deny here.
    offerNotMe: !['idle', 'confirmed', 'reported'].includes(state),
    /** An ended challenge says nothing new: there is nothing to follow. */
    follow: !over,
    refreshWithoutScript: calling,
  }
}

function stateWords({ state, mode }: PhonePage, words: PageWords): { title: string; next: string } {
  const { title, next, nextKeyed } = words.states[state]
  return { title, next: mode === 'keyed' ? (nextKeyed ?? next) : next }
}

function noticeOf({ refusal, state, mode, codeDigits }: PhonePage, words: PageWords, wait: string | undefined): string | undefined {
  if (refusal === undefined) return undefined
  // Said where a code can be given; when the third wrong one has ended the challenge, the state says it.
  if (refusal.refused === 'wrong-code' && state !== 'told' && !(state === 'answered' && mode === 'keyed')) return undefined
  return words.refusals[refusal.refused]({ codeDigits, triesLeft: refusal.triesLeft, wait })
}

/** Exactly one is chosen beforehand: the first that is wanted, or the first of all. */
function oneChecked<T extends object>(choices: readonly T[], wanted: (choice: T) => boolean): (T & { checked: boolean })[] {
  const chosen = Math.max(0, choices.findIndex(wanted))
  return choices.map((choice, index) => ({ ...choice, checked: index === chosen }))
}

/** A masked number as it is seen, and as it is read out: digit by digit, without the dots. */
function spoken(masked: string, words: PageWords): { masked: string; spoken: string } {
  return { masked, spoken: words.phone.endingIn([...masked.replace(/\D/g, '')].join(' ')) }
}

function timeLeft(milliseconds: number, format: string): { seconds: number; text: string } {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  return { seconds, text: format.replace('{minutes}', String(Math.floor(seconds / 60))).replace('{seconds}', String(seconds % 60)) }
}
