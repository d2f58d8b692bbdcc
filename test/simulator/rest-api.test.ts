// The carrier's REST API: Twilio's resources, codes and rules, over HTTP and through Twilio's own SDK.
import twilio from 'twilio'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { accountSid, authToken, type CalledBack, type CarrierLab, calledBack, carrierLab, from, rest, to, twiml } from './carrier-lab.ts'

let lab: CarrierLab
let caller: CalledBack
let order: Record<string, string>

beforeEach(async () => {
  lab = await carrierLab({ countriesNotServed: ['+86'] })
  caller = await calledBack(() => twiml('<Gather timeout="60"/>'))
  order = { To: to, From: from, Url: `${caller.url}/answered` }
})
afterEach(async () => {
  await lab.close()
  caller.close()
})

const calls = `${accountSid}/Calls`

async function place(more: Record<string, string> = {}): Promise<{ sid: string; [field: string]: unknown }> {
  const { status, body } = await rest(lab.simulator, 'POST', `${calls}.json`, { ...order, ...more })
  expect(status).toBe(201)
  return body
}

describe('placing a call', () => {
  it('answers 201 with the Call resource', async () => {
    const call = await place()
    expect(call).toMatchObject({
      sid: expect.stringMatching(/^CA[\da-f]{32}$/),
      account_sid: accountSid,
      to,
      from,
      status: 'queued',
      direction: 'outbound-api',
      api_version: '2010-04-01',
      date_created: 'Mon, 05 Jan 2026 12:00:00 +0000',
      answered_by: null,
      duration: null,
      uri: `/2010-04-01/Accounts/${calls}/${call.sid}.json`,
    })
  })

  it.each([
    ['no To', { To: '' }, 21201],
    ['a To that is no number', { To: '12025550143' }, 21211],
    ['a To with a parameter', { To: '+12025550143;x=1' }, 21211],
    ['no From', { From: '' }, 21213],
    ['a From that is no number', { From: 'bank' }, 21212],
    ['no Url', { Url: '' }, 21205],
    ['a Url that is none', { Url: 'answered' }, 21205],
    ['a Url elsewhere', { Url: 'https://example.com/answered' }, 21205],
    ['a Url that only begins like this machine', { Url: 'http://localhost.example.com/' }, 21205],
    ['a Url that hides its host', { Url: 'http://localhost@example.com/' }, 21205],
    ['a StatusCallback elsewhere', { StatusCallback: 'http://192.0.2.1/' }, 21205],
    ['a country that is not served', { To: '+8613988888888' }, 21215],
    ['a SendDigits with other characters', { SendDigits: '12x' }, 21206],
    ['a Timeout that is none', { Timeout: '0' }, 21208],
    ['a Method that is none', { Method: 'PUT' }, 21209],
    ['an event that is none', { StatusCallback: 'http://localhost/', StatusCallbackEvent: 'answered,finished' }, 20001],
  ])('refuses %s', async (_, wrong, code) => {
    const { status, body } = await rest(lab.simulator, 'POST', `${calls}.json`, { ...order, ...wrong })
    expect({ status, body }).toEqual({
      status: 400,
      body: { code, message: expect.any(String), more_info: `https://www.twilio.com/docs/errors/${code}`, status: 400 },
    })
    expect(await lab.handset.calls()).toEqual([])
  })

  it('takes a plus sign that nobody encoded', async () => {
    expect(await place({ To: ' 12025550143', From: ' 12025550100' })).toMatchObject({ to, from })
  })

  it('is understood by the SDK, errors included', async () => {
    const client = twilio(accountSid, authToken)
    client.api.baseUrl = lab.simulator.url
    const { sid, status } = await client.calls.create({ to, from, url: order.Url })
    expect(status).toBe('queued')
    expect((await client.calls(sid).fetch()).dateCreated).toEqual(new Date('2026-01-05T12:00:00Z'))
    await expect(client.calls.create({ to: '+8613988888888', from, url: order.Url })).rejects.toMatchObject({
      constructor: twilio.RestException,
      status: 400,
      code: 21215,
      moreInfo: 'https://www.twilio.com/docs/errors/21215',
    })
    await expect(client.calls(`CA${'0'.repeat(32)}`).fetch()).rejects.toMatchObject({ status: 404, code: 20404 })
  })
})

