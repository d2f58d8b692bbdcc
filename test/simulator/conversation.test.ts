// What happens in an answered call: saying, gathering, going on elsewhere, and what a broken webhook does to it.
import { afterEach, describe, expect, it } from 'vitest'
import type { SimulatorOptions } from '../../src/simulator/server.ts'
import type { Behaviour } from '../support/handset.ts'
import { accountSid, type CallbackAnswer, type CalledBack, type CarrierLab, calledBack, carrierLab, from, rest, to, twiml } from './carrier-lab.ts'

let lab: CarrierLab
let caller: CalledBack

afterEach(async () => {
  await lab.close()
  caller.close()
})

/** Places a call to a handset that answers; each path is answered as said here, anything else hangs up. */
async function call(
  answers: Record<string, CallbackAnswer>,
  options: Partial<SimulatorOptions> = {},
  order: Record<string, string> = {},
  behaviour: Behaviour = 'answer',
): Promise<void> {
  lab = await carrierLab(options)
  caller = await calledBack(({ path }) => answers[path] ?? twiml('<Hangup/>'))
  await lab.handset.behave(behaviour)
  await rest(lab.simulator, 'POST', `${accountSid}/Calls.json`, { To: to, From: from, Url: `${caller.url}/answered`, ...order })
}

const gathering = () => lab.handset.until('keys are awaited', (newest) => newest.gathering !== null)
const over = () => lab.handset.until('it is over', (newest) => newest.status === 'completed')
const said = async () => (await lab.handset.calls())[0]?.heard.map(({ text }) => text)
const paths = () => caller.callbacks.map(({ path }) => path)
async function press(keys: string): Promise<string> {
  const pressed: { key: string; result: string }[] = JSON.parse(await (await lab.handset.key(keys)).text()).keys
  return pressed.map(({ key, result }) => (result === 'taken' ? key : '-')).join('')
}

describe('Gather', () => {
  it('goes to its action as soon as the last key is there, and discards what comes after', async () => {
    await call({ '/answered': twiml('<Gather numDigits="2" action="/keys"/>') })
    expect((await gathering()).gathering).toEqual({ numDigits: 2 })
    expect(await press('425')).toBe('42-')
    expect((await caller.until(({ path }) => path === '/keys')).params).toMatchObject({ Digits: '42', FinishedOnKey: '', CallStatus: 'in-progress' })
    expect((await over()).gathering).toBeNull()
  })

  it('waits for the next key anew after each', async () => {
    await call({ '/answered': twiml('<Gather timeout="5" action="/keys"/>') })
    expect((await gathering()).gathering).toEqual({ numDigits: null })
    await press('1')
    await lab.clock.advance(4900)
    await press('2')
    await lab.clock.advance(4900)
    expect((await gathering()).status).toBe('in-progress')
    await lab.clock.advance(100)
    expect((await caller.until(({ path }) => path === '/keys')).params.Digits).toBe('12')
  })

  it('ends with the finishing key, which is not among the digits', async () => {
    await call({ '/answered': twiml('<Gather action="/keys"/>') })
    await gathering()
    expect(await press('12#3')).toBe('12#-')
    expect((await caller.until(({ path }) => path === '/keys')).params).toMatchObject({ Digits: '12', FinishedOnKey: '#' })
  })

  it('does not go to its action for a lone finishing key, nor for silence, but on with the document', async () => {
    await call({ '/answered': twiml('<Gather action="/keys"/><Gather timeout="3" action="/keys"/><Redirect>/silence</Redirect>') })
    await gathering()
    expect(await press('#')).toBe('#')
    await lab.clock.advance(3000)
    await over()
    expect(paths()).toEqual(['/answered', '/silence'])
  })

  it('goes to its action even for silence when it is told to', async () => {
    await call({ '/answered': twiml('<Gather timeout="3" action="/keys" actionOnEmptyResult="true"/>') })
    await gathering()
    await lab.clock.advance(3000)
    expect((await caller.until(({ path }) => path === '/keys')).params.Digits).toBe('')
  })

  it('takes keys while its own prompt is said, which ends the prompt', async () => {
    const verbs = '<Gather numDigits="2" action="/keys"><Say>First.</Say><Say>Second.</Say></Gather>'
    await call({ '/answered': twiml(verbs) }, { speechMillisecondsPerCharacter: 100 })
    await lab.handset.until('it is spoken to', ({ heard }) => heard.length === 1)
    expect(await press('4')).toBe('4')
    expect(await press('2')).toBe('2')
    await over()
    expect(await said()).toEqual(['First.'])
  })

  it('takes the tones of a greeting for keys when it speaks itself, which is why a careful caller speaks outside', async () => {
    await call({ '/answered': twiml('<Gather numDigits="2" action="/keys"><Say>Key two.</Say></Gather>') }, {}, {}, 'greeting-with-tones')
    expect((await caller.until(({ path }) => path === '/keys')).params.Digits).toBe('01')
  })

  it('goes to its own document without an action, with the method it names', async () => {
    await call({ '/answered': twiml('<Gather numDigits="1" method="GET"/>') })
    await gathering()
    await press('1')
    const again = await caller.until(({ method }) => method === 'GET')
    expect(again.path).toMatch(/^\/answered\?.*Digits=1/)
  })
})

