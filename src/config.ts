// The configuration: read from YAML, with an environment put into it, checked as a whole. Every problem is reported at once.
import { readFileSync } from 'node:fs'
import type { Environment } from './config/environment.ts'
import { errorCode } from './config/error-code.ts'
import { configJsonSchema } from './config/json-schema.ts'
import { ConfigError, type Problem, printedPath, withNew } from './config/problems.ts'
import { type Config, resolveConfig } from './config/resolve.ts'
import { breaches } from './config/rules.ts'
import { configSchema } from './config/schema.ts'
import { problemsOf } from './config/words.ts'
import { readYaml, type YamlFile } from './config/yaml-file.ts'

export { isLoopbackIssuer } from './config/addresses.ts'
export type { Environment } from './config/environment.ts'
export { configJsonSchema } from './config/json-schema.ts'
export { ConfigError, type Problem } from './config/problems.ts'
export type { CarrierConfig, ClientConfig, Config, DemoBankConfig, ResourceConfig, SeedConfig } from './config/resolve.ts'

/** Reads a configuration file. Relative paths in it count from the working directory. Throws ConfigError with all that is wrong. */
export function loadConfig({ path, env }: { path: string; env: Environment }): Config {
  return parseConfig({ text: readText(path), name: path, env })
}

/** Reads a configuration from YAML text; `name` is what errors call it. Throws ConfigError with all that is wrong. */
export function parseConfig({ text, name, env }: { text: string; name: string; env: Environment }): Config {
  const file = readYaml(text, env)
  if (file.faults.length > 0) throw new ConfigError(name, file.faults)
  const parsed = parseTyped(file)
  const found = parsed.success ? [] : problemsOf(parsed.error.issues, { schema: configJsonSchema(), line: file.line, variables: file.variables })
  const between = breaches(file.value()).map(({ at, ...breach }) => ({ path: printedPath(at), line: file.line(at), ...breach }))
  const problems = withNew(withNew(file.missing, found), between)
  if (parsed.success && problems.length === 0) return resolveConfig(parsed.data)
  throw new ConfigError(name, inOrder(problems))
}

/** What a value looks like in YAML and what its option is can differ; the option decides. */
function parseTyped(file: YamlFile) {
  const parsed = configSchema.safeParse(file.value())
  if (parsed.success) return parsed
  const retyped = parsed.error.issues.map((issue) => issue.code === 'invalid_type' && file.retype(issue.path.map(pathKey), issue.expected))
  return retyped.includes(true) ? configSchema.safeParse(file.value()) : parsed
}

function pathKey(key: PropertyKey): string | number {
  return typeof key === 'number' ? key : String(key)
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || 0)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    const remedy = 'check the path and its permissions; RINGBACK_CONFIG names another file, and config/example.yaml shows every option'
    throw new ConfigError(path, [{ path: '', problem: code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`, remedy }])
  }
}
