// The schema of the configuration as JSON Schema: for editors, and for what problems say about an option.
import { z } from 'zod'
import type { Path } from './problems.ts'
import { configSchema } from './schema.ts'

export type JsonSchema = z.core.JSONSchema.BaseSchema

/** JSON Schema (draft 2020-12) of a configuration file. Numbers, choices and switches may also be a text with a variable in it. */
export function configJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any', override: orVariable })
  return { $schema, title: 'Configuration of Ringback', ...schema }
}

function orVariable({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  const { type, enum: choices, minimum, maximum } = jsonSchema
  if (choices === undefined && type !== 'integer' && type !== 'boolean') return
  for (const key of ['type', 'enum', 'minimum', 'maximum'] as const) delete jsonSchema[key]
  const literal: JsonSchema = { type }
  if (choices !== undefined) literal.enum = choices
  if (minimum !== undefined) literal.minimum = minimum
  if (maximum !== undefined) literal.maximum = maximum
  jsonSchema.anyOf = [literal, { type: 'string', pattern: '\\$\\{' }]
}

/** The part of a schema that is about what stands at a path. */
export function schemaAt(schema: JsonSchema, path: Path): JsonSchema | undefined {
  let here: JsonSchema | undefined = schema
  for (const key of path) here = here === undefined ? undefined : child(here, key)
  return here
}

/** The keys that may stand at a path. */
export function keysAt(schema: JsonSchema, path: Path): string[] {
  return Object.keys(schemaAt(schema, path)?.properties ?? {})
}

function child(schema: JsonSchema, key: string | number): JsonSchema | undefined {
  const { properties, items, additionalProperties } = schema
  if (typeof key === 'number') return isSchema(items) ? items : undefined
  const property = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : additionalProperties
  return isSchema(property) ? property : undefined
}

export function isSchema(part: unknown): part is JsonSchema {
  return typeof part === 'object' && part !== null && !Array.isArray(part)
}
