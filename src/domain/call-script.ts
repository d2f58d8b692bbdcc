// What is said in a call, as utterances with a language, and what the call does after it. Decided here once, never inside a gateway's adapter.

/** Something said, or a silence. `slow` asks for a slower voice. */
export type Utterance = { text: string; language: string; slow?: true } | { pauseSeconds: number }

/** One step of a call: say this, then wait for keys or hang up. */
export interface CallStep {
  /** The number of this step within its call; comes back with the keys that answer it. */
  sequence: number
  say: Utterance[]
  next:
    | {
        do: 'gather'
        /** How many keys; an entry may end sooner, by a pause. Keys pressed while something is said are discarded. */
        digits: number
        firstKeySeconds: number
        /** The pause that ends an entry. */
        nextKeySeconds: number
      }
    | { do: 'hang-up' }
}

/** How a carrier says that a call ended; `ended` is an ordinary end after an answer, or a cancellation before it. */
export type CarrierOutcome = 'ended' | 'busy' | 'declined' | 'no-answer' | 'unreachable' | 'invalid-number' | 'forwarded' | 'gateway-down'

/** What the callee is told or asked. The first row waits for keys, the second ends the call. */
export type Prompt =
  | 'gate'
  | 'gate-slowly'
  | 'gate-again'
  | 'code'
  | 'code-slowly'
  | 'code-hint'
  | 'key-code'
  | 'key-code-slowly'
  | 'key-code-again'
  | 'key-code-wrong'
  | 'confirmed'
  | 'wrong-code'
  | 'wrong-gate'
  | 'nothing-keyed'
  | 'expired'
  | 'cancelled'
  | 'reported'
  | 'goodbye'
  | 'hang-up'

/** What a script needs to know about its call. */
export interface ScriptContext {
  /** Who is calling. */
  brand: string
  /** Which relying party the sign-in is for. */
  client: string
  /** BCP 47; an unknown language is spoken in English. */
  language: string
  gateDigits: number
  codeDigits: number
  /** Given only to the prompts that tell it. */
  code?: string
}

/** How many keys a prompt waits for; undefined for one that ends the call. */
export function keysAwaited(prompt: Prompt, context: Pick<ScriptContext, 'gateDigits' | 'codeDigits'>): number | undefined {
  switch (prompt) {
    case 'gate':
    case 'gate-slowly':
    case 'gate-again':
      return context.gateDigits
    // After the code was told, too: a 9 is a command only when it stays alone, and people do key the code that they have just heard.
    case 'key-code':
    case 'key-code-slowly':
    case 'key-code-again':
    case 'key-code-wrong':
    case 'code':
    case 'code-slowly':
    case 'code-hint':
      return context.codeDigits
    default:
      return undefined
  }
}

/** The languages a call can be held in. */
export const callLanguages = ['en', 'zh'] as const
export type CallLanguage = (typeof callLanguages)[number]

/** The language that is spoken for a BCP 47 tag: its primary subtag where we have it (`cmn` counts as `zh`), English otherwise. */
export function callLanguage(tag: string | undefined): CallLanguage {
  const primary = tag?.toLowerCase().split('-')[0]
  if (primary === 'cmn') return 'zh'
  return callLanguages.find((language) => language === primary) ?? 'en'
}

/** Renders a prompt as the step the gateway carries out. */
export function scriptStep(prompt: Prompt, sequence: number, context: ScriptContext): CallStep {
  const language = callLanguage(context.language)
  const tag = spokenTag[language]
  const slow = prompt.endsWith('-slowly')
  const say = (text: string): Utterance => (slow ? { text, language: tag, slow: true } : { text, language: tag })
  const words = phrases[language]
  const keys = keysAwaited(prompt, context)
  return {
    sequence,
    say: lines(prompt, words, context).map((line) => (typeof line === 'string' ? say(line) : line)),
    next: keys === undefined ? { do: 'hang-up' } : { do: 'gather', digits: keys, firstKeySeconds: 20, nextKeySeconds: 3 },
  }
}

const pause: Utterance = { pauseSeconds: 1 }