describe('who may ask', () => {
  it.each([
    ['another token', 'another token'],
    ['no token', ''],
  ])('refuses %s with 20003', async (_, token) => {
    expect(await rest(lab.simulator, 'GET', `${accountSid}.json`, undefined, token)).toMatchObject({ status: 401, body: { code: 20003 } })
  })

  it('refuses a request without credentials, and says how to give them', async () => {
    const response = await fetch(`${lab.simulator.url}/2010-04-01/Accounts/${calls}.json`, { method: 'POST' })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic /)
  })

  it('knows no other account and no other resource', async () => {
    const other = `AC${'f'.repeat(32)}`
    const { sid } = await place()
    for (const [method, path] of [
      ['GET', `${other}.json`],
      ['POST', `${other}/Calls.json`],
      ['GET', `${other}/Calls/${sid}.json`],
      ['GET', `${calls}/CA${'0'.repeat(32)}.json`],
      ['GET', `${accountSid}/Messages.json`],
    ] as const) {
      expect(await rest(lab.simulator, method, path, method === 'POST' ? order : undefined), path).toMatchObject({
        status: 404,
        body: { code: 20404 },
      })
    }
  })

  it('tells its account', async () => {
    expect(await rest(lab.simulator, 'GET', `${accountSid}.json`)).toMatchObject({ status: 200, body: { sid: accountSid, status: 'active' } })
  })

  it('refuses a body that is no form, and one that is too large', async () => {
    const headers = { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` }
    const post = (body: string, type: string) =>
      fetch(`${lab.simulator.url}/2010-04-01/Accounts/${calls}.json`, { method: 'POST', headers: { ...headers, 'content-type': type }, body })
    expect((await post('{"To":"+12025550143"}', 'application/json')).status).toBe(400)
    expect((await post(`To=${'1'.repeat(70_000)}`, 'application/x-www-form-urlencoded')).status).toBe(400)
  })
})

describe('changing a call', () => {
  const update = (sid: string, form: Record<string, string>) => rest(lab.simulator, 'POST', `${calls}/${sid}.json`, form)
  const answered = async () => {
    const call = await place()
    await lab.handset.answer()
    return call
  }

  it.each(['canceled', 'completed'])('ends a call that rings with Status=%s as canceled', async (status) => {
    const { sid } = await place()
    await lab.handset.until('it rings', (call) => call.status === 'ringing')
    expect(await update(sid, { Status: status })).toMatchObject({ status: 200, body: { status: 'canceled' } })
    expect(await rest(lab.simulator, 'GET', `${calls}/${sid}.json`)).toMatchObject({ body: { status: 'canceled', duration: '0' } })
  })

  it('ends a call in progress with Status=completed, and leaves it alone with Status=canceled', async () => {
    const { sid } = await answered()
    expect(await update(sid, { Status: 'canceled' })).toMatchObject({ status: 200, body: { status: 'in-progress' } })
    await lab.clock.advance(7000)
    expect(await update(sid, { Status: 'completed' })).toMatchObject({ status: 200, body: { status: 'completed', duration: '7' } })
  })

  it('goes on with other TwiML, given or fetched, in the middle of a Gather', async () => {
    const { sid } = await answered()
    expect(await update(sid, { Twiml: '<Response><Say>First.</Say><Gather numDigits="3"/></Response>' })).toMatchObject({ status: 200 })
    await lab.handset.until('it is said', ({ heard, gathering }) => heard.at(-1)?.text === 'First.' && gathering?.numDigits === 3)
    expect(await update(sid, { Url: `${caller.url}/other`, Method: 'GET' })).toMatchObject({ status: 200 })
    const fetched = await caller.until(({ path }) => path.startsWith('/other?'))
    expect(fetched).toMatchObject({ method: 'GET', params: { CallSid: sid, CallStatus: 'in-progress' } })
  })

  it('refuses to go on with a call that rings or is over with 21220', async () => {
    const { sid } = await place()
    await lab.handset.until('it rings', (call) => call.status === 'ringing')
    const twiml = { Twiml: '<Response/>' }
    expect(await update(sid, twiml)).toMatchObject({ status: 400, body: { code: 21220 } })
    await lab.handset.act('decline')
    for (const change of [twiml, { Status: 'completed' }, { Status: 'canceled' }]) {
      expect(await update(sid, change)).toMatchObject({ status: 400, body: { code: 21220 } })
    }
  })

  it('refuses a change that is none', async () => {
    const { sid } = await answered()
    const tooLong = `<Response><Say>${'a'.repeat(4000)}</Say></Response>`
    const changes: Record<string, string>[] = [{}, { Status: 'busy' }, { Twiml: tooLong }]
    for (const change of changes) {
      expect(await update(sid, change)).toMatchObject({ status: 400, body: { code: 20001 } })
    }
    expect(await update(sid, { Url: 'https://example.com/' })).toMatchObject({ status: 400, body: { code: 21205 } })
  })
})
