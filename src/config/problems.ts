// What is wrong with a configuration: where, what, and what to do next. Never a value, for any of them may be a secret.

export type Path = readonly (string | number)[]

export interface Problem {
  /** `clients[0].redirectUris[1]`; empty for the file as a whole. */
  path: string
  /** Counted from 1; absent where the file has no place for it. */
  line?: number
  problem: string
  remedy: string
}

/** Everything that is wrong with one file, to be printed as it is. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly file: string
  readonly problems: readonly Problem[]

  constructor(file: string, problems: readonly Problem[]) {
    super([`${file} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:`, ...problems.map(printed)].join('\n'))
    this.file = file
    this.problems = problems
  }
}

/** `clients[0].name` */
export function printedPath(path: Path): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`), '')
}

/** Adds the problems of places that have none yet: a value that is missing need not be called too short as well. */
export function withNew(problems: readonly Problem[], more: readonly Problem[]): Problem[] {
  const all = [...problems]
  for (const problem of more) if (!all.some(({ path }) => path === problem.path)) all.push(problem)
  return all
}

function printed({ path, line, problem, remedy }: Problem): string {
  const place = [path, line === undefined ? '' : `(line ${line})`].filter((part) => part !== '').join(' ')
  return `\n  ${place === '' ? '' : `${place}: `}${problem}\n    → ${remedy}`
}
