// How the page keeps up with the call: by an event stream, and without JavaScript by refreshing itself.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Visited } from '../support/cookie-browser.ts'
import { acr, type Flow, startFlow } from './flow.ts'
import { gateOn, type Person, shownCodeOn, stateOf } from './person.ts'

const phoneLevel = { acr_values: acr.phone }
let flow: Flow
beforeAll(async () => {
  flow = await startFlow({ people: 6 })
})
afterAll(() => flow.end())

/** What a page without JavaScript loads by itself, and when. */
function refreshOf(page: Visited): string | undefined {
  return /<noscript><meta http-equiv="refresh" content="([^"]*)">/.exec(page.body)?.[1]
}

interface Events {
  headers: Headers
  /** Everything that came over the wire so far. */
  raw(): string
  /** The states in the order they came; resolves when this one is among them. */
  until(state: string): Promise<string[]>
  close(): Promise<void>
}

/** Listens to the event stream of a page. */
async function listen(person: Person, page: Visited): Promise<Events> {
  const response = await person.browser.request(`${page.url}/events`)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) throw new Error('the event stream has no body')
  let raw = ''
  const states = () => [...raw.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => String(JSON.parse(data).state))
  return {
    headers: response.headers,
    raw: () => raw,
    async until(state) {
      while (!states().includes(state)) {
        const { value, done } = await reader.read()
        if (done) throw new Error(`the event stream ended before it said ${state}: ${states()}`)
        raw += value
      }
      return states()
    },
    close: () => reader.cancel(),
  }
}

describe('the event stream of a page', () => {
  it('tells every state of a call that speaks a code, in order, and never a digit of gate or code', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const events = await listen(person, page)
    expect(events.headers.get('content-type')).toContain('text/event-stream')
    expect(events.headers.get('cache-control')).toContain('no-store')
    await events.until('idle')

    const calling = await person.beCalled(page)
    await events.until('ringing')
    const call = await person.phone.answer()
    await events.until('answered')
    await person.phone.key(gateOn(await person.reload(calling)), call.sid)
    const heard = await events.until('told')
    const spoken = await person.phone.until('the code is told', ({ heard }) => heard.some(({ text }) => /^\d( \d){5}$/.test(text)))
    const code = spoken.heard.find(({ text }) => /^\d( \d){5}$/.test(text))?.text.replaceAll(' ', '') ?? ''
    await person.type(await person.reload(calling), code)
    const all = await events.until('confirmed')
    await events.close()

    const order = ['idle', 'dialling', 'ringing', 'answered', 'gate-passed', 'told', 'confirmed']
    expect(heard.at(-1)).toBe('told')
    expect(all).toEqual(order.filter((state) => all.includes(state)))
    expect(all).toEqual(expect.arrayContaining(['idle', 'ringing', 'answered', 'told', 'confirmed']))
    expect(events.raw()).not.toContain(code)
    // A gate of two digits could stand in any number: a message is the state, and how many calls and wrong codes there were.
    for (const [, data = ''] of events.raw().matchAll(/^data: (.*)$/gm))
      expect(JSON.parse(data)).toEqual({ state: expect.any(String), mark: expect.stringMatching(/^(|1\.0\.)$/) })
  })

  it('tells every state of a call in which a code is keyed, and never the code', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page, { mode: 'keyed' })
    const events = await listen(person, calling)
    await events.until('ringing')
    const call = await person.phone.answer()
    await events.until('answered')
    const code = shownCodeOn(await person.reload(calling))
    await person.phone.key(code, call.sid)
    const all = await events.until('confirmed')
    await events.close()
    expect(all.slice(-3)).toEqual(['ringing', 'answered', 'confirmed'])
    expect(events.raw()).not.toContain(code)
  })

  it('tells of a wrong code, though the state stays the same', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page, { mode: 'keyed' })
    const call = await person.phone.answer()
    const events = await listen(person, calling)
    await events.until('answered')
    const code = shownCodeOn(await person.reload(calling))
    await person.phone.key(code === '000000' ? '000001' : '000000', call.sid)
    await person.phone.until(
      'it asks again',
      ({ heard, gathering }) => heard.some(({ text }) => text === 'That was not the code.') && gathering !== null,
    )
    await person.phone.key(code, call.sid)
    await events.until('confirmed')
    await events.close()
    expect(events.raw()).toContain('"mark":"1.1."')
  })

  it('tells of "this was not me", keyed in the call', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page)
    const events = await listen(person, calling)
    await person.hearCode(calling)
    await person.phone.key('9')
    expect((await events.until('reported')).at(-1)).toBe('reported')
    await events.close()
  })
})

describe('a page without JavaScript', () => {
  it('refreshes itself while the call goes on, and never while there is something to fill in', async () => {
    const person = flow.somebody()
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    expect(refreshOf(page)).toBeUndefined()
    const path = new URL(page.url).pathname

    const calling = await person.beCalled(page)
    expect(refreshOf(await person.until(calling, 'ringing'))).toBe(`2;url=${path}`)
    const call = await person.phone.answer()
    const answered = await person.reload(calling)
    expect(refreshOf(answered)).toBe(`2;url=${path}`)
    await person.phone.key(gateOn(answered), call.sid)
    const told = await person.until(calling, 'told')
    expect(refreshOf(told)).toBeUndefined()
    expect(told.$('main noscript').text()).toContain(`href="${path}"`)

    await person.phone.act('hang-up', call.sid)
    expect(refreshOf(await person.until(calling, 'told'))).toBeUndefined()
  })

  it('shows the outcome of a call without refreshing any further', async () => {
    const person = flow.somebody()
    await person.phone.behave('busy')
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const busy = await person.until(await person.beCalled(page), 'busy')
    expect(stateOf(busy)).toBe('busy')
    expect(refreshOf(busy)).toBeUndefined()
  })
})
