// What zod found, in words for whoever wrote the file.
import type { z } from 'zod'
import { type JsonSchema, keysAt, schemaAt } from './json-schema.ts'
import { type Path, type Problem, printedPath } from './problems.ts'
import { nearest } from './spelling.ts'

type Issue = z.core.$ZodIssue

/** What is known about the file beside its values. */
export interface Source {
  schema: JsonSchema
  line(path: Path): number | undefined
  variables(path: Path): string[]
}

/** Says each issue as a problem; every unknown key is one of its own. */
export function problemsOf(issues: readonly Issue[], source: Source): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], source))
    const names = source.variables(path)
    const from = names.length === 0 ? '' : `, and its value comes from the environment: ${names.join(', ')}`
    const { problem, remedy } = wordsFor(issue, schemaAt(source.schema, path)?.description)
    return [{ path: printedPath(path), line: source.line(path), problem: `${problem}${from}`, remedy }]
  })
}

function wordsFor(issue: Issue, description = ''): { problem: string; remedy: string } {
  switch (issue.code) {
    case 'invalid_type':
      return { problem: wrongKind(issue.expected, issue.message), remedy: `write ${kinds[issue.expected] ?? issue.expected}${about(description)}` }
    case 'invalid_value':
      return { problem: 'is none of the possible values', remedy: `choose ${issue.values.map(String).join(', ')}${about(description)}` }
    case 'too_small':
      return { problem: `${tooFew(issue.origin)} at least ${unit(issue.origin, Number(issue.minimum))}`, remedy: `correct it${about(description)}` }
    case 'too_big':
      return { problem: `${tooFew(issue.origin)} at most ${unit(issue.origin, Number(issue.maximum))}`, remedy: `correct it${about(description)}` }
    case 'invalid_key':
      return issue.issues[0] === undefined ? { problem: 'is no possible key', remedy: 'remove it' } : wordsFor(issue.issues[0])
    case 'custom':
      return { problem: issue.message, remedy: typeof issue.params?.remedy === 'string' ? issue.params.remedy : `correct it${about(description)}` }
    default:
      return { problem: 'is not as it should be', remedy: `correct it${about(description)}` }
  }
}

const kinds: Record<string, string> = {
  string: 'a text',
  number: 'a whole number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list, each entry on a line of its own that begins with "- "',
  object: 'keys with values, indented below it',
  record: 'keys with values, indented below it',
}

function wrongKind(expected: string, message: string): string {
  // zod says what it found in its message only, and never the value itself.
  if (message.endsWith('received undefined')) return 'is missing'
  if (message.endsWith('received null')) return 'has no value'
  return `is not ${(kinds[expected] ?? expected).split(',')[0]}`
}

function about(description: string): string {
  return description === '' ? '' : `: ${description}`
}

function tooFew(origin: string): string {
  return origin === 'array' || origin === 'string' ? 'must have' : 'must be'
}

function unit(origin: string, count: number): string {
  const word = origin === 'array' ? 'entr' : origin === 'string' ? 'character' : ''
  if (word === '') return String(count)
  return word === 'entr' ? `${count} ${count === 1 ? 'entry' : 'entries'}` : `${count} ${count === 1 ? 'character' : 'characters'}`
}

function unknownKey(path: Path, { schema, line }: Source): Problem {
  const key = String(path.at(-1))
  const siblings = keysAt(schema, path.slice(0, -1))
  const meant = nearest(key, siblings)
  const elsewhere = meant === undefined ? placesOf(key, schema) : []
  const remedy =
    meant !== undefined
      ? `did you mean ${meant}?`
      : elsewhere.length > 0
        ? `move it: there is ${elsewhere.join(' and ')}`
        : `remove it; possible here: ${siblings.join(', ')}`
  return { path: printedPath(path), line: line(path), problem: 'is not an option', remedy }
}

/** Where else a key is an option. */
function placesOf(key: string, schema: JsonSchema, path = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, part]) => {
    if (typeof part !== 'object') return []
    const here = path === '' ? name : `${path}.${name}`
    const items = typeof part.items === 'object' && !Array.isArray(part.items) ? placesOf(key, part.items, `${here}[]`) : []
    return [...(name === key ? [here] : []), ...placesOf(key, part, here), ...items]
  })
}
