// Where oidc-provider's artifacts (codes, tokens, sessions, interactions) are kept: what Keyv asks of a store, and the atomic steps that Keyv lacks.

/**
 * The plain part, in the shape of a Keyv store: one key space, texts as Keyv serialised them. Times to live are milliseconds, absent for ever.
 * A method that cannot reach its store throws: an outage must never look like "not found".
 */
export interface ArtifactValues {
  get(key: string): Promise<string | undefined>
  getMany(keys: string[]): Promise<(string | undefined)[]>
  set(key: string, value: string, ttl?: number): Promise<void>
  /** True when something was there. */
  delete(key: string): Promise<boolean>
  clear(): Promise<void>
}

/** The atomic part, on the same keys. */
export interface ArtifactSteps {
  /** Keeps `value` unless the key has one: of many concurrent calls exactly one is told true. */
  addIfAbsent(key: string, value: string, ttl?: number): Promise<boolean>
  /** Puts `value` in place of exactly `expected`: of many concurrent calls exactly one is told true. */
  replace(key: string, expected: string, value: string, ttl?: number): Promise<boolean>
  /** Notes that `key` belongs to `index`, for at least `ttl`; the key need not exist yet. */
  addToIndex(index: string, key: string, ttl?: number): Promise<void>
  /** Deletes every key noted in `index`, and the index, in one step. */
  deleteIndexed(index: string): Promise<void>
}

export type ArtifactStore = ArtifactValues & ArtifactSteps