function lines(prompt: Prompt, words: Phrases, context: ScriptContext): (string | Utterance)[] {
  switch (prompt) {
    case 'gate':
    case 'gate-slowly':
      return [words.greeting(context.brand, context.client), words.askGate(context.gateDigits), words.notYou]
    case 'gate-again':
      return [words.incomplete, words.askGate(context.gateDigits)]
    case 'code':
    case 'code-slowly': {
      // The code is an utterance of its own, nothing but its digits, so that no engine reads it as a number.
      const digits = [...(context.code ?? '')].join(' ')
      return [words.codeIs, digits, pause, words.onceMore, digits, pause, words.typeIt, words.repeatKeys]
    }
    case 'code-hint':
      return [words.typeIt, words.repeatKeys]
    case 'key-code':
    case 'key-code-slowly':
      return [words.greeting(context.brand, context.client), words.askCode(context.codeDigits), words.notYou]
    case 'key-code-again':
      return [words.incomplete, words.askCode(context.codeDigits)]
    case 'key-code-wrong':
      return [words.wrongKeyed, words.askCode(context.codeDigits)]
    case 'confirmed':
      return [words.confirmed]
    case 'wrong-code':
      return [words.wrongCode]
    case 'wrong-gate':
      return [words.wrongGate]
    case 'nothing-keyed':
      return [words.nothingKeyed]
    case 'expired':
      return [words.expired]
    case 'cancelled':
      return [words.cancelled]
    case 'reported':
      return [words.reported]
    case 'goodbye':
      return [words.goodbye]
    case 'hang-up':
      return []
  }
}

interface Phrases {
  greeting(brand: string, client: string): string
  askGate(digits: number): string
  askCode(digits: number): string
  notYou: string
  incomplete: string
  codeIs: string
  onceMore: string
  typeIt: string
  repeatKeys: string
  wrongKeyed: string
  confirmed: string
  wrongCode: string
  wrongGate: string
  nothingKeyed: string
  expired: string
  cancelled: string
  reported: string
  goodbye: string
}

const spokenTag: Record<CallLanguage, string> = { en: 'en-US', zh: 'cmn-CN' }
const englishNumbers: Record<number, string> = { 2: 'two', 3: 'three', 6: 'six', 7: 'seven', 8: 'eight', 9: 'nine', 10: 'ten' }
const mandarinNumbers: Record<number, string> = { 2: '两', 3: '三', 6: '六', 7: '七', 8: '八', 9: '九', 10: '十' }

const phrases: Record<CallLanguage, Phrases> = {
  en: {
    greeting: (brand, client) => `Hello. This is ${brand}, calling because somebody is signing in to ${client} with your account.`,
    askGate: (digits) => `Now please key the ${englishNumbers[digits] ?? digits} digits that your page shows.`,
    askCode: (digits) => `Now please key the ${englishNumbers[digits] ?? digits} digit code that your page shows.`,
    notYou: 'If this was not you, press nine, and wait.',
    incomplete: 'That was not complete.',
    codeIs: 'Thank you. Your code is:',
    onceMore: 'Once more:',
    typeIt: 'Type it only on the page you opened yourself. Nobody of ours will ever ask you for it.',
    repeatKeys: 'To hear it again, press one. Slower, press two. If this was not you, press nine.',
    wrongKeyed: 'That was not the code.',
    confirmed: 'Thank you. You are confirmed. Goodbye.',
    wrongCode: 'That was not the code, too many times. This attempt has ended. Goodbye.',
    wrongGate: 'Those are not the digits on the page. To try again, ask for another call on the page. Goodbye.',
    nothingKeyed: 'We received no keys. To try again, ask for another call on the page. Goodbye.',
    expired: 'The time for this attempt has passed. To try again, ask for another call on the page. Goodbye.',
    cancelled: 'This attempt was ended on the page. Goodbye.',
    reported: 'Thank you for telling us. The sign-in was stopped, and your telephones will not confirm anything for now. Goodbye.',
    goodbye: 'Goodbye.',
  },
  zh: {
    greeting: (brand, client) => `您好,这里是${brand}。有人正在用您的账户登录${client}。`,
    askGate: (digits) => `现在请按页面上显示的${mandarinNumbers[digits] ?? digits}位数字。`,
    askCode: (digits) => `现在请按页面上显示的${mandarinNumbers[digits] ?? digits}位验证码。`,
    notYou: '如果不是您本人操作,请按九,然后稍等。',
    incomplete: '您的输入不完整。',
    codeIs: '谢谢。您的验证码是:',
    onceMore: '再说一遍:',
    typeIt: '请只在您自己打开的页面上输入。我们的任何工作人员都不会向您索要验证码。',
    repeatKeys: '重听请按一,慢速重听请按二,如果不是您本人操作,请按九。',
    wrongKeyed: '验证码不正确。',
    confirmed: '谢谢,验证成功,再见。',
    wrongCode: '验证码多次错误,本次验证已结束,再见。',
    wrongGate: '您按的数字与页面不符。如需重试,请在页面上再次请求来电。再见。',
    nothingKeyed: '没有收到按键。如需重试,请在页面上再次请求来电。再见。',
    expired: '本次验证已超时。如需重试,请在页面上再次请求来电。再见。',
    cancelled: '本次验证已在页面上结束,再见。',
    reported: '感谢您的告知。登录已被阻止,您的电话暂时不会再确认任何操作。再见。',
    goodbye: '再见。',
  },
}
