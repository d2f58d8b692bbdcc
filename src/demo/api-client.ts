// The bank's website as a client of the bank's API: sends the access token, reads the answer, and reads the challenge when the API wants more.
import * as client from 'openid-client'
import { z } from 'zod'
import type { AccountStatement } from './ledger.ts'
import { isLoopback } from './relying-party.ts'
import { readStepUpChallenge, type StepUpRequirement } from './step-up-challenge.ts'
import type { TransferOrder } from './transfer-order.ts'

export type ApiAnswer<T> =
  | { outcome: 'ok'; value: T }
  /** The token is good, the sign-in behind it is not enough: what the API asks for. */
  | { outcome: 'step-up'; requirement: StepUpRequirement }
  /** The token is no longer good: sign in again. */
  | { outcome: 'sign-in' }
  /** The API said no, in words for the person. */
  | { outcome: 'rejected'; message: string }

export interface ApiClient {
  statement(accessToken: string): Promise<ApiAnswer<AccountStatement>>
  /** Moves money; the value is the transfer's reference. */
  transfer(accessToken: string, order: TransferOrder): Promise<ApiAnswer<string>>
}

const entrySchema = z.object({ id: z.string(), at: z.number(), name: z.string(), amount: z.int() })
const statementSchema = z.object({ number: z.string(), balance: z.int(), entries: z.array(entrySchema) })
const rejectionSchema = z.object({ message: z.string() }).catch({ message: 'The bank could not take this. Try again in a moment.' })

export function createApiClient(options: { apiUrl: string; issuer: string; clientId: string }): ApiClient {
  const configuration = new client.Configuration({ issuer: options.issuer }, options.clientId)
  configuration.timeout = 10
  if (isLoopback(new URL(options.apiUrl))) client.allowInsecureRequests(configuration)

  async function ask<T>(accessToken: string, method: string, path: string, body: object | null, schema: z.ZodType<T>): Promise<ApiAnswer<T>> {
    const url = new URL(`${options.apiUrl}${path}`)
    const json = body === null ? null : JSON.stringify(body)
    const headers = new Headers(json === null ? {} : { 'content-type': 'application/json' })
    let response: Response
    try {
      response = await client.fetchProtectedResource(configuration, accessToken, url, method, json, headers)
    } catch (error) {
      if (!(error instanceof client.WWWAuthenticateChallengeError)) throw error
      await error.response.body?.cancel()
      const requirement = readStepUpChallenge(error.cause)
      return requirement === undefined ? { outcome: 'sign-in' } : { outcome: 'step-up', requirement }
    }
    const answer: unknown = await response.json()
    if (!response.ok) return { outcome: 'rejected', message: rejectionSchema.parse(answer).message }
    return { outcome: 'ok', value: schema.parse(answer) }
  }

  return {
    statement: (accessToken) => ask(accessToken, 'GET', '/account', null, statementSchema),
    transfer(accessToken, { payee, amount }) {
      const order = { payee, amount: (amount / 100).toFixed(2) }
      return ask(
        accessToken,
        'POST',
        '/transfers',
        order,
        entrySchema.transform((entry) => entry.id),
      )
    },
  }
}
