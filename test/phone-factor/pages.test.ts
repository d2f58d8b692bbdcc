// What a page may see, whose page, and when; and what switches the factor off.
import { beforeEach, describe, expect, it } from 'vitest'
import { type Bench, bench, elsewhere, number, otherTab, ownPage, spoken, wrong } from './bench.ts'

let at: Bench
beforeEach(() => {
  at = bench()
})

describe('the gate and the code that is to be keyed', () => {
  it('are on the page while the call is answered, and at no other time', async () => {
    for (const [mode, shown] of [
      ['spoken', 'gate'],
      ['keyed', 'shownCode'],
    ] as const) {
      at = bench()
      const secrets = async () => {
        const { gate, shownCode } = await at.factor.see(ownPage)
        return { gate, shownCode }
      }
      const nothing = { gate: undefined, shownCode: undefined }
      expect(await secrets()).toEqual(nothing)
      await at.start(ownPage, { ...spoken, mode })
      expect(await secrets()).toEqual(nothing)
      await at.hear({ type: 'ringing' })
      expect(await secrets()).toEqual(nothing)
      await at.hear({ type: 'answered' })
      const secret = (await secrets())[shown]
      expect(await secrets()).toEqual({ ...nothing, [shown]: secret })
      expect(secret).toMatch(mode === 'spoken' ? /^\d\d$/ : /^\d{6}$/)
      await at.key(secret ?? '')
      expect(await secrets()).toEqual(nothing)
      await at.hear({ type: 'over', outcome: 'ended' })
      expect(await secrets()).toEqual(nothing)
    }
  })

  it.each<[string, () => Promise<unknown>]>([
    ['the callee hung up', () => at.hear({ type: 'over', outcome: 'ended' })],
    ['the gate was wrong', async () => at.key(wrong((await at.factor.see(ownPage)).gate ?? ''))],
    ['the person gave up', () => at.factor.cancel(ownPage)],
    ['nine was pressed', () => at.key('9')],
    ['the challenge expired', () => at.clock.advance(180_000)],
    ['the call was lost', () => at.clock.advance(135_000)],
  ])('are gone once %s', async (_, end) => {
    await at.answered()
    await end()
    const view = await at.factor.see(ownPage)
    expect(view.gate).toBeUndefined()
    expect(view.shownCode).toBeUndefined()
  })

  it('are on no page but the one that started the call', async () => {
    for (const mode of ['spoken', 'keyed'] as const) {
      at = bench()
      await at.answered(ownPage, mode)
      for (const page of [elsewhere, otherTab, { ...ownPage, origin: { ...ownPage.origin, cid: 'cid-else' } }, { ...ownPage, accountId: 'bob' }]) {
        const view = await at.factor.see(page)
        expect(view.challenge).toBeUndefined()
        expect(view.gate).toBeUndefined()
        expect(view.shownCode).toBeUndefined()
      }
    }
  })

  it('a three-digit gate has three digits', async () => {
    at = bench({ settings: { gateDigits: 3 } })
    await at.answered()
    const { gate = '' } = await at.factor.see(ownPage)
    expect(gate).toMatch(/^\d{3}$/)
    expect(await at.key(gate.slice(0, 2))).toMatchObject({ next: { do: 'gather', digits: 3 } })
    expect(await at.key(gate)).toMatchObject({ next: { do: 'gather', digits: 6 } })
  })
})

describe('a page', () => {
  it('has the phones that may be called, in their owner’s order, and the time', async () => {
    at.phones.push({ id: 'phone-2', number: '+12025550199' }, { id: 'phone-3', number, blockedAt: 1 })
    const view = await at.factor.see(ownPage)
    expect(view.phones.map(({ id }) => id)).toEqual(['phone-1', 'phone-2'])
    expect(view.now).toBe(at.clock.now())
    expect(view.challenge).toBeUndefined()
    expect(view.account).toEqual({ failuresInARow: 0, callsAt: [], confirmations: [] })
  })

  it('is judged by the clock, not by what was last stored', async () => {
    await at.start()
    await at.hear({ type: 'ringing' })
    await at.clock.advance(44_999)
    expect(await at.state()).toBe('ringing')
    await at.clock.advance(1)
    expect(await at.state()).toBe('no-answer')
    await at.clock.advance(134_999)
    expect(await at.state()).toBe('no-answer')
    await at.clock.advance(1)
    expect(await at.state()).toBe('expired')
  })

  it('gives up only for itself', async () => {
    const code = await at.told()
    for (const page of [elsewhere, otherTab, { ...ownPage, accountId: 'bob' }]) {
      await at.factor.cancel(page)
      await at.factor.report(page)
    }
    expect(await at.factor.typeCode(ownPage, code)).toHaveProperty('confirmed')
  })
})

