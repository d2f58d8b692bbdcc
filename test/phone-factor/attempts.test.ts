// Codes that are typed: guessed at once, right at once, malformed, for a phone or a key that is gone.
import { beforeEach, describe, expect, it } from 'vitest'
import type { OpenRecords, Records } from '../../src/ports/records.ts'
import { type Bench, bench, codeIn, codeKey, elsewhere, keyed, otherTab, ownPage, wrong } from './bench.ts'

let at: Bench
beforeEach(() => {
  at = bench()
})

const audited = (type: string) => at.audit.filter((entry) => entry.type === type)

describe('at once', () => {
  it('of two hundred wrong codes exactly three are looked at, and the right one is too late', async () => {
    const code = await at.told()
    const answers = await Promise.all(Array.from({ length: 200 }, (_, serial) => at.factor.typeCode(ownPage, wrong(code, serial + 1))))
    const refused = answers.map((answer) => ('refused' in answer ? answer.refused : 'confirmed'))
    expect(refused.filter((reason) => reason === 'wrong-code')).toHaveLength(3)
    expect(refused.filter((reason) => reason === 'challenge-over')).toHaveLength(197)
    expect(answers.flatMap((answer) => ('triesLeft' in answer ? [answer.triesLeft] : [])).sort()).toEqual([0, 1, 2])
    expect(audited('code.wrong')).toHaveLength(3)
    expect(await at.stored()).toMatchObject({ failuresInARow: 3, challenge: { failures: 3, state: 'wrong-code' } })
    expect(await at.factor.typeCode(ownPage, code)).toEqual({ refused: 'challenge-over' })
    expect((await at.stored()).confirmations).toEqual([])
  })

  it('of fifty right codes one confirms', async () => {
    const code = await at.told()
    const answers = await Promise.all(Array.from({ length: 50 }, () => at.factor.typeCode(ownPage, code)))
    expect(answers.filter((answer) => 'confirmed' in answer)).toHaveLength(1)
    expect(answers.filter((answer) => 'refused' in answer && answer.refused === 'challenge-over')).toHaveLength(49)
    expect(audited('code.right')).toHaveLength(1)
    expect(audited('challenge.confirmed')).toHaveLength(1)
    expect((await at.stored()).confirmations).toHaveLength(1)
  })

  it('on two nodes, six wrong codes are three failures', async () => {
    const code = await at.told()
    const other = at.anotherNode()
    await Promise.all([1, 2, 3, 4, 5, 6].map((serial) => (serial % 2 ? at : other).factor.typeCode(ownPage, wrong(code, serial))))
    expect(audited('code.wrong')).toHaveLength(3)
    expect((await at.stored()).failuresInARow).toBe(3)
  })

  it('of twenty clicks one calls', async () => {
    const starts = await Promise.all(Array.from({ length: 20 }, () => at.factor.start(ownPage, { phone: 'phone-1', mode: 'spoken' })))
    await at.clock.advance(0)
    expect(starts.filter((start) => 'started' in start && start.started === 'call')).toHaveLength(1)
    expect(starts.filter((start) => 'started' in start && start.started === 'already-calling')).toHaveLength(19)
    expect(at.gateway.placed).toHaveLength(1)
  })

  it('a change that a store runs twice is counted once', async () => {
    at = bench({ around: runsTwice })
    const code = await at.told()
    expect(at.gateway.placed).toHaveLength(1)
    expect(await at.factor.typeCode(ownPage, wrong(code))).toEqual({ refused: 'wrong-code', triesLeft: 2 })
    expect(audited('code.wrong')).toHaveLength(1)
    expect(await at.factor.typeCode(ownPage, code)).toHaveProperty('confirmed')
    expect((await at.stored()).confirmations).toHaveLength(1)
  })
})

