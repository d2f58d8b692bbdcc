// The call in which a code is keyed: the page shows it, the phone takes it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spokenCode } from '../support/handset.ts'
import { acr, amr, type Flow, startFlow } from './flow.ts'
import { gateOn, shownCodeOn, stateOf, textOf } from './person.ts'

const phoneLevel = { acr_values: acr.phone }
const keyed = { mode: 'keyed' }
let flow: Flow
beforeAll(async () => {
  flow = await startFlow({ people: 8 })
})
afterAll(() => flow.end())

function otherThan(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0')
}

describe('a call in which a code is keyed', () => {
  it('leads to the tokens without anything being typed', async () => {
    const person = flow.somebody()
    const { page, finish } = await person.askAndSignIn(flow.bank, phoneLevel)
    expect(shownCodeOn(page)).toBe('')
    const calling = await person.beCalled(page, keyed)
    const ringing = await person.until(calling, 'ringing')
    expect(ringing.$('#shown-code, #gate, input[name="code"]')).toHaveLength(0)

    const call = await person.phone.answer()
    expect(call.gathering).toEqual({ numDigits: 6 })
    const answered = await person.reload(calling)
    expect(stateOf(answered)).toBe('answered')
    const code = shownCodeOn(answered)
    expect(code).toMatch(/^\d{6}$/)
    expect(answered.$('#gate, input[name="code"]')).toHaveLength(0)
    expect(textOf(answered)).toContain('Wait until the voice asks for the code below. Then key it on your phone.')

    await person.phone.key(code, call.sid)
    const over = await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(over.heard.map(({ text }) => text)).toEqual([
      expect.stringContaining('somebody is signing in to Harbour Bank'),
      expect.stringContaining('six digit code'),
      expect.stringContaining('press nine'),
      'Thank you. You are confirmed. Goodbye.',
    ])
    expect(spokenCode(over)).toBeUndefined()
    // Reloading, by itself or by hand, takes the person on to the client.
    const back = await person.reload(calling)
    expect((await finish(back)).claims()).toMatchObject({ acr: acr.phone, amr: amr.phone })
  })

  it('takes the code away from the page when the phone hangs up', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page, keyed)
    const call = await person.phone.answer()
    expect(shownCodeOn(await person.reload(calling))).toMatch(/^\d{6}$/)
    await person.phone.act('hang-up', call.sid)
    const over = await person.until(calling, 'hung-up')
    expect(shownCodeOn(over)).toBe('')
    expect(textOf(over)).toContain('stay on the line until the voice says that you are confirmed')
  })

  it('asks again in the same call for a code that was wrong', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page, keyed)
    const call = await person.phone.answer()
    const code = shownCodeOn(await person.reload(calling))
    await person.phone.key(otherThan(code), call.sid)
    await person.phone.until(
      'it asks again',
      ({ heard, gathering }) => heard.some(({ text }) => text === 'That was not the code.') && gathering !== null,
    )
    const again = await person.reload(calling)
    expect(stateOf(again)).toBe('answered')
    expect(shownCodeOn(again)).toBe(code)
    expect(textOf(again)).toContain('That is not the code. You have 2 tries left.')
    await person.phone.key(code, call.sid)
    await person.phone.until(
      'the call is over',
      ({ status, heard }) => status === 'completed' && heard.at(-1)?.text.includes('You are confirmed') === true,
    )
    expect((await person.reload(calling)).url).toContain('code=')
  })

  it('ends the attempt after three wrong codes, and another call comes with a new one', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page, keyed)
    const call = await person.phone.answer()
    const code = shownCodeOn(await person.reload(calling))
    for (const tries of [1, 2]) {
      await person.phone.key(otherThan(code), call.sid)
      const wrong = ({ text }: { text: string }) => text === 'That was not the code.'
      await person.phone.until('it asks again', ({ heard, gathering }) => heard.filter(wrong).length === tries && gathering !== null)
    }
    await person.phone.key(otherThan(code), call.sid)
    const ended = await person.until(calling, 'wrong-code')
    expect(textOf(ended)).toContain('Another call comes with a new code')
    const over = await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(over.heard.at(-1)?.text).toContain('too many times')

    const next = await person.beCalled(ended, keyed)
    const second = await person.phone.answer()
    const fresh = shownCodeOn(await person.reload(next))
    expect(fresh).not.toBe(code)
    await person.phone.key(fresh, second.sid)
    await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect((await person.reload(next)).url).toContain('code=')
  })

  it('takes its code from the phone only: typed on the page it does nothing', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page, keyed)
    const call = await person.phone.answer()
    const code = shownCodeOn(await person.reload(calling))
    const refused = await person.send(calling, { action: 'verify', code })
    expect(refused.status).toBe(409)
    expect(textOf(refused)).toContain('This code is keyed on your phone, not typed here')
    expect(stateOf(await person.reload(calling))).toBe('answered')
    await person.phone.key(code, call.sid)
    await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect((await person.reload(calling)).url).toContain('code=')
  })
})

describe('changing the way to confirm', () => {
  it('means another call and another code', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page, keyed)
    const first = await person.phone.answer()
    const shown = shownCodeOn(await person.reload(calling))

    // The page offers no other call while one goes on, an old tab may: then the call before it ends.
    await person.send(page, { action: 'call', mode: 'spoken' })
    const second = await person.phone.until('a second call rings', ({ sid, status }) => sid !== first.sid && status === 'ringing')
    await person.phone.act('answer', second.sid)
    const answered = await person.until(calling, 'answered')
    expect(shownCodeOn(answered)).toBe('')
    await person.phone.until('the gate is asked for', ({ gathering }) => gathering !== null)
    await person.phone.key(gateOn(answered), second.sid)
    const told = await person.phone.until('the code is told', (call) => spokenCode(call) !== undefined)
    const code = spokenCode(told) ?? ''
    expect(code).not.toBe(shown)
    expect((await person.type(await person.until(calling, 'told'), code)).url).toContain('code=')
    const calls = await person.phone.calls()
    expect(calls.find(({ sid }) => sid === first.sid)?.status).toBe('completed')
  })

  it('is offered after every call: the page keeps the way that was chosen', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    await person.beCalled(page, keyed)
    await person.phone.until('it rings', ({ status }) => status === 'ringing')
    await person.phone.act('busy')
    const busy = await person.until(page, 'busy')
    expect(busy.$('input[name="mode"][checked]').attr('value')).toBe('keyed')
    expect((await person.confirm(busy)).url).toContain('code=')
  })
})
