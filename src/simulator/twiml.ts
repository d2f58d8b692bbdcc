// TwiML as this carrier takes it: strict, so that a document which works here works in production.
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { z } from 'zod'

export type HttpMethod = 'GET' | 'POST'

/** `<Say>`: `text` without its markup. */
export interface Say {
  verb: 'say'
  text: string
  /** BCP 47. */
  language: string
}

export interface Pause {
  verb: 'pause'
  seconds: number
}

export interface Gather {
  verb: 'gather'
  prompts: (Say | Pause)[]
  /** Absent: any number of keys, until the finishing key or the timeout. */
  numDigits?: number
  /** How long the next key is awaited. */
  timeoutSeconds: number
  /** The keys that end the entry, each of them; empty for none. */
  finishOnKey: string
  /** Absent: the URL of the document itself. */
  action?: string
  method: HttpMethod
  actionOnEmptyResult: boolean
}

export type Verb = Say | Pause | Gather | { verb: 'redirect'; url: string; method: HttpMethod } | { verb: 'hangup' } | { verb: 'reject' }

/** Why a carrier gave up on a call, with Twilio's code for it. Its message holds nothing that was said or keyed. */
export class CallFault extends Error {
  override readonly name = 'CallFault'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Reads a TwiML document. Throws CallFault 12100 when it is no XML, 12200 when it is not TwiML or uses what this carrier does not offer. */
export function parseTwiml(document: string): Verb[] {
  const [response, ...rest] = parseXml(document)
  if (response?.name !== 'Response' || rest.length > 0) throw new CallFault(12200, 'TwiML has exactly one root element, <Response>')
  noText(response)
  return response.children.map(verb)
}

interface Element {
  name: string
  attributes: Record<string, string>
  children: Element[]
  /** Text directly inside. */
  text: string
  /** Text inside, that of children included. */
  innerText: string
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // Numeric references are decoded only together with HTML's names; those are refused below.
  htmlEntities: true,
})

function parseXml(document: string): Element[] {
  const valid = XMLValidator.validate(document)
  if (valid !== true) throw new CallFault(12100, `TwiML is not well-formed XML (line ${valid.err.line}: ${valid.err.code})`)
  if (/<!DOCTYPE|<!ENTITY/i.test(document)) throw new CallFault(12100, 'TwiML must not have a document type')
  if (/&(?!(amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.test(document)) throw new CallFault(12100, 'TwiML uses an entity that XML does not define')
  return elements(parser.parse(document))
}

const node = z.record(z.string(), z.unknown())

/** The parser's own form of a document is `[{ Name: [...children], ':@': { ...attributes } }, { '#text': '...' }]`. */
function elements(nodes: unknown): Element[] {
  return z
    .array(node)
    .parse(nodes)
    .flatMap((current) => {
      const name = Object.keys(current).find((key) => key !== ':@')
      if (name === undefined || name === '#text' || name.startsWith('?')) return []
      const inner = current[name]
      return [{ name, attributes: z.record(z.string(), z.string()).parse(current[':@'] ?? {}), children: elements(inner), ...texts(inner) }]
    })
}

function texts(nodes: unknown): { text: string; innerText: string } {
  let text = ''
  let innerText = ''
  for (const current of z.array(node).parse(nodes)) {
    for (const [name, inner] of Object.entries(current)) {
      if (name === '#text') text += String(inner)
      if (name === '#text') innerText += String(inner)
      else if (name !== ':@') innerText += texts(inner).innerText
    }
  }
  return { text, innerText }
}

const whole = (least: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .pipe(z.number().min(least))
const url = z.string().min(1)
const language = z.string().regex(/^[a-z]{2,3}(-[A-Za-z\d]+)*$/)
const method = z.enum(['GET', 'POST']).default('POST')
const attributes = {
  Say: z.strictObject({ language: language.default('en-US'), voice: z.string().optional() }),
  Pause: z.strictObject({ length: whole(1).default(1) }),
  Gather: z.strictObject({
    input: z.literal('dtmf').default('dtmf'),
    numDigits: whole(1).optional(),
    timeout: whole(1).default(5),
    finishOnKey: z
      .string()
      .regex(/^[\d*#]*$/)
      .default('#'),
    action: url.optional(),
    method,
    actionOnEmptyResult: z.enum(['true', 'false']).default('false'),
    language: language.optional(),
  }),
  Redirect: z.strictObject({ method }),
  Hangup: z.strictObject({}),
  Reject: z.strictObject({ reason: z.enum(['rejected', 'busy']).optional() }),
}

const speechMarkup = new Set(['break', 'emphasis', 'lang', 'p', 'phoneme', 'prosody', 's', 'say-as', 'sub', 'w'])

function verb(element: Element): Verb {
  switch (element.name) {
    case 'Say':
    case 'Pause':
      return prompt(element)
    case 'Gather': {
      noText(element)
      const { numDigits, timeout, finishOnKey, action, method, actionOnEmptyResult } = attributesOf(element, attributes.Gather)
      return {
        verb: 'gather',
        prompts: element.children.map(prompt),
        numDigits,
        timeoutSeconds: timeout,
        finishOnKey,
        action,
        method,
        actionOnEmptyResult: actionOnEmptyResult === 'true',
      }
    }
    case 'Redirect': {
      noChildren(element)
      const target = element.text.trim()
      if (target === '') throw new CallFault(12200, '<Redirect> needs a URL inside')
      return { verb: 'redirect', url: target, ...attributesOf(element, attributes.Redirect) }
    }
    case 'Hangup':
    case 'Reject':
      noText(element)
      noChildren(element)
      attributesOf(element, attributes[element.name])
      return { verb: element.name === 'Hangup' ? 'hangup' : 'reject' }
    default:
      throw new CallFault(12200, `<${element.name}> is no verb of this carrier: use Say, Gather, Pause, Redirect, Hangup or Reject`)
  }
}

function prompt(element: Element): Say | Pause {
  if (element.name === 'Pause') {
    noText(element)
    noChildren(element)
    return { verb: 'pause', seconds: attributesOf(element, attributes.Pause).length }
  }
  if (element.name !== 'Say') throw new CallFault(12200, `<${element.name}> may not stand inside <Gather>: use Say or Pause`)
  onlySpeechMarkup(element)
  const text = element.innerText.trim()
  if (text === '') throw new CallFault(13520, '<Say> has nothing to say')
  return { verb: 'say', text, language: attributesOf(element, attributes.Say).language }
}

function attributesOf<Schema extends z.ZodType>(element: Element, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(element.attributes)
  if (result.success) return result.data
  const wrong = result.error.issues.map((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.join('.')))
  throw new CallFault(
    12200,
    `<${element.name}> has an attribute that this carrier does not take, or a value that it cannot have: ${wrong.join(', ')}`,
  )
}

function onlySpeechMarkup(element: Element): void {
  for (const child of element.children) {
    if (!speechMarkup.has(child.name)) throw new CallFault(12200, `<${child.name}> may not stand inside <Say>`)
    onlySpeechMarkup(child)
  }
}

function noText(element: Element): void {
  if (element.text.trim() !== '') throw new CallFault(12200, `<${element.name}> must not have text inside`)
}

function noChildren(element: Element): void {
  if (element.children.length > 0) throw new CallFault(12200, `<${element.name}> must not have elements inside`)
}
