// `${NAME}` and `${NAME:-default}` in a text, read from an environment that is passed in.

export type Environment = Readonly<Record<string, string | undefined>>

export interface Substituted {
  text: string
  /** The variables it was asked for, in the order of the text. */
  names: string[]
  /** Those that are not set, or empty, and have no default. */
  missing: string[]
  /** Whether a `${` is neither a variable nor written `$${`, which stands for the two characters themselves. */
  malformed: boolean
}

const variable = /\$(\$)?\{(?:([A-Za-z_]\w*)(?::-([^}]*))?\})?/g

/** Puts the environment into a text. As in a shell, a default also stands in for a variable that is empty. What is put in is not read again. */
export function substitute(text: string, env: Environment): Substituted {
  const found: Substituted = { text, names: [], missing: [], malformed: false }
  found.text = text.replace(variable, (whole: string, escaped?: string, name?: string, fallback?: string) => {
    if (escaped !== undefined) return whole.slice(1)
    if (name === undefined) {
      found.malformed = true
      return whole
    }
    found.names.push(name)
    const value = (Object.hasOwn(env, name) ? env[name] : undefined) || fallback
    if (value === undefined) found.missing.push(name)
    return value ?? ''
  })
  return found
}
