// Doing at once what may be done once: one right code, one confirmation, one authorization code, one token response, one call.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../flow/flow.ts'
import { type Person, stateOf } from '../flow/person.ts'
import { callback, errorOf } from '../support/relying-party.ts'
import { onPhonePage, post, type Scene, startScene, told } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({
    people: 5,
    // Each of its requests wants a call of its own.
    change: (config) => addClient(config, 'broker', { policy: { phoneMaxAge: 0 } }),
  })
})
afterAll(() => scene.end())

/** Where so many requests sent at once lead. */
async function atOnce(who: Person, url: string, count: number): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => who.browser.request(url)))
  return answers.map((answer) => new URL(answer.headers.get('location') ?? url, url).href)
}

describe('one right code', () => {
  it('sent 50 times in parallel is one success and one token response (better-auth PR #8067)', async () => {
    const victim = scene.somebody()
    const { asked, page, code, challenge } = await told(victim, scene)
    await Promise.all(Array.from({ length: 50 }, () => post(victim.browser, page.url, { action: 'verify', code })))
    expect(await scene.count('code.right', challenge)).toBe(1)
    expect(await scene.count('challenge.confirmed', challenge)).toBe(1)
    expect(await scene.count('code.wrong', challenge)).toBe(0)

    const resumed = [...new Set(await atOnce(victim, `${page.url}/finish`, 20))]
    expect(resumed).toHaveLength(1)
    const ends = await atOnce(victim, resumed[0] ?? '', 20)
    const codes = new Set(ends.filter((url) => url.startsWith(callback)))
    expect(codes.size).toBe(1)
    const [back = ''] = codes
    const tokens = await asked.finish({ ...page, url: back })
    expect(tokens.claims()).toMatchObject({ acr: 'urn:ringback:acr:phone' })
  })

  it('is worth one authorization code where every request wants a call of its own', async () => {
    const victim = scene.somebody()
    const asked = await victim.askAndSignIn(await scene.client('broker'), { acr_values: 'urn:ringback:acr:phone' })
    const calling = await victim.beCalled(asked.page)
    const code = await victim.hearCode(calling)
    await post(victim.browser, calling.url, { action: 'verify', code })
    const [resume = ''] = await atOnce(victim, `${calling.url}/finish`, 1)
    const ends = await atOnce(victim, resume, 20)
    expect(ends.filter((url) => url.includes('code='))).toHaveLength(1)
    expect(await scene.count('acr.achieved')).toBe(
      (await scene.auditOf()).filter(({ clientId, type }) => type === 'acr.achieved' && clientId !== 'broker').length + 1,
    )
  })

  it('is worth nothing once its owner says, before anything was issued, that it was somebody else', async () => {
    const victim = scene.somebody()
    const { page, code, challenge } = await told(victim, scene)
    await post(victim.browser, page.url, { action: 'verify', code })
    expect(await scene.count('code.right', challenge)).toBe(1)
    await post(victim.browser, page.url, { action: 'not-me' })
    expect(errorOf((await victim.reload(page)).url)).toBe('access_denied')
    const silent = await victim.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone', prompt: 'none' })
    expect(errorOf(silent.page.url)).toBe('unmet_authentication_requirements')
  })
})

describe('one authorization code', () => {
  it('redeemed 8 times at once gives one token response, and none ever after (ASVS 10.4.2)', async () => {
    const victim = scene.somebody()
    const asked = await victim.askAndSignIn(scene.bank)
    const redeemed = await Promise.allSettled(Array.from({ length: 8 }, () => asked.finish(asked.page)))
    expect(redeemed.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(asked.finish(asked.page)).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})

describe('one click', () => {
  it('sent 10 times in parallel rings once, and counts once', async () => {
    const victim = scene.somebody()
    const { page } = await onPhonePage(victim, scene)
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(victim.browser, page.url, { action: 'call', mode: 'spoken' })))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 303))
    await victim.until(page, 'ringing')
    // And again while it rings, and once more when it was answered.
    expect((await post(victim.browser, page.url, { action: 'call', mode: 'spoken' })).status).toBe(303)
    await victim.phone.answer()
    expect((await post(victim.browser, page.url, { action: 'call', mode: 'spoken' })).status).toBe(303)
    expect(stateOf(await victim.reload(page))).toBe('answered')
    expect(await victim.phone.calls()).toHaveLength(1)
    expect(await scene.count('call.requested', (await scene.newest()).challenge)).toBe(1)
    expect(errorOf((await victim.browser.submit(await victim.reload(page), { action: 'cancel' })).url)).toBe('access_denied')
  })
})
