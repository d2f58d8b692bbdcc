// Every way a call can go wrong: what the page says of it, and the step that it offers next.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Visited } from '../support/cookie-browser.ts'
import type { Behaviour } from '../support/handset.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { acr, type Flow, startFlow } from './flow.ts'
import { buttonsOn, gateOn, type Person, stateOf, textOf } from './person.ts'

let clock: ManualClock
let flow: Flow
beforeAll(async () => {
  clock = manualClock(Date.now())
  flow = await startFlow({ people: 14, clock })
})
afterAll(() => flow.end())

/** Somebody whose phone behaves like this is called. */
async function called(behaviour: Behaviour, mode = 'spoken'): Promise<{ person: Person; page: Visited }> {
  const person = flow.somebody()
  await person.phone.behave(behaviour)
  const { page } = await person.askAndSignIn(flow.bank, { acr_values: acr.phone })
  return { person, page: await person.beCalled(page, { mode }) }
}

/** Lets time pass, a second after the other, until the page says this. */
async function untilAfterAWhile({ person, page }: { person: Person; page: Visited }, state: string): Promise<Visited> {
  for (let seconds = 0; seconds < 60; seconds += 1) {
    const now = await person.reload(page)
    if (stateOf(now) === state) return now
    await clock.advance(1000)
  }
  return person.until(page, state)
}

/** The page says what happened as an alert, asks nothing more in this call, and the call it offers works. */
async function expectAnotherCallWorks(person: Person, page: Visited): Promise<void> {
  expect(page.$('#call-state').attr('role')).toBe('alert')
  expect(page.$('#gate, #shown-code, input[name="code"]')).toHaveLength(0)
  expect(buttonsOn(page)).toEqual(expect.arrayContaining(['call', 'cancel', 'not-me']))
  expect(page.$('button[value="call"]').text()).toBe('Call again')
  await person.phone.behave('manual')
  expect((await person.confirm(page)).url).toContain('code=')
}

describe('a phone that', () => {
  it.each([
    ['is busy', 'busy', 'busy', 'Your line is busy', 'End the other call, then ask us to call again'],
    ['declines', 'decline', 'declined', 'The call was declined', 'If you did not mean to decline it'],
    ['nobody answers', 'no-answer', 'no-answer', 'Nobody answered', 'Have your phone within reach'],
    ['cannot be reached', 'unreachable', 'unreachable', 'Your phone cannot be reached', 'See that it is switched on'],
    ['is answered by voicemail', 'voicemail', 'machine', 'A machine answered', 'answer the phone yourself'],
  ] as const)('%s', async (_, behaviour, state, title, next) => {
    const { person, page } = await called(behaviour)
    const over = await untilAfterAWhile({ person, page }, state)
    expect(textOf(over)).toContain(title)
    expect(textOf(over)).toContain(next)
    await expectAnotherCallWorks(person, over)
  })

  it('is answered by a greeting that plays tones keys nothing by it, and hears no digit of the code', async () => {
    const { person, page } = await called('greeting-with-tones')
    await person.until(page, 'answered')
    const over = await untilAfterAWhile({ person, page }, 'nothing-keyed')
    expect(textOf(over)).toContain('We received no keys')
    const [call] = await person.phone.calls()
    expect(call?.heard.filter(({ text }) => /\d/.test(text))).toEqual([])
    await expectAnotherCallWorks(person, over)
  })

  it('answers by itself is a person to us, who keys the gate', async () => {
    const { person, page } = await called('answer')
    const call = await person.phone.until('the gate is asked for', ({ gathering }) => gathering !== null)
    await person.phone.key(gateOn(await person.until(page, 'answered')), call.sid)
    await person.until(page, 'told')
  })
})

describe('a person who', () => {
  it('is busy, by hand', async () => {
    const { person, page } = await called('manual')
    await person.until(page, 'ringing')
    expect((await person.phone.act('busy')).status).toBe(200)
    await expectAnotherCallWorks(person, await person.until(page, 'busy'))
  })

  it('declines, by hand', async () => {
    const { person, page } = await called('manual')
    await person.until(page, 'ringing')
    expect((await person.phone.act('decline')).status).toBe(200)
    await expectAnotherCallWorks(person, await person.until(page, 'declined'))
  })

  it('hangs up before keying anything', async () => {
    const { person, page } = await called('manual')
    await person.phone.answer()
    await person.phone.act('hang-up')
    const over = await person.until(page, 'hung-up')
    expect(textOf(over)).toContain('The call ended too early')
    await expectAnotherCallWorks(person, over)
  })

  it('keys another gate than the page shows: one try, then the call ends without a code', async () => {
    const { person, page } = await called('manual')
    const call = await person.phone.answer()
    const gate = gateOn(await person.reload(page))
    await person.phone.key(gate === '55' ? '66' : '55', call.sid)
    const over = await person.until(page, 'wrong-gate')
    expect(textOf(over)).toContain('Those were not the digits on this page')
    const heard = await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(heard.heard.at(-1)?.text).toContain('Those are not the digits on the page')
    expect(heard.heard.filter(({ text }) => /\d/.test(text))).toEqual([])
    expect((await person.phone.key(gate, call.sid)).status).toBe(409)
    await expectAnotherCallWorks(person, over)
  })

  it.each([
    ['the gate', 'spoken', 'key the digits once the voice has asked for them'],
    ['the code', 'keyed', 'key the code once the voice has asked for it'],
  ])('does not key %s', async (_, mode, next) => {
    const { person, page } = await called('manual', mode)
    await person.phone.answer()
    const over = await untilAfterAWhile({ person, page }, 'nothing-keyed')
    expect(textOf(over)).toContain(next)
    const heard = await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(heard.heard.at(-1)?.text).toContain('We received no keys')
    await expectAnotherCallWorks(person, over)
  })
})