describe('Say and Pause', () => {
  it('take no time by default, and keys outside a Gather are discarded', async () => {
    await call({ '/answered': twiml('<Say>Hello.</Say><Pause length="60"/><Say language="de-DE">Auf Wiederhören.</Say><Gather timeout="60"/>') })
    const { heard } = await gathering()
    expect(heard).toEqual([
      { text: 'Hello.', language: 'en-US', at: '2026-01-05T12:00:00.000Z' },
      { text: 'Auf Wiederhören.', language: 'de-DE', at: '2026-01-05T12:00:00.000Z' },
    ])
  })

  it('take time when the carrier is told so', async () => {
    const verbs = '<Say>Hello.</Say><Pause length="2"/><Say>Bye.</Say><Gather timeout="60"/>'
    await call({ '/answered': twiml(verbs) }, { speechMillisecondsPerCharacter: 100, pauseTimeFactor: 1 })
    await lab.handset.until('it is spoken to', ({ heard }) => heard.length === 1)
    expect(await press('12')).toBe('--')
    await lab.clock.advance(2599)
    expect(await said()).toEqual(['Hello.'])
    await lab.clock.advance(1)
    expect(await said()).toEqual(['Hello.', 'Bye.'])
    await lab.clock.advance(400)
    expect((await gathering()).gathering).toEqual({ numDigits: null })
  })
})

describe('going on elsewhere', () => {
  it('completes URLs from that of the document', async () => {
    const answers = {
      '/answered': twiml('<Redirect>steps/one?a=1&amp;b=2</Redirect>'),
      '/steps/one?a=1&b=2': twiml('<Redirect method="GET">two</Redirect>'),
    }
    await call(answers)
    await over()
    expect(paths()).toEqual(['/answered', '/steps/one?a=1&b=2', expect.stringMatching(/^\/steps\/two\?CallSid=/)])
  })

  it('does what is given in place of a URL', async () => {
    await call({}, {}, { Url: '', Twiml: '<Response><Say>Hello.</Say></Response>' })
    await over()
    expect(await said()).toEqual(['Hello.'])
    expect(paths()).toEqual([])
  })

  it('ends with the document, with Hangup and with Reject', async () => {
    await call({ '/answered': twiml('<Say>One.</Say><Reject/><Say>Two.</Say>') })
    await over()
    expect(await said()).toEqual(['One.'])
  })

  it('is cut off at the time limit', async () => {
    await call({ '/answered': twiml('<Gather timeout="600"/>') }, {}, { TimeLimit: '30' })
    await gathering()
    await lab.clock.advance(29_999)
    await gathering()
    await lab.clock.advance(1)
    await over()
  })
})

describe('a webhook that fails', () => {
  it.each([
    ['answers 500', { status: 500 }, 11200],
    ['answers 404', { status: 404, ...twiml('<Say>Hello.</Say>') }, 11200],
    ['redirects', { status: 302 }, 11200],
    ['answers in another type', { type: 'application/json', body: '{}' }, 12300],
    ['answers with what is no XML', { type: 'text/xml', body: 'Hello' }, 12100],
    ['answers with what is no TwiML', { type: 'text/xml', body: '<html/>' }, 12200],
  ])('ends the call with an apology when it %s', async (_, answer, code) => {
    const warnings: object[] = []
    const logger = { warn: (about: object) => void warnings.push(about), error: () => {} }
    await call({ '/answered': answer }, { logger })
    await over()
    expect(await said()).toEqual(['We are sorry, an application error has occurred. Goodbye.'])
    expect(warnings).toEqual([{ call: expect.stringMatching(/^CA/), fault: code }])
  })

  it('is never one on another machine, even when TwiML names it', async () => {
    const codes: unknown[] = []
    const logger = { warn: (about: { fault?: number }) => void codes.push(about.fault), error: () => {} }
    await call({ '/answered': twiml('<Redirect>http://192.0.2.1/</Redirect>') }, { logger })
    await over()
    expect(await said()).toEqual(['We are sorry, an application error has occurred. Goodbye.'])
    expect(codes).toEqual([11100])
  })
})