describe('this was not me', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['keyed in the call', () => at.key('9')],
    ['said on the page', () => at.factor.report(ownPage)],
  ])('%s: the challenge ends, and no call is made for a day', async (_, report) => {
    const code = await at.told()
    await report()
    expect(await at.state()).toBe('reported')
    expect(await at.factor.typeCode(ownPage, code)).toEqual({ refused: 'challenge-over' })
    const until = at.clock.now() + 24 * 3_600_000
    expect(await at.factor.start(otherTab, spoken)).toEqual({ refused: 'factor-blocked', retryAt: until })
    await at.clock.advance(24 * 3_600_000)
    await at.start(otherTab)
    expect(at.audit.map(({ type }) => type)).toContain('challenge.reported')
  })

  it('keyed after somebody has typed the code: what that gained is taken back', async () => {
    const code = await at.told()
    await at.factor.typeCode(ownPage, code)
    await at.key('9')
    expect((await at.stored()).confirmations).toEqual([])
    expect(await at.factor.start(otherTab, spoken)).toMatchObject({ refused: 'factor-blocked' })
  })

  it('can be lifted by an administrator', async () => {
    await at.answered()
    await at.key('9')
    await at.factor.unblock('ada')
    await at.start()
    expect(await at.state()).toBe('dialling')
    expect(at.audit.map(({ type }) => type)).toContain('factor.unblocked')
  })
})

describe('an administrator', () => {
  it('switches the factor off: no call, no gate, no code', async () => {
    const code = await at.told()
    await at.factor.block('ada')
    expect(await at.factor.typeCode(ownPage, code)).toEqual({ refused: 'factor-blocked', retryAt: undefined })
    expect(await at.factor.start(ownPage, spoken)).toMatchObject({ refused: 'factor-blocked' })
    await at.clock.advance(365 * 24 * 3_600_000)
    expect(await at.factor.start(ownPage, spoken)).toMatchObject({ refused: 'factor-blocked' })
    expect(at.audit.filter(({ type }) => type === 'factor.blocked')).toHaveLength(1)
  })

  it('in mid-call: the gate opens nothing', async () => {
    await at.answered()
    const { gate = '' } = await at.factor.see(ownPage)
    await at.factor.block('ada')
    expect(await at.key(gate)).toMatchObject({ next: { do: 'hang-up' } })
    expect((await at.stored()).challenge?.call.toldAt).toBeUndefined()
  })

  it('in mid-call: the keyed code confirms nothing', async () => {
    await at.answered(ownPage, 'keyed')
    const { shownCode = '' } = await at.factor.see(ownPage)
    await at.factor.block('ada')
    await at.key(shownCode)
    expect((await at.stored()).confirmations).toEqual([])
  })

  it('may do so for an account that was never called', async () => {
    await at.factor.block('ada')
    expect(await at.factor.start(ownPage, spoken)).toMatchObject({ refused: 'factor-blocked' })
    await at.factor.unblock('ada')
    await at.start()
  })

  it('has a block that nobody shortens by saying that this was not me', async () => {
    await at.answered()
    await at.factor.block('ada')
    await at.factor.report(ownPage)
    await at.clock.advance(25 * 3_600_000)
    expect(await at.factor.start(ownPage, spoken)).toMatchObject({ refused: 'factor-blocked' })
  })

  it('who lifts a block gives back all tries', async () => {
    const code = await at.told()
    for (const serial of [1, 2, 3]) await at.factor.typeCode(ownPage, wrong(code, serial))
    await at.factor.unblock('ada')
    expect(await at.stored()).toMatchObject({ failuresInARow: 0 })
  })
})

describe('what is not forgotten', () => {
  const month = 30 * 24 * 3_600_000
  it('failures in a row, ever', async () => {
    const code = await at.told()
    await at.factor.typeCode(ownPage, wrong(code))
    await at.clock.advance(13 * month)
    expect(await at.stored()).toMatchObject({ failuresInARow: 1 })
  })
  it('an administrator’s block, ever', async () => {
    await at.factor.block('ada')
    await at.clock.advance(13 * month)
    expect(await at.factor.start(ownPage, spoken)).toMatchObject({ refused: 'factor-blocked' })
  })
  it('a confirmation, for as long as any policy may ask for it; an account that did nothing for longer is forgotten', async () => {
    const code = await at.told()
    await at.factor.typeCode(ownPage, code)
    await at.clock.advance(month)
    expect((await at.stored()).confirmations).toHaveLength(1)
    await at.clock.advance(month)
    expect(await at.stored()).toEqual({ failuresInARow: 0, callsAt: [], confirmations: [] })
  })
})

describe('events that belong to nothing', () => {
  it.each(['', '.', 'x', 'x.1', '__proto__.1', '.1', 'AAAAAAAAAAAAAAAAAAAAAA.1'])(
    'of the call %j are hung up on, and nothing is stored',
    async (call) => {
      for (const event of [
        { call, type: 'ringing' },
        { call, type: 'answered', by: 'person' },
        { call, type: 'keys', sequence: 0, keys: '42' },
        { call, type: 'over', outcome: 'ended' },
      ] as const)
        expect(await at.factor.takeVoiceEvent(event)).toEqual({ sequence: 0, say: [], next: { do: 'hang-up' } })
      expect(at.audit).toEqual([])
      for await (const record of at.openRecords('account-factor').list()) expect(record).toBeUndefined()
    },
  )
})
