// The call that speaks a code: what the person sees, keys, hears and types.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spokenCode } from '../support/handset.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { callback } from '../support/relying-party.ts'
import { acr, addClient, amr, type Flow, startFlow } from './flow.ts'
import { gateOn, isPhone, stateOf, textOf } from './person.ts'

const phoneLevel = { acr_values: acr.phone }
let clock: ManualClock
let flow: Flow
beforeAll(async () => {
  clock = manualClock(Date.now())
  flow = await startFlow({ people: 14, clock, change: (config) => addClient(config, 'spoken-only', { policy: { modes: ['spoken'] } }) })
})
afterAll(() => flow.end())

/** A code that is as long as the right one, and another. */
function otherThan(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0')
}

describe('the way through a call that speaks a code', () => {
  it('leads from the sign-in page to the tokens', async () => {
    const person = flow.somebody()
    const { page: signIn, finish } = await person.ask(flow.bank, phoneLevel)
    expect(signIn.$('input[name="username"], input[name="password"]')).toHaveLength(2)
    expect(textOf(signIn)).toContain('Harbour Bank')

    const before = await person.signIn(signIn)
    expect(stateOf(before)).toBe('idle')
    expect(textOf(before)).toContain(`•••• ${person.number.slice(-2)}`)
    expect(before.body).not.toContain(person.number.slice(-7))
    expect(textOf(before).replace(/\s/g, '')).toContain('+12025550100')
    expect(
      before
        .$('input[name="mode"]')
        .toArray()
        .map((choice) => choice.attribs.value),
    ).toEqual(['spoken', 'keyed'])
    expect(before.$('input[name="mode"][checked]').attr('value')).toBe('spoken')

    const calling = await person.beCalled(before)
    const ringing = await person.until(calling, 'ringing')
    expect(textOf(ringing)).toContain('Your phone is ringing')
    expect(ringing.$('#gate, #shown-code, input[name="code"]')).toHaveLength(0)

    const call = await person.phone.answer()
    const answered = await person.reload(calling)
    expect(stateOf(answered)).toBe('answered')
    expect(gateOn(answered)).toMatch(/^\d\d$/)
    expect(answered.$('input[name="code"]')).toHaveLength(0)
    expect(call.gathering).toEqual({ numDigits: 2 })
    expect(call.from).toBe('+12025550100')
    expect(spokenCode(call)).toBeUndefined()

    await person.phone.key(gateOn(answered), call.sid)
    const heard = await person.phone.until('the code is told', (now) => spokenCode(now) !== undefined)
    const digits = heard.heard.filter(({ text }) => /^\d( \d){5}$/.test(text))
    expect(digits).toHaveLength(2)
    expect(digits.map(({ language }) => language)).toEqual(['en-US', 'en-US'])
    expect(digits[1]?.text).toBe(digits[0]?.text)

    const told = await person.reload(calling)
    expect(stateOf(told)).toBe('told')
    const field = told.$('input[name="code"]')
    expect(field.attr('inputmode')).toBe('numeric')
    expect(field.attr('autocomplete')).toBe('one-time-code')
    expect(told.$('#gate')).toHaveLength(0)
    expect(told.body).not.toContain(spokenCode(heard))

    const back = await person.type(told, spokenCode(heard) ?? '')
    expect(back.url.startsWith(`${callback}?`)).toBe(true)
    const after = await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(after.heard.at(-1)?.text).toContain('You are confirmed')
    expect((await finish(back)).claims()).toMatchObject({ acr: acr.phone, amr: amr.phone })
  })

  it('shows another gate and tells another code in every call', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const codes = new Set<string>()
    for (let calls = 0; calls < 3; calls += 1) codes.add(await person.hearCode(await person.beCalled(calls === 0 ? page : await person.reload(page))))
    expect(codes.size).toBe(3)
  })

  it('takes the code with spaces and dashes, as people write it', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const code = await person.hearCode(await person.beCalled(page))
    const back = await person.type(await person.reload(page), ` ${code.slice(0, 3)}-${code.slice(3)} `)
    expect(back.url).toContain('code=')
  })

  it('takes the code after the person has hung up', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const code = await person.hearCode(await person.beCalled(page))
    await person.phone.act('hang-up')
    await person.phone.until('the call is over', ({ status }) => status === 'completed')
    const told = await person.until(page, 'told')
    expect((await person.type(told, code)).url).toContain('code=')
  })

  it('offers only the mode that the policy allows', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(await flow.client('spoken-only'), phoneLevel)
    expect(page.$('input[name="mode"][type="radio"]')).toHaveLength(0)
    const refused = await person.send(page, { action: 'call', mode: 'keyed' })
    expect(refused.status).toBe(400)
    expect(textOf(refused)).toContain('That way of confirming is not offered here')
    expect(await person.phone.calls()).toEqual([])
    expect((await person.confirm(page)).url).toContain('code=')
  })
})