describe('what is typed', () => {
  it.each<[string, (code: string) => unknown]>([
    ['with spaces', (code) => ` ${code.slice(0, 3)} ${code.slice(3)} `],
    ['with a dash', (code) => `${code.slice(0, 3)}-${code.slice(3)}`],
    ['pasted with a line break', (code) => `${code}\r\n`],
    ['as it was heard, digit by digit', (code) => [...code].join(' ')],
  ])('%s is the code', async (_, typed) => {
    const code = await at.told()
    expect(await at.factor.typeCode(ownPage, typed(code))).toHaveProperty('confirmed')
  })

  it.each<[string, (code: string) => unknown]>([
    ['nothing', () => ''],
    ['no field at all', () => undefined],
    ['null', () => null],
    ['a number', (code) => Number(code)],
    ['a list with the code', (code) => [code]],
    ['an object', (code) => ({ code })],
    ['an object that prints the code', (code) => ({ toString: () => code })],
    ['one digit short', (code) => code.slice(1)],
    ['one digit more', (code) => `${code}0`],
    ['the code twice', (code) => `${code}${code}`],
    ['letters', () => 'abcdef'],
    ['a sign', (code) => `+${code.slice(1)}`],
    ['a fraction', (code) => `${code.slice(0, 2)}.${code.slice(3)}`],
    ['hexadecimal', () => '0x1F2A'],
    ['digits of another script', () => '١٢٣٤٥٦'],
  ])('%s is refused and not counted', async (_, typed) => {
    const code = await at.told()
    const before = await at.stored()
    expect(await at.factor.typeCode(ownPage, typed(code))).toEqual({ refused: 'malformed-code' })
    expect(await at.stored()).toEqual(before)
    expect(audited('code.wrong')).toHaveLength(0)
  })

  it('as long as the operator made codes', async () => {
    at = bench({ settings: { codeDigits: 8 } })
    const code = await at.told()
    expect(code).toHaveLength(8)
    expect(await at.factor.typeCode(ownPage, code.slice(0, 6))).toEqual({ refused: 'malformed-code' })
    expect(await at.factor.typeCode(ownPage, code)).toHaveProperty('confirmed')
  })

  it('on any page but its own is no code, and costs the owner nothing', async () => {
    const code = await at.told()
    for (const page of [elsewhere, otherTab, { ...ownPage, origin: { ...ownPage.origin, cid: 'cid-else' } }, { ...ownPage, accountId: 'bob' }]) {
      expect(await at.factor.typeCode(page, code)).toEqual({ refused: 'no-challenge' })
      expect(await at.factor.typeCode(page, wrong(code))).toEqual({ refused: 'no-challenge' })
    }
    expect(await at.factor.typeCode(ownPage, code)).toHaveProperty('confirmed')
  })

  it('the code that the page itself shows is to be keyed', async () => {
    await at.answered(ownPage, 'keyed')
    const { shownCode } = await at.factor.see(ownPage)
    expect(await at.factor.typeCode(ownPage, shownCode)).toEqual({ refused: 'wrong-mode' })
    expect(await at.key(shownCode ?? '')).toMatchObject({ next: { do: 'hang-up' } })
    expect(await at.state()).toBe('confirmed')
  })

  it('the code of the call before is void from the moment another is asked for', async () => {
    const code = await at.told()
    await at.start()
    expect(await at.factor.typeCode(ownPage, code)).toEqual({ refused: 'not-told-yet' })
  })

  it('for one transaction is no code for another', async () => {
    const paying = (transactionDigest: string) => ({ ...ownPage, origin: { ...ownPage.origin, transactionDigest } })
    const code = await at.told(paying('pay-10'))
    expect((await at.stored()).challenge?.origin.transactionDigest).toBe('pay-10')
    // The record is changed behind the factor's back, as somebody might who can write to the store.
    await at.openRecords<Awaited<ReturnType<Bench['stored']>>>('account-factor').update('ada', (current) => {
      if (current?.challenge === undefined) throw new Error('there is no challenge to change')
      const challenge = { ...current.challenge, origin: paying('pay-10000').origin }
      return { next: { value: { ...current, challenge }, expiresAt: Infinity }, result: undefined }
    })
    expect(await at.factor.typeCode(paying('pay-10000'), code)).toMatchObject({ refused: 'wrong-code' })
  })
})

describe('a phone that is taken away', () => {
  it.each<[string, (bench: Bench) => void]>([
    ['removed', ({ phones }) => phones.splice(0, 1)],
    ['blocked', ({ phones, clock }) => phones.splice(0, 1, { id: 'phone-1', number: '+12025550143', blockedAt: clock.now() })],
    ['replaced', ({ phones }) => phones.splice(0, 1, { id: 'phone-2', number: '+12025550143' })],
  ])('%s: its code is no code any more, and no guess', async (_, take) => {
    const code = await at.told()
    take(at)
    expect(await at.factor.typeCode(ownPage, code)).toEqual({ refused: 'no-challenge' })
    expect(await at.stored()).toMatchObject({ failuresInARow: 0, confirmations: [] })
  })

  it('whose number was changed: the code was for the old number', async () => {
    const code = await at.told()
    at.phones.splice(0, 1, { id: 'phone-1', number: '+12025550199' })
    expect(await at.factor.typeCode(ownPage, code)).toMatchObject({ refused: 'wrong-code' })
  })

  it('in mid-call hears nothing more, and its page shows nothing; its end is still recorded', async () => {
    await at.answered()
    const { gate } = await at.factor.see(ownPage)
    at.phones.splice(0, 1)
    const view = await at.factor.see(ownPage)
    expect(view).toMatchObject({ phones: [] })
    expect(view).not.toHaveProperty('gate')
    expect(await at.key(gate ?? '')).toEqual({ sequence: 0, say: [], next: { do: 'hang-up' } })
    expect((await at.stored()).challenge?.call.toldAt).toBeUndefined()
    await at.hear({ type: 'over', outcome: 'ended' })
    expect(await at.state()).toBe('hung-up')
  })
})

