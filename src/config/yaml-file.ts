// A configuration file as text: YAML, with the environment put into its values, and the line of everything in it.
import { type Document, isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, Scalar, visit } from 'yaml'
import { type Environment, substitute } from './environment.ts'
import { type Path, type Problem, printedPath } from './problems.ts'

export interface YamlFile {
  /** Why it cannot be read at all. */
  faults: Problem[]
  /** What the environment did not provide. */
  missing: Problem[]
  /** Everything in it as plain values; a value with a variable in it is a text. */
  value(): unknown
  /** Where something is, or what is nearest around it. */
  line(path: Path): number | undefined
  /** The variables that a value was made from. */
  variables(path: Path): string[]
  /**
   * Gives a value the kind that its option has: text written without quotes may look like a number (`+12025550143`, a password of digits), a
   * variable is text whatever it says, and a block in which everything is commented out is an empty one. Tells whether that changed anything.
   */
  retype(path: Path, expected: string): boolean
}

/** Reads a text; never throws. `env` is put into scalars after the text was parsed, so no value of it can become structure. */
export function readYaml(text: string, env: Environment): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  const lineAt = (offset: number | undefined) => (offset === undefined ? undefined : lines.linePos(offset).line)
  // The parser's own messages quote the file, and with it its secrets.
  const faults = [...document.errors, ...document.warnings].map((error) => ({ path: '', line: lineAt(error.pos[0]), ...wordsFor(error.code) }))
  if (faults.length > 0) {
    return { faults, missing: [], value: () => undefined, line: () => undefined, variables: () => [], retype: () => false }
  }
  const variables = new Map<unknown, string[]>()
  const missing = putIn(document, env, variables, (node) => lineAt(node.range?.[0]))
  return {
    faults: [],
    missing,
    value: () => document.toJS(),
    line: (path) => lineAt(offsetOf(document.contents, path)),
    variables: (path) => variables.get(document.getIn(path, true)) ?? [],
    retype(path, expected) {
      const node: unknown = document.getIn(path, true)
      if (!isScalar(node)) return false
      if (path.length > 0 && node.value === null && node.source === '' && emptyBlocks.includes(expected)) {
        document.setIn(path, document.createNode(expected === 'array' ? [] : {}))
        return true
      }
      const typed = retyped(node, expected, variables.has(node))
      if (typed === undefined) return false
      node.value = typed
      return true
    },
  }
}

function putIn(document: Document, env: Environment, variables: Map<unknown, string[]>, lineOf: (node: Node) => number | undefined): Problem[] {
  const problems: Problem[] = []
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return
      const { text, names, missing, malformed } = substitute(node.value, env)
      const place = { path: printedPath(pathOf(ancestors, node)), line: lineOf(node) }
      if (malformed) {
        const remedy = `write \${NAME} or \${NAME:-default}, with letters, digits and _ in the name; $\${ stands for the characters themselves`
        problems.push({ ...place, problem: `has a \${ that is no variable`, remedy })
      }
      for (const name of missing) {
        const remedy = `set ${name}, or give a default in the file: \${${name}:-default}`
        problems.push({ ...place, problem: `the environment variable ${name} is not set, or empty`, remedy })
      }
      node.value = text
      variables.set(node, names)
    },
  })
  return problems
}

function pathOf(ancestors: readonly (Document | Node | Pair)[], node: Node): Path {
  return ancestors.flatMap((ancestor, depth): Path => {
    if (isPair(ancestor)) return [String(isScalar(ancestor.key) ? ancestor.key.value : ancestor.key)]
    return isSeq(ancestor) ? [ancestor.items.indexOf(ancestors[depth + 1] ?? node)] : []
  })
}

/** Keys are nearer to what is meant than values: a block begins on the line below its key. */
function offsetOf(root: unknown, path: Path): number | undefined {
  let here: unknown = root
  let offset: number | undefined
  for (const key of path) {
    if (isMap(here)) {
      const pair = here.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      if (pair === undefined) break
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset
      here = pair.value
    } else if (isSeq(here) && typeof key === 'number') {
      here = here.items[key]
      if (isNode(here)) offset = here.range?.[0] ?? offset
    } else break
  }
  return offset
}

const emptyBlocks = ['array', 'object', 'record']

function retyped(node: Scalar, expected: string, substituted: boolean): string | number | boolean | undefined {
  const { value, source } = node
  if (expected === 'string') {
    const plain = node.type === Scalar.PLAIN && (typeof value === 'number' || typeof value === 'boolean')
    return plain ? source : undefined
  }
  if (!substituted || typeof value !== 'string') return undefined
  if (expected === 'number' || expected === 'int') return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
  return expected === 'boolean' && /^(true|false)$/.test(value) ? value === 'true' : undefined
}

function wordsFor(code: string): { problem: string; remedy: string } {
  switch (code) {
    case 'DUPLICATE_KEY':
      return { problem: 'a key stands here a second time', remedy: 'keep one of the two' }
    case 'TAB_AS_INDENT':
      return { problem: 'a tab is used to indent', remedy: 'indent with spaces' }
    case 'BAD_INDENT':
      return {
        problem: 'the indentation does not fit the lines above',
        remedy: 'indent keys of one block alike, two spaces deeper than their parent',
      }
    case 'MULTIPLE_DOCS':
      return { problem: 'a second YAML document begins', remedy: 'keep one document in the file: remove the line ---' }
    case 'TAG_RESOLVE_FAILED':
      return { problem: 'a YAML tag is used', remedy: 'leave out the word that begins with !, or put a value that begins with ! in quotes' }
    case 'BAD_ALIAS':
      return { problem: 'an alias names no anchor', remedy: 'put a value that begins with * in quotes' }
    default: {
      const remedy = `check colons, brackets and quotes, also on the line above; a \${NAME} between [ ] or { } needs quotes, and so does text with ": " or " #" in it`
      return { problem: `this is not YAML (${code})`, remedy }
    }
  }
}