describe('keys pressed in the call', () => {
  it('repeat the code: 1, and slower: 2', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const code = await person.hearCode(await person.beCalled(page))
    const times = async (wanted: number) =>
      person.phone.until(`the code is told ${wanted} times`, ({ heard, gathering }) => {
        return heard.filter(({ text }) => text.replaceAll(' ', '') === code).length === wanted && gathering !== null
      })
    await times(2)
    await person.phone.key('1')
    await clock.advance(5000)
    await times(4)
    await person.phone.key('2')
    await clock.advance(5000)
    await times(6)
    expect((await person.type(await person.reload(page), code)).url).toContain('code=')
  })

  it('ask for the gate again when the entry was not complete, and that is no try', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page)
    const call = await person.phone.answer()
    const gate = gateOn(await person.until(calling, 'answered'))
    await person.phone.key('5', call.sid)
    await clock.advance(5000)
    await person.phone.until(
      'it asks again',
      ({ heard, gathering }) => heard.some(({ text }) => text === 'That was not complete.') && gathering !== null,
    )
    await person.phone.key(gate, call.sid)
    await person.until(calling, 'told')
  })

  it('repeat the question: a lone 1', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page)
    const call = await person.phone.answer()
    await person.phone.key('1', call.sid)
    await clock.advance(5000)
    await person.phone.until(
      'it greets again',
      ({ heard, gathering }) => heard.filter(({ text }) => text.startsWith('Hello')).length === 2 && gathering !== null,
    )
    await person.phone.key(gateOn(await person.reload(calling)), call.sid)
    await person.until(calling, 'told')
  })
})

describe('a code that was typed', () => {
  it('may be mistyped twice; the third time ends the attempt, and another call comes with a new code', async () => {
    const person = flow.somebody()
    const { page, finish } = await person.askAndSignIn(flow.bank, phoneLevel)
    const code = await person.hearCode(await person.beCalled(page))
    const first = await person.type(await person.reload(page), otherThan(code))
    expect([first.status, stateOf(first)]).toEqual([422, 'told'])
    expect(textOf(first)).toContain('That is not the code. You have 2 tries left.')
    const second = await person.type(first, otherThan(code))
    expect(textOf(second)).toContain('That is not the code. You have one try left.')
    const third = await person.type(second, otherThan(code))
    expect(stateOf(third)).toBe('wrong-code')
    expect(textOf(third)).toContain('That was not the code, too many times')
    expect(third.$('input[name="code"]')).toHaveLength(0)
    const call = await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(call.heard.at(-1)?.text).toContain('too many times')

    const late = await person.send(third, { action: 'verify', code })
    expect(late.status).toBe(409)
    expect(textOf(late)).toContain('That attempt has ended')
    const back = await person.confirm(await person.reload(page))
    expect((await finish(back)).claims()).toMatchObject({ acr: acr.phone })
  })

  it('counts as no try when it is not six digits', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const code = await person.hearCode(await person.beCalled(page))
    for (const typed of ['', '12345', 'abcdef', `${code}0`, '１２３４５６']) {
      const refused = await person.send(page, { action: 'verify', code: typed })
      expect(refused.status).toBe(422)
      expect(textOf(refused)).toContain('The code has 6 digits')
    }
    expect(textOf(await person.reload(page))).not.toContain('left.')
    expect((await person.type(await person.reload(page), code)).url).toContain('code=')
  })

  it('is not taken before it was told', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    expect((await person.send(page, { action: 'verify', code: '123456' })).status).toBe(409)
    const calling = await person.beCalled(page)
    await person.phone.answer()
    const early = await person.send(calling, { action: 'verify', code: '123456' })
    expect(early.status).toBe(409)
    expect(textOf(early)).toContain('You have not been told the code yet')
  })

  it('is void once another call was asked for', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const old = await person.hearCode(await person.beCalled(page))
    const told = await person.reload(page)
    expect(textOf(told)).toContain('Call again')
    const again = await person.beCalled(told)
    expect((await person.send(again, { action: 'verify', code: old })).status).toBe(409)
    const code = await person.hearCode(again)
    const refused = await person.type(await person.reload(page), old)
    expect(textOf(refused)).toContain('That is not the code. You have 2 tries left.')
    expect((await person.type(refused, code)).url).toContain('code=')
  })
})

describe('asking for another call', () => {
  it('cuts the line of the one before', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    await person.hearCode(await person.beCalled(page))
    const [first] = await person.phone.calls()
    await person.beCalled(await person.reload(page))
    await person.phone.until('a second call rings', ({ sid, status }) => sid !== first?.sid && status === 'ringing')
    const over = async () => (await person.phone.calls()).find(({ sid }) => sid === first?.sid)?.status === 'completed'
    await expect.poll(over).toBe(true)
  })

  it('twice while the phone rings makes it ring once', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page)
    await person.send(page, { action: 'call' })
    expect(isPhone(await person.until(calling, 'ringing'))).toBe(true)
    expect(await person.phone.calls()).toHaveLength(1)
  })
})
