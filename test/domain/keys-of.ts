// The keys of a table over a closed union, so that the compiler finds a member the tests forgot.

export function keysOf<K extends string>(table: Readonly<Record<K, unknown>>): K[] {
  const keys: K[] = []
  for (const key in table) keys.push(key)
  return keys
}
