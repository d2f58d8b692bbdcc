// The kinds of value that options have. A rule's words never repeat the value, which may be a secret.
import { z } from 'zod'
import { parsePhoneNumber } from '../domain/phone-number.ts'
import type { Fault } from './addresses.ts'

const numberFaults = {
  'not-a-number': 'is not a telephone number',
  'not-in-any-plan': 'is not a number of any numbering plan',
  'cannot-be-called': 'is not a number that can be called',
}

export function text() {
  return z.string().min(1)
}

/** A text with a rule of its own. */
export function ruled(faultOf: (text: string) => Fault | undefined) {
  return text().check((context) => {
    const fault = faultOf(context.value)
    if (fault === undefined) return
    context.issues.push({ code: 'custom', input: context.value, message: fault.problem, params: { remedy: fault.remedy } })
  })
}

export function matching(pattern: RegExp, problem: string, remedy: string) {
  return ruled((text) => (pattern.test(text) ? undefined : { problem, remedy }))
}

/** Shown to people and said in calls. */
export function name() {
  return matching(/^[^\p{C}]{1,60}$/u, 'is too long to be shown and said, or has control characters in it', 'write a name of at most 60 characters')
}

/** A telephone number in international form; read into a PhoneNumber. */
export function phoneNumber() {
  return z.string().transform((text, context) => {
    const number = parsePhoneNumber(text)
    if (!('fault' in number)) return number
    context.issues.push({
      code: 'custom',
      input: text,
      message: numberFaults[number.fault],
      params: { remedy: 'write it in international form, like +1 202 555 0143' },
    })
    return z.NEVER
  })
}

export function language() {
  return ruled((tag) =>
    isLanguageTag(tag) ? undefined : { problem: 'is not a language tag', remedy: 'write a BCP 47 language tag, like en or zh-CN' },
  )
}

function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

/** A list in which nothing stands twice. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item).check((context) => {
    context.value.forEach((entry, index) => {
      const first = context.value.indexOf(entry)
      if (typeof entry !== 'string' || first === index) return
      const message = `stands in the list already, as number ${first + 1}`
      context.issues.push({ code: 'custom', input: entry, path: [index], message, params: { remedy: 'remove one of the two' } })
    })
  })
}

/** A duration. A year at most: more is a slip of the pen. */
export function seconds(atLeast = 1) {
  return z
    .int()
    .min(atLeast)
    .max(366 * 24 * 60 * 60)
}

export function port() {
  return z.int().min(1).max(65_535)
}
