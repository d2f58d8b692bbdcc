// What the carrier reports about a call: in order, with Twilio's parameters, signed as Twilio signs.
import twilio from 'twilio'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  accountSid,
  authToken,
  type Callback,
  type CalledBack,
  type CarrierLab,
  calledBack,
  carrierLab,
  from,
  rest,
  to,
  twiml,
} from './carrier-lab.ts'

let lab: CarrierLab
let caller: CalledBack

beforeEach(async () => {
  lab = await carrierLab()
  caller = await calledBack(({ path }) => (path === '/answered' ? twiml('<Gather timeout="60"/>') : {}))
})
afterEach(async () => {
  await lab.close()
  caller.close()
})

const events = ['initiated', 'ringing', 'answered', 'completed']

async function place(
  behaviour: Parameters<CarrierLab['handset']['behave']>[0],
  more: [string, string][] = events.map((event): [string, string] => ['StatusCallbackEvent', event]),
): Promise<void> {
  await lab.handset.behave(behaviour)
  const order: [string, string][] = [
    ['To', to],
    ['From', from],
    ['Url', `${caller.url}/answered`],
    ['StatusCallback', `${caller.url}/status`],
    ['Timeout', '20'],
    ...more,
  ]
  expect(await rest(lab.simulator, 'POST', `${accountSid}/Calls.json`, order)).toMatchObject({ status: 201 })
}

const final = () => caller.until(({ params }) => ['completed', 'busy', 'failed', 'no-answer', 'canceled'].includes(params.CallStatus ?? ''))
const reported = () => caller.callbacks.filter(({ path }) => path === '/status').map(({ params }) => [params.SequenceNumber, params.CallStatus])

it('reports a call from beginning to end, in order, and asks for TwiML once it is answered', async () => {
  await place('answer')
  await lab.handset.until('keys are awaited', ({ gathering }) => gathering !== null)
  await lab.clock.advance(61_000)
  const { params } = await final()
  expect(caller.callbacks.map(({ path, params }) => [path, params.CallStatus])).toEqual([
    ['/status', 'initiated'],
    ['/status', 'ringing'],
    ['/status', 'in-progress'],
    ['/answered', 'in-progress'],
    ['/status', 'completed'],
  ])
  expect(params).toEqual({
    CallSid: expect.stringMatching(/^CA[\da-f]{32}$/),
    AccountSid: accountSid,
    From: from,
    To: to,
    Caller: from,
    Called: to,
    CallStatus: 'completed',
    Direction: 'outbound-api',
    ApiVersion: '2010-04-01',
    SequenceNumber: '3',
    Timestamp: 'Mon, 05 Jan 2026 12:01:00 +0000',
    CallbackSource: 'call-progress-events',
    CallDuration: '60',
    Duration: '1',
  })
})

describe('a call that nobody takes', () => {
  it.each([
    ['busy', 'busy', '486', ['initiated', 'busy']],
    ['decline', 'busy', '603', ['initiated', 'ringing', 'busy']],
    ['unreachable', 'failed', '480', ['initiated', 'failed']],
  ] as const)('at a handset that is set to %s ends as %s with SIP %s', async (behaviour, status, sip, statuses) => {
    await place(behaviour)
    expect((await final()).params).toMatchObject({ CallStatus: status, SipResponseCode: sip, CallDuration: '0' })
    expect(reported().map(([, reportedStatus]) => reportedStatus)).toEqual(statuses)
  })

  it.each(['manual', 'no-answer'] as const)('at a handset that is set to %s rings for the given time, then ends as no-answer', async (behaviour) => {
    await place(behaviour)
    await lab.handset.until('it rings', ({ status }) => status === 'ringing')
    await lab.clock.advance(19_999)
    expect(await lab.handset.calls()).toMatchObject([{ status: 'ringing' }])
    await lab.clock.advance(1)
    expect((await final()).params).toMatchObject({ CallStatus: 'no-answer', SipResponseCode: '487', SequenceNumber: '2' })
  })

  it.each([
    ['decline', '603'],
    ['busy', '486'],
  ] as const)('because somebody pressed %s ends as busy with SIP %s', async (action, sip) => {
    await place('manual')
    await lab.handset.until('it rings', ({ status }) => status === 'ringing')
    expect((await lab.handset.act(action)).status).toBe(200)
    expect((await final()).params).toMatchObject({ CallStatus: 'busy', SipResponseCode: sip })
  })
})

it('keeps to the order even when a report is taken slowly', async () => {
  const taken = Promise.withResolvers<object>()
  caller.close()
  caller = await calledBack(({ params }) => (params.CallStatus === 'initiated' ? taken.promise : twiml('<Hangup/>')))
  await place('answer')
  await lab.handset.until('it is answered', ({ status }) => status === 'in-progress')
  // Long enough for a report that does not wait for the one before.
  for (let request = 0; request < 10; request += 1) await lab.handset.calls()
  expect(reported()).toEqual([['0', 'initiated']])
  taken.resolve({})
  await final()
  expect(reported().map(([number]) => number)).toEqual(['0', '1', '2', '3'])
})

it('reports only the end when no event is asked for, and counts every event all the same', async () => {
  await place('decline', [])
  await final()
  expect(reported()).toEqual([['2', 'busy']])
})

it('goes on when a report is not taken', async () => {
  caller.close()
  caller = await calledBack(({ path }) => (path === '/answered' ? twiml('<Say>Hello.</Say>') : { status: 500 }))
  await place('answer')
  await final()
  expect((await lab.handset.calls())[0]?.heard.map(({ text }) => text)).toEqual(['Hello.'])
})

describe('machine detection', () => {
  const enable: [string, string][] = [['MachineDetection', 'Enable']]
  const answered = () => caller.until(({ path }) => path === '/answered')

  it.each([
    ['answer', 'human'],
    ['greeting-with-tones', 'human'],
    ['voicemail', 'machine_start'],
  ] as const)('tells of a handset that is set to %s: %s', async (behaviour, answeredBy) => {
    await place(behaviour, enable)
    expect((await answered()).params.AnsweredBy).toBe(answeredBy)
  })

  it('tells nothing when it is not asked for', async () => {
    await place('voicemail', [])
    expect((await answered()).params).not.toHaveProperty('AnsweredBy')
  })
})

it('signs every callback so that the SDK believes it, and believes no other', async () => {
  await place('answer')
  await lab.handset.until('keys are awaited', ({ gathering }) => gathering !== null)
  const believes = ({ path, params, headers }: Callback, changes: Record<string, string> = {}, token = authToken) =>
    twilio.validateRequest(token, String(headers['x-twilio-signature']), caller.url + path, { ...params, ...changes })
  expect(caller.callbacks).toHaveLength(4)
  for (const callback of caller.callbacks) {
    expect(believes(callback)).toBe(true)
    expect(believes(callback, { CallStatus: 'completed!' })).toBe(false)
    expect(believes(callback, {}, 'another token')).toBe(false)
  }
})

it('signs a GET over its whole address', async () => {
  await place('busy', [['StatusCallbackMethod', 'GET']])
  const { method, path, headers } = await caller.until(({ path }) => path.startsWith('/status?'))
  expect(method).toBe('GET')
  expect(twilio.validateRequest(authToken, String(headers['x-twilio-signature']), caller.url + path, {})).toBe(true)
})
