// Finding out who has an account: by words, by status, by headers, by time. And what is told before the password is right: nothing.
import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { textOf } from '../flow/person.ts'
import type { Visited } from '../support/cookie-browser.ts'
import { rawRequest, type Scene, startScene } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ people: 2 })
})
afterAll(() => scene.end())

/** One attempt on the sign-in page, by hand: everything that comes back, and how long it took. */
async function attempt(page: Visited, cookie: string, username: string, password: string) {
  const { origin, pathname } = new URL(page.url)
  const startedAt = performance.now()
  const answer = await rawRequest(origin, pathname, {
    method: 'POST',
    headers: { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams({ action: 'sign-in', username, password })),
  })
  return { ...answer, milliseconds: performance.now() - startedAt }
}

/** Without what is new in every answer, and without the name that was typed. */
function comparable(
  { status, headers, body }: { status: number; headers: Record<string, string | string[] | undefined>; body: string },
  username: string,
) {
  const nonce = /'nonce-([^']+)'/.exec(String(headers['content-security-policy']))?.[1] ?? ''
  const without = (text: string) => text.replaceAll(nonce, 'NONCE').replaceAll(username, 'USERNAME')
  const { date: _, 'x-request-id': __, 'content-length': ___, ...rest } = headers
  return { status, headers: without(JSON.stringify(rest)), body: without(body) }
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

describe('an unknown account and a wrong password (ASVS 6.3.8)', () => {
  it('get the same page, the same status and the same headers, with a phone or without', async () => {
    const somebody = scene.somebody()
    const { page } = await somebody.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone' })
    const cookie = await somebody.browser.jar.getCookieString(page.url)
    const answers = []
    for (const username of ['demo', 'nophone', 'no-such-person', '__proto__', 'constructor', 'DEMO']) {
      const answer = await attempt(page, cookie, username, 'not the password')
      expect(answer.status).toBe(401)
      expect(answer.body).not.toMatch(/••••|phone on your account/)
      answers.push(comparable(answer, username))
    }
    for (const answer of answers) expect(answer).toEqual(answers[0])
    // And the trail says of both the same.
    const lines = (await scene.auditOf()).filter(({ type }) => type === 'password.wrong').map(({ time: _, ...line }) => line)
    expect(lines).toHaveLength(6)
    for (const line of lines) expect(line).toEqual(lines[0])
  })

  it('take the same time, measured one after the other in turn', { timeout: 120_000 }, async () => {
    const somebody = scene.somebody()
    const { page } = await somebody.ask(scene.bank)
    const cookie = await somebody.browser.jar.getCookieString(page.url)
    const known: number[] = []
    const unknown: number[] = []
    for (let turn = 0; turn < 26; turn += 1) {
      // In changing order, so that whatever else the machine does meets both alike.
      const order = turn % 2 === 0 ? (['demo', `nobody-${turn}`] as const) : ([`nobody-${turn}`, 'demo'] as const)
      for (const username of order) {
        const { milliseconds } = await attempt(page, cookie, username, `wrong ${turn}`)
        // The first ones warm up.
        if (turn >= 2) (username === 'demo' ? known : unknown).push(milliseconds)
      }
    }
    const ratio = median(known) / median(unknown)
    expect(ratio).toBeGreaterThan(1 / 1.5)
    expect(ratio).toBeLessThan(1.5)
    // Neither is answered without a hash having been computed: a comparison that is skipped would take a millisecond or two.
    expect(median(unknown)).toBeGreaterThan(5)
  })

  it('and nothing of an account is told before its password: neither by a hint, nor by a request that asks for a call', async () => {
    for (const login_hint of ['demo', 'nophone', 'nobody']) {
      const stranger = scene.demo('demo')
      const { page } = await stranger.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone', login_hint })
      expect(page.body).not.toContain('••••')
      expect(textOf(page)).toBe(textOf((await stranger.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone', login_hint: 'x' })).page))
    }
  })
})
