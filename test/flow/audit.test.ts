// What is written down of a step-up: enough to tell afterwards what happened, and nothing to confirm or to call with.
import { stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acr, type Flow, startFlow } from './flow.ts'
import { type Person, shownCodeOn } from './person.ts'

const phoneLevel = { acr_values: acr.phone }
let flow: Flow
beforeAll(async () => {
  flow = await startFlow({ people: 4 })
})
afterAll(() => flow.end())

/** The types of the lines about one account, oldest first. */
async function typesOf(accountId: string | undefined): Promise<unknown[]> {
  return (await flow.audit()).filter((line) => line.accountId === accountId).map(({ type }) => type)
}

async function spoken(person: Person): Promise<{ sub: string | undefined; code: string }> {
  const { page, finish } = await person.askAndSignIn(flow.bank, phoneLevel)
  const calling = await person.beCalled(page)
  const code = await person.hearCode(calling)
  const wrong = await person.type(await person.reload(calling), code === '000000' ? '000001' : '000000')
  const tokens = await finish(await person.type(wrong, code))
  await person.phone.until('the call is over', ({ status }) => status === 'completed')
  return { sub: tokens.claims()?.sub, code }
}

describe('the audit trail', () => {
  it('tells every decision and every event of a call that speaks a code, in order', async () => {
    const { sub } = await spoken(flow.somebody())
    await expect.poll(() => typesOf(sub)).toContain('call.over')
    const types = (await typesOf(sub)).filter((type) => type !== 'call.placed' && type !== 'call.ringing')
    expect(types.slice(0, 8)).toEqual([
      'password.right',
      'challenge.opened',
      'call.requested',
      'call.answered',
      'call.gate-passed',
      'code.told',
      'code.wrong',
      'code.right',
    ])
    expect(types).toEqual(expect.arrayContaining(['challenge.confirmed', 'acr.achieved', 'call.over']))
  })

  it('says of each line when it was, whose, for which client, and in which call', async () => {
    const { sub } = await spoken(flow.somebody())
    const lines = (await flow.audit()).filter((line) => line.accountId === sub)
    for (const line of lines) expect(new Date(String(line.time)).toISOString()).toBe(line.time)
    expect(lines.find(({ type }) => type === 'code.right')).toMatchObject({
      clientId: 'demo-bank',
      mode: 'spoken',
      challenge: expect.any(String),
      call: expect.any(String),
      phone: expect.any(String),
    })
    expect(lines.find(({ type }) => type === 'acr.achieved')).toMatchObject({ acr: acr.phone, amr: 'pwd tel mfa mca', clientId: 'demo-bank' })
  })

  it('tells of refusals, of reports and of demands that were not met', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page)
    await person.send(calling, { action: 'verify', code: '123456' })
    await person.hearCode(calling)
    await person.phone.key('9')
    await person.phone.until('the call is over', ({ status }) => status === 'completed')
    await person.reload(page)
    await person.ask(flow.bank, { acr_values: 'urn:example:unheard-of' })
    const types = (await flow.audit()).map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(['refused.not-told-yet', 'challenge.reported', 'factor.blocked', 'acr.unmet']))
  })

  it('holds no code, neither the one spoken nor the one keyed, and nor does the log', async () => {
    const person = flow.somebody()
    const { code } = await spoken(person)
    const { page } = await person.ask(flow.bank, { ...phoneLevel, prompt: 'login' })
    const calling = await person.beCalled(await person.signIn(page), { mode: 'keyed' })
    const call = await person.phone.answer()
    const shown = shownCodeOn(await person.reload(calling))
    await person.phone.key(shown, call.sid)
    await person.phone.until('the call is over', ({ status }) => status === 'completed')
    await person.reload(calling)
    const written = `${JSON.stringify(await flow.audit())}${flow.ringback.logged.join('')}`
    // Six digits may stand in a time or an id by chance: only where no digit or letter touches them could they be a code.
    for (const secret of [code, shown]) expect(written).not.toMatch(new RegExp(`(?<![\\da-zA-Z.-])${secret}(?![\\da-zA-Z.-])`))
  })

  it('is readable by its owner only', async () => {
    expect((await stat(flow.ringback.config.audit.file)).mode & 0o777).toBe(0o600)
  })
})