describe('the keys that codes are made from', () => {
  it('the first makes new codes, and a challenge is verified by the one it names', async () => {
    at = bench({ codeKeys: [codeKey('old')] })
    const code = await at.told()
    const rotated = at.anotherNode({ codeKeys: [codeKey('new'), codeKey('old')] })
    expect(await rotated.factor.typeCode(ownPage, wrong(code))).toEqual({ refused: 'wrong-code', triesLeft: 2 })
    expect(await rotated.factor.typeCode(ownPage, code)).toHaveProperty('confirmed')
    const next = await rotated.told()
    expect((await rotated.stored()).challenge?.call.codeKey).toBe('new')
    expect(await rotated.factor.typeCode(ownPage, next)).toHaveProperty('confirmed')
  })

  it('by no other: a second key is no second chance', async () => {
    at = bench({ codeKeys: [codeKey('new'), codeKey('old')] })
    const code = await at.told()
    await at.openRecords<Awaited<ReturnType<Bench['stored']>>>('account-factor').update('ada', (current) => {
      if (current?.challenge === undefined) throw new Error('there is no challenge to change')
      const challenge = { ...current.challenge, call: { ...current.challenge.call, codeKey: 'old' } }
      return { next: { value: { ...current, challenge }, expiresAt: Infinity }, result: undefined }
    })
    expect(await at.factor.typeCode(ownPage, code)).toMatchObject({ refused: 'wrong-code' })
  })

  it('one that is gone is no way in: the operator is told what to do, the person that there is no call to confirm', async () => {
    at = bench({ codeKeys: [codeKey('old')] })
    const code = await at.told()
    const rotated = at.anotherNode({ codeKeys: [codeKey('new')] })
    expect(await rotated.factor.typeCode(ownPage, code)).toEqual({ refused: 'no-challenge' })
    expect(at.logged.join()).toMatch(/code key is not configured any more: keep a key until/)
    expect((await at.stored()).confirmations).toEqual([])
  })

  it('two calls never have the same code or nonce', async () => {
    at = bench({ settings: { codeDigits: 10 } })
    const first = await at.told()
    const { nonce } = (await at.stored()).challenge?.call ?? {}
    await at.start()
    await at.hear({ type: 'answered' })
    const second = codeIn(await at.key((await at.factor.see(ownPage)).gate ?? ''))
    expect(second).not.toBe(first)
    expect((await at.stored()).challenge?.call.nonce).not.toBe(nonce)
    expect(Buffer.from(nonce ?? '', 'base64url')).toHaveLength(16)
  })
})

describe('a code that is keyed', () => {
  it('three wrong ones end the challenge, in the same call', async () => {
    await at.answered(ownPage, 'keyed')
    const { shownCode = '' } = await at.factor.see(ownPage)
    for (const serial of [1, 2]) expect(await at.key(wrong(shownCode, serial))).toMatchObject({ next: { do: 'gather', digits: 6 } })
    expect(await at.key(wrong(shownCode, 3))).toMatchObject({ next: { do: 'hang-up' } })
    expect(await at.state()).toBe('wrong-code')
    expect(await at.key(shownCode)).toMatchObject({ next: { do: 'hang-up' } })
    expect((await at.stored()).confirmations).toEqual([])
  })

  it('reported fifty times at once counts once', async () => {
    await at.start(ownPage, keyed)
    await at.hear({ type: 'answered' })
    const { shownCode = '' } = await at.factor.see(ownPage)
    const call = await at.callId()
    const steps = await Promise.all(
      Array.from({ length: 50 }, () => at.factor.takeVoiceEvent({ call, type: 'keys', sequence: 1, keys: wrong(shownCode) })),
    )
    expect(new Set(steps.map((step) => JSON.stringify(step))).size).toBe(1)
    expect(await at.stored()).toMatchObject({ failuresInARow: 1, challenge: { failures: 1, state: 'open' } })
  })
})

/** Records as a store may be that has lost a race: what the first run decided is thrown away. */
function runsTwice(records: OpenRecords): OpenRecords {
  return <T>(kind: string): Records<T> => {
    const kept = records<T>(kind)
    return {
      ...kept,
      update: (id, change) =>
        kept.update(id, (current) => {
          change(structuredClone(current))
          return change(current)
        }),
    }
  }
}
