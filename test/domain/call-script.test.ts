// What is said in a call, in every language, and what the call waits for after it.
import { describe, expect, it } from 'vitest'
import { type CallStep, callLanguage, callLanguages, keysAwaited, type Prompt, type ScriptContext, scriptStep } from '../../src/domain/call-script.ts'
import { keysOf } from './keys-of.ts'

/** How many keys each prompt waits for; the compiler finds a prompt that is missing here. */
const awaited: Record<Prompt, 'gate' | 'code' | 'command' | 'nothing'> = {
  gate: 'gate',
  'gate-slowly': 'gate',
  'gate-again': 'gate',
  code: 'command',
  'code-slowly': 'command',
  'code-hint': 'command',
  'key-code': 'code',
  'key-code-slowly': 'code',
  'key-code-again': 'code',
  'key-code-wrong': 'code',
  confirmed: 'nothing',
  'wrong-code': 'nothing',
  'wrong-gate': 'nothing',
  'nothing-keyed': 'nothing',
  expired: 'nothing',
  cancelled: 'nothing',
  reported: 'nothing',
  goodbye: 'nothing',
  'hang-up': 'nothing',
}
const prompts = keysOf(awaited)

const code = '070931'
const context: ScriptContext = { brand: 'Ringback', client: 'Demo Bank', language: 'en', gateDigits: 2, codeDigits: 6, code }
const everywhere = callLanguages.flatMap((language) => prompts.map((prompt) => [language, prompt] as const))
const texts = (step: CallStep) => step.say.flatMap((utterance) => ('text' in utterance ? [utterance.text] : []))

describe.each(everywhere)('%s: %s', (language, prompt) => {
  const step = scriptStep(prompt, 7, { ...context, language })

  it('keeps the number of its step', () => {
    expect(step.sequence).toBe(7)
  })

  it('says something, all of it in the language of the call', () => {
    if (prompt === 'hang-up') expect(step.say).toEqual([])
    else expect(texts(step).length).toBeGreaterThan(0)
    for (const utterance of step.say) {
      if (!('text' in utterance)) continue
      expect(utterance.language).toBe(language === 'zh' ? 'cmn-CN' : 'en-US')
      expect(utterance.text.trim()).not.toBe('')
      expect(utterance.text).not.toMatch(/undefined|NaN|\[object|\$\{/)
    }
  })

  it('waits for the keys it asked for, or ends the call', () => {
    const digits = { gate: 2, code: 6, command: 6, nothing: undefined }[awaited[prompt]]
    expect(step.next).toEqual(digits === undefined ? { do: 'hang-up' } : { do: 'gather', digits, firstKeySeconds: 20, nextKeySeconds: 3 })
    expect(keysAwaited(prompt, context)).toBe(digits)
  })

  it('tells the code only where it is the code that is told', () => {
    const said = texts(step).join(' ')
    if (prompt === 'code' || prompt === 'code-slowly') expect(said).toContain('0 7 0 9 3 1')
    else expect(said.replaceAll(/\s/g, '')).not.toMatch(/\d/)
  })

  it('is slow where slowness was asked for, and only there', () => {
    for (const utterance of step.say) if ('text' in utterance) expect(utterance.slow).toBe(prompt.endsWith('-slowly') ? true : undefined)
  })
})

describe.each(callLanguages)('the code, told in %s', (language) => {
  it.each(['code', 'code-slowly'] as const)('%s: twice, digit by digit, each time as an utterance of its own with a silence after it', (prompt) => {
    const { say } = scriptStep(prompt, 1, { ...context, language })
    const places = say.flatMap((utterance, place) => ('text' in utterance && /\d/.test(utterance.text) ? [place] : []))
    expect(places).toHaveLength(2)
    for (const place of places) {
      expect(say[place]).toMatchObject({ text: '0 7 0 9 3 1' })
      expect(say[place + 1]).toEqual({ pauseSeconds: 1 })
    }
    expect(places[0]).toBeGreaterThan(0)
  })

  it('offers to repeat it, and to say that this was not me, in the same breath', () => {
    const last = texts(scriptStep('code', 1, { ...context, language })).at(-1)
    expect(last).toMatch(language === 'zh' ? /按一.*按二.*按九/ : /press one.*press two.*press nine/)
  })
})

describe('who calls, and for whom', () => {
  it.each(['gate', 'gate-slowly', 'key-code', 'key-code-slowly'] as const)('%s names both, and says what to do if this was not you', (prompt) => {
    for (const language of callLanguages) {
      const said = texts(scriptStep(prompt, 1, { ...context, language })).join(' ')
      expect(said).toContain('Ringback')
      expect(said).toContain('Demo Bank')
      expect(said).toMatch(/press nine|按九/)
    }
  })

  it.each([
    [2, 6, 'two digits', 'six digit code', '两位数字', '六位验证码'],
    [3, 10, 'three digits', 'ten digit code', '三位数字', '十位验证码'],
    [4, 12, '4 digits', '12 digit code', '4位数字', '12位验证码'],
  ])('asks for %i and %i keys by their number', (gateDigits, codeDigits, gateEn, codeEn, gateZh, codeZh) => {
    const said = (prompt: Prompt, language: string) => texts(scriptStep(prompt, 1, { ...context, language, gateDigits, codeDigits })).join(' ')
    expect(said('gate', 'en')).toContain(gateEn)
    expect(said('gate-again', 'zh')).toContain(gateZh)
    expect(said('key-code', 'en')).toContain(codeEn)
    expect(said('key-code-wrong', 'zh')).toContain(codeZh)
    expect(scriptStep('gate', 1, { ...context, gateDigits }).next).toMatchObject({ digits: gateDigits })
    expect(scriptStep('key-code-again', 1, { ...context, codeDigits }).next).toMatchObject({ digits: codeDigits })
  })

  it('no two prompts that end a call sound alike', () => {
    for (const language of callLanguages) {
      const said = prompts
        .filter((prompt) => awaited[prompt] === 'nothing')
        .map((prompt) => texts(scriptStep(prompt, 1, { ...context, language })).join(' '))
      expect(new Set(said).size).toBe(said.length)
    }
  })
})

describe('the language of a call', () => {
  it.each<[string | undefined, 'en' | 'zh']>([
    ['en', 'en'],
    ['en-GB', 'en'],
    ['EN-us', 'en'],
    ['zh', 'zh'],
    ['zh-CN', 'zh'],
    ['zh-Hant-TW', 'zh'],
    ['ZH-hk', 'zh'],
    ['cmn', 'zh'],
    ['cmn-CN', 'zh'],
    ['CMN-Hans', 'zh'],
    ['de-DE', 'en'],
    ['zha', 'en'],
    ['english', 'en'],
    ['', 'en'],
    ['-zh', 'en'],
    ['__proto__', 'en'],
    [undefined, 'en'],
  ])('%s is spoken in %s', (tag, language) => {
    expect(callLanguage(tag)).toBe(language)
    const [first] = scriptStep('goodbye', 1, { ...context, language: tag ?? '' }).say
    expect(first).toMatchObject({ language: language === 'zh' ? 'cmn-CN' : 'en-US' })
  })
})
