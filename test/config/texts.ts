// Small configurations to start from, and what is wrong with a text.
import { ConfigError, type Environment, type Problem, parseConfig } from '../../src/config.ts'

/** The least that starts, on this machine. */
export const development = `
secrets:
  madeUp: true
voice:
  callFrom: "+1 202 555 0100"
  simulator: {}
`

/** The least that starts in production. */
export const production = `
issuer: https://id.example.com
secrets:
  file: /etc/ringback/secrets.json
voice:
  callFrom: "+1 202 555 0100"
  twilio:
    accountSid: AC0123456789abcdef0123456789abcdef
    authToken: tw1l10-t0ken-never-shown
`

export function parse(text: string, env: Environment = {}) {
  return parseConfig({ text, name: 'test.yaml', env })
}

/** The error of a text that must not be accepted. */
export function refusal(text: string, env: Environment = {}): ConfigError {
  try {
    parse(text, env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}

export function problems(text: string, env: Environment = {}): readonly Problem[] {
  return refusal(text, env).problems
}

/** `path: problem` of each. */
export function said(text: string, env: Environment = {}): string[] {
  return problems(text, env).map(({ path, problem }) => `${path}: ${problem}`)
}
