// What is the Twilio gateway's own: what its SDK sends, which callbacks it believes, its TwiML, and its errors.
import twilio from 'twilio'
import { afterEach, describe, expect, it } from 'vitest'
import { type TwilioGatewayOptions, twilioGateway } from '../../src/adapters/voice/twilio/gateway.ts'
import { type CallStep, scriptStep } from '../../src/domain/call-script.ts'
import type { OutgoingCall, VoiceEvent } from '../../src/ports/voice-gateway.ts'
import { accountSid, authToken, type CallbackAnswer, type CalledBack, calledBack, from, to } from '../simulator/carrier-lab.ts'
import { type TwilioLab, twilioLab } from '../simulator/twilio-lab.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const call: OutgoingCall = { id: 'call-Id_1', to, ringSeconds: 25, maxSeconds: 300, language: 'en' }
const carrierReference = `CA${'a1'.repeat(16)}`
const placed = { id: call.id, carrierReference }
const publicUrl = 'https://login.example.com/voice'
const gate: CallStep = {
  sequence: 4,
  say: [{ text: 'Key two digits.', language: 'en-US' }],
  next: { do: 'gather', digits: 2, firstKeySeconds: 20, nextKeySeconds: 3 },
}
const bye: CallStep = { sequence: 5, say: [{ text: 'Goodbye.', language: 'en-US' }], next: { do: 'hang-up' } }
const silentEnd: CallStep = { sequence: 6, say: [], next: { do: 'hang-up' } }

async function lab(options?: Partial<TwilioGatewayOptions>): Promise<TwilioLab> {
  const started = await twilioLab(options)
  closers.push(started.close)
  return started
}

/** A gateway to a carrier that answers everything like this, and keeps what it was sent. */
async function against(
  answer: CallbackAnswer,
  options: Partial<TwilioGatewayOptions> = {},
): Promise<{ gateway: ReturnType<typeof twilioGateway>; carrier: CalledBack }> {
  const carrier = await calledBack(() => ({ type: 'application/json', ...answer }))
  closers.push(carrier.close)
  return { carrier, gateway: twilioGateway({ accountSid, authToken, from, publicUrl, baseUrl: carrier.url, ...options }) }
}

const fault = (status: number, code: number) => ({
  status,
  body: JSON.stringify({ code, message: `The number ${to} with ${authToken}`, more_info: '', status }),
})

describe('what is sent', () => {
  const accepted = { status: 201, body: JSON.stringify({ sid: carrierReference }) }

  it('is an order with everything that limits the call, and nothing that records it', async () => {
    const { gateway, carrier } = await against(accepted)
    expect(await gateway.place(call)).toBe(carrierReference)
    const [request] = carrier.callbacks
    expect(request?.path).toBe(`/2010-04-01/Accounts/${accountSid}/Calls.json`)
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`)
    expect([...new URLSearchParams(request?.body)].sort()).toEqual([
      ['From', from],
      ['Method', 'POST'],
      ['Record', 'false'],
      ['StatusCallback', `${publicUrl}/calls/${call.id}/status`],
      ['StatusCallbackEvent', 'answered'],
      ['StatusCallbackEvent', 'completed'],
      ['StatusCallbackEvent', 'initiated'],
      ['StatusCallbackEvent', 'ringing'],
      ['StatusCallbackMethod', 'POST'],
      ['TimeLimit', '300'],
      ['Timeout', '25'],
      ['To', to],
      ['Url', `${publicUrl}/calls/${call.id}/answered`],
    ])
  })

  it('asks for machine detection and keys an extension only when told to', async () => {
    const { gateway, carrier } = await against(accepted, { machineDetection: true })
    await gateway.place({ ...call, extension: '42#' })
    expect(carrier.callbacks[0]?.params).toMatchObject({ MachineDetection: 'Enable', SendDigits: 'ww42#' })
  })

  it.each(['4a', '', 'ww1', '1'.repeat(31)])('never is the extension %j', async (extension) => {
    const { gateway, carrier } = await against(accepted)
    await expect(gateway.place({ ...call, extension })).rejects.toMatchObject({ name: 'CallRefused', outcome: 'invalid-number' })
    expect(carrier.callbacks).toEqual([])
  })

  it('is an end, and no TwiML, for a step that only hangs up', async () => {
    const { gateway, carrier } = await against({ status: 200, body: '{}' })
    await gateway.continueWith(placed, silentEnd)
    await gateway.continueWith(placed, bye)
    expect(carrier.callbacks.map(({ params }) => Object.keys(params))).toEqual([['Status'], ['Twiml']])
    expect(carrier.callbacks[0]).toMatchObject({
      path: `/2010-04-01/Accounts/${accountSid}/Calls/${carrierReference}.json`,
      params: { Status: 'completed' },
    })
  })

  it.each(['en', 'zh'])('fits into the 4000 characters that Twilio takes, for every step in %s', async (language) => {
    const { gateway, carrier } = await against({ status: 200, body: '{}' })
    const context = {
      brand: 'The Savings Bank of Someplace',
      client: 'A Client With A Long Name',
      language,
      gateDigits: 3,
      codeDigits: 10,
      code: '1234567890',
    }
    for (const prompt of ['gate-slowly', 'code-slowly', 'key-code-slowly'] as const) {
      await gateway.continueWith({ id: 'x'.repeat(43), carrierReference }, scriptStep(prompt, 12, context))
    }
    const lengths = carrier.callbacks.map(({ params }) => params.Twiml?.length)
    expect(Math.max(...lengths.map((length) => length ?? Number.NaN))).toBeLessThan(4000)
  })
})

describe('TwiML', () => {
  async function twimlOf(step: CallStep): Promise<string | undefined> {
    const { gateway, carrier } = await against({ status: 200, body: '{}' })
    await gateway.continueWith(placed, step)
    return carrier.callbacks[0]?.params.Twiml
  }
  const xml = (verbs: string) => `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`

  it('says everything outside Gather, then gathers silently for as long as the first key is awaited', async () => {
    const gather = `<Gather input="dtmf" numDigits="2" finishOnKey="" timeout="5" action="${publicUrl}/calls/${call.id}/keys/4" method="POST"/>`
    const silence = `<Redirect method="POST">${publicUrl}/calls/${call.id}/silence/4</Redirect>`
    expect(await twimlOf(gate)).toBe(xml(`<Say language="en-US">Key two digits.</Say>${gather.repeat(4)}${silence}`))
  })

  it('says a code as nothing but its digits, slowly when told to, in its language', async () => {
    const step: CallStep = {
      sequence: 1,
      say: [{ text: '您的验证码是:', language: 'cmn-CN', slow: true }, { text: '1 2 3', language: 'cmn-CN', slow: true }, { pauseSeconds: 1 }],
      next: { do: 'hang-up' },
    }
    const slowly = (text: string) => `<Say language="cmn-CN"><prosody rate="slow">${text}</prosody></Say>`
    expect(await twimlOf(step)).toBe(xml(`${slowly('您的验证码是:')}${slowly('1 2 3')}<Pause length="1"/><Hangup/>`))
  })

  it('is not broken by what clients are named', async () => {
    const step: CallStep = { sequence: 1, say: [{ text: 'A</Say><Hangup/> & \u0000\u001b\ud800B', language: 'en-US' }], next: { do: 'hang-up' } }
    expect(await twimlOf(step)).toBe(xml('<Say language="en-US">A&lt;/Say&gt;&lt;Hangup/&gt; &amp;   \ufffdB</Say><Hangup/>'))
  })

  it('is what the callee hears, code and all', async () => {
    const { gateway, handset } = await lab()
    await gateway.start(async () =>
      scriptStep('code', 2, { brand: 'Ringback', client: 'Bank', language: 'en', gateDigits: 2, codeDigits: 6, code: '098765' }),
    )
    await handset.behave('answer')
    await gateway.place(call)
    const { heard } = await handset.until('keys are awaited', ({ gathering }) => gathering !== null)
    expect(heard.filter(({ text }) => /^[\d ]+$/.test(text))).toMatchObject([{ text: '0 9 8 7 6 5' }, { text: '0 9 8 7 6 5' }])
  })
})

describe('callbacks', () => {
  const params = { CallSid: carrierReference, AccountSid: accountSid, CallStatus: 'in-progress' }
  const sign = (path: string, form: Record<string, string | string[]>, token = authToken) =>
    twilio.getExpectedTwilioSignature(token, publicUrl + path, form)

  function listening(options: Partial<TwilioGatewayOptions> = {}) {
    const gateway = twilioGateway({ accountSid, authToken, from, publicUrl, ...options })
    const events: VoiceEvent[] = []
    const started = gateway.start(async (event) => {
      events.push(event)
      return gate
    })
    async function deliver(
      path: string,
      form: Record<string, string>,
      headers: Record<string, string | string[] | undefined> = { 'x-twilio-signature': sign(path, form) },
    ) {
      await started
      return gateway.answerWebhook({ path, headers, body: new URLSearchParams(form).toString() })
    }
    return { events, deliver }
  }
  const path = (rest: string) => `/calls/${call.id}/${rest}`
  const about = { call: call.id, carrierReference }

  it.each([
    ['human', 'person'],
    ['machine_start', 'machine'],
    ['machine_end_beep', 'machine'],
    ['fax', 'machine'],
    ['unknown', 'unknown'],
    ['', 'unknown'],
  ])('answered by %j reports %s and answers with the step', async (AnsweredBy, by) => {
    const { events, deliver } = listening()
    const answer = await deliver(path('answered'), { ...params, AnsweredBy })
    expect(events).toEqual([{ ...about, type: 'answered', by }])
    expect(answer).toMatchObject({ status: 200, type: 'text/xml', body: expect.stringContaining('Key two digits.') })
  })

  it.each([
    ['keys/7', { Digits: '42' }, '42'],
    ['keys/7', { Digits: '#' }, '#'],
    ['silence/7', {}, ''],
    ['silence/7', { Digits: '42' }, ''],
  ])('%s reports keys', async (rest, more, keys) => {
    const { events, deliver } = listening()
    expect(await deliver(path(rest), { ...params, ...more })).toMatchObject({ status: 200, type: 'text/xml' })
    expect(events).toEqual([{ ...about, type: 'keys', sequence: 7, keys }])
  })

  it.each([
    ['ringing', '', { type: 'ringing' }],
    ['completed', '200', { type: 'over', outcome: 'ended' }],
    ['canceled', '487', { type: 'over', outcome: 'ended' }],
    ['busy', '486', { type: 'over', outcome: 'busy' }],
    ['busy', '600', { type: 'over', outcome: 'busy' }],
    ['busy', '603', { type: 'over', outcome: 'declined' }],
    ['no-answer', '487', { type: 'over', outcome: 'no-answer' }],
    ['failed', '404', { type: 'over', outcome: 'invalid-number' }],
    ['failed', '484', { type: 'over', outcome: 'invalid-number' }],
    ['failed', '410', { type: 'over', outcome: 'invalid-number' }],
    ['failed', '480', { type: 'over', outcome: 'unreachable' }],
    ['failed', '', { type: 'over', outcome: 'unreachable' }],
    ['initiated', '', undefined],
    ['in-progress', '', undefined],
    ['something-new', '', undefined],
  ])('status %s with SIP %j', async (CallStatus, SipResponseCode, event) => {
    const { events, deliver } = listening()
    expect(await deliver(path('status'), { ...params, CallStatus, SipResponseCode })).toEqual({ status: 204, body: '' })
    expect(events).toEqual(event === undefined ? [] : [{ ...about, ...event }])
  })

  it('is reported again when it comes again: whoever listens tells the two apart by its sequence', async () => {
    const { events, deliver } = listening()
    const first = await deliver(path('keys/7'), { ...params, Digits: '42' })
    expect(await deliver(path('keys/7'), { ...params, Digits: '42' })).toEqual(first)
    expect(events).toHaveLength(2)
  })

  it.each<[string, string, Record<string, string>, Record<string, string | string[] | undefined>]>([
    ['without a signature', path('answered'), params, {}],
    ['with an empty signature', path('answered'), params, { 'x-twilio-signature': '' }],
    ['with a made-up signature', path('answered'), params, { 'x-twilio-signature': sign(path('answered'), params, 'guess') }],
    ['with two signatures', path('answered'), params, { 'x-twilio-signature': [sign(path('answered'), params), 'x'] }],
    ['with the signature of another path', path('keys/8'), params, { 'x-twilio-signature': sign(path('keys/7'), params) }],
    ['with the signature of another call', path('status'), params, { 'x-twilio-signature': sign('/calls/other/status', params) }],
    [
      'with other keys than were signed',
      path('keys/7'),
      { ...params, Digits: '43' },
      { 'x-twilio-signature': sign(path('keys/7'), { ...params, Digits: '42' }) },
    ],
    ['with a parameter more', path('keys/7'), { ...params, Digits: '42' }, { 'x-twilio-signature': sign(path('keys/7'), params) }],
    [
      'with keys that no telephone has',
      path('keys/7'),
      { ...params, Digits: '42A' },
      { 'x-twilio-signature': sign(path('keys/7'), { ...params, Digits: '42A' }) },
    ],
    [
      'with a signed text cut elsewhere',
      path('keys/7'),
      { AccountSid: accountSid, CallSid: `${carrierReference}CallStatusin-progress`, Digits: '42' },
      { 'x-twilio-signature': sign(path('keys/7'), { ...params, Digits: '42' }) },
    ],
    [
      'for another account',
      path('status'),
      { ...params, AccountSid: `AC${'0'.repeat(32)}` },
      { 'x-twilio-signature': sign(path('status'), { ...params, AccountSid: `AC${'0'.repeat(32)}` }) },
    ],
    ['without a CallSid', path('status'), { AccountSid: accountSid }, { 'x-twilio-signature': sign(path('status'), { AccountSid: accountSid }) }],
    [
      'whose signature is for a host that the request names',
      path('status'),
      params,
      {
        host: 'attacker.example',
        'x-forwarded-host': 'attacker.example',
        'x-twilio-signature': twilio.getExpectedTwilioSignature(authToken, `https://attacker.example/voice${path('status')}`, params),
      },
    ],
  ])('is refused %s, and nothing is reported', async (_, at, form, headers) => {
    const { events, deliver } = listening()
    expect(await deliver(at, form, headers)).toEqual({ status: 403, body: '' })
    expect(events).toEqual([])
  })

  it('takes no parameter that is given twice for one value', async () => {
    const { events } = listening()
    const gateway = twilioGateway({ accountSid, authToken, from, publicUrl })
    const form = { ...params, CallSid: [carrierReference, `CA${'b2'.repeat(16)}`] }
    const body = `${new URLSearchParams(params)}&CallSid=${form.CallSid[1]}`
    expect(await gateway.answerWebhook({ path: path('status'), headers: { 'x-twilio-signature': sign(path('status'), form) }, body })).toEqual({
      status: 403,
      body: '',
    })
    expect(events).toEqual([])
  })

  it.each([
    '/',
    '/calls',
    '/calls/a/answered/',
    '/calls/a/b/answered',
    '/calls/a/answered?x=1',
    '/calls//answered',
    '/calls/a%2Fb/answered',
    '/calls/a/keys/x',
    '/calls/a/keys',
    '/calls/a/status/1',
  ])('is not known at %s', async (unknown) => {
    const { events, deliver } = listening()
    expect(await deliver(unknown, params)).toEqual({ status: 404, body: '' })
    expect(events).toEqual([])
  })

  it('believes what the carrier in the box signs, and reports who answered', async () => {
    const { gateway, handset } = await lab({ machineDetection: true })
    const events: VoiceEvent[] = []
    const over = new Promise<void>((resolve) => {
      void gateway.start(async (event) => {
        events.push(event)
        if (event.type === 'over') resolve()
        return bye
      })
    })
    await handset.behave('voicemail')
    await gateway.place(call)
    await over
    expect(events.map((event) => (event.type === 'answered' ? event.by : event.type))).toEqual(['ringing', 'machine', 'over'])
  })
})

describe('errors', () => {
  it.each([
    [21211, 'invalid-number'],
    [21217, 'invalid-number'],
    [13224, 'invalid-number'],
    [21214, 'unreachable'],
    [21215, 'unreachable'],
    [13227, 'unreachable'],
    [32205, 'unreachable'],
  ])('%i is a call refused as %s', async (code, outcome) => {
    const { gateway } = await against(fault(400, code))
    await expect(gateway.place(call)).rejects.toMatchObject({ name: 'CallRefused', outcome })
  })

  it.each([
    ['an outage', fault(503, 20503), /status 503 and error 20503/],
    ['wrong credentials', fault(401, 20003), /status 401 and error 20003/],
    ['too many requests', fault(429, 20429), /status 429 and error 20429/],
    ['a From that is not ours', fault(400, 21210), /status 400 and error 21210/],
    ['a page in place of an answer', { status: 502, type: 'text/html', body: `<h1>${to}</h1>` }, /status 502/],
    ['an answer that is none', { status: 201, type: 'text/html', body: `<h1>${to}</h1>` }, /did not answer as expected/],
  ])('%s is thrown, without anything of what was asked or answered', async (_, answer, message) => {
    const { gateway } = await against(answer)
    for (const attempt of [() => gateway.place(call), () => gateway.continueWith(placed, bye), () => gateway.lookUp(placed)]) {
      const error: unknown = await attempt().then(
        () => 'no error',
        (thrown: unknown) => thrown,
      )
      expect(error).toMatchObject({ name: 'Error', message: expect.stringMatching(message) })
      const everything = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error)
      for (const secret of [to.slice(1), from.slice(1), authToken, accountSid]) expect(everything).not.toContain(secret)
      expect(error).not.toHaveProperty('cause')
    }
    expect(await gateway.health()).toMatchObject({ ready: false })
  })

  it('says when the carrier cannot be reached', async () => {
    const { gateway, carrier } = await against({})
    carrier.close()
    await expect(gateway.place(call)).rejects.toThrow('twilio cannot be reached (ECONNREFUSED) when asked to place a call')
    expect(await gateway.health()).toEqual({ ready: false, detail: 'twilio cannot be reached (ECONNREFUSED)' })
  })

  it('does not wait for ever', async () => {
    const hanging = await calledBack(() => new Promise(() => {}))
    closers.push(hanging.close)
    const gateway = twilioGateway({ accountSid, authToken, from, publicUrl, baseUrl: hanging.url, timeoutMilliseconds: 50, name: 'second carrier' })
    await expect(gateway.place(call)).rejects.toThrow(/^second carrier cannot be reached \(ECONNABORTED\)/)
  })

  it('tells credentials that are not accepted from everything else', async () => {
    const { gateway } = await lab({ authToken: 'another' })
    expect(await gateway.health()).toEqual({ ready: false, detail: 'twilio does not accept the account SID and auth token: check both' })
  })

  it('says when the account is suspended', async () => {
    const { gateway } = await against({ status: 200, body: JSON.stringify({ sid: accountSid, status: 'suspended' }) })
    expect(await gateway.health()).toEqual({ ready: false, detail: 'twilio: the account is suspended, calls need an active one' })
  })

  it('does not pretend to change a call whose reference is not known yet', async () => {
    const { gateway } = await against({ status: 200, body: '{}' })
    await expect(gateway.continueWith({ id: call.id }, bye)).rejects.toThrow(/try again/)
  })

  it('fails loudly when a callback comes before it is started, and when nobody takes the report', async () => {
    const gateway = twilioGateway({ accountSid, authToken, from, publicUrl })
    const form = { CallSid: carrierReference, AccountSid: accountSid, CallStatus: 'ringing' }
    const path = `/calls/${call.id}/status`
    const headers = { 'x-twilio-signature': twilio.getExpectedTwilioSignature(authToken, publicUrl + path, form) }
    const request = { path, headers, body: new URLSearchParams(form).toString() }
    await expect(gateway.answerWebhook(request)).rejects.toThrow(/before the gateway was started/)
    await gateway.start(async () => {
      throw new Error('the store is away')
    })
    await expect(gateway.answerWebhook(request)).rejects.toThrow('the store is away')
  })
})

describe('options', () => {
  const options = { accountSid, authToken, from, publicUrl }

  it.each([
    ['a from that is no number', { from: 'Bank' }, /"from"/],
    ['callbacks over plain http', { publicUrl: 'http://login.example.com/voice' }, /"publicUrl" must be an https URL/],
    ['a carrier over plain http', { baseUrl: 'http://carrier.example.com' }, /"baseUrl" must be an https URL/],
    ['a publicUrl that is none', { publicUrl: '/voice' }, /"publicUrl"/],
    ['a publicUrl with a query', { publicUrl: 'https://login.example.com/voice?x=1' }, /"publicUrl"/],
  ])('refuse %s', (_, wrong, message) => {
    expect(() => twilioGateway({ ...options, ...wrong })).toThrow(message)
  })

  it('take http on this machine, and a slash at the end', async () => {
    const { gateway, carrier } = await against({ status: 200, body: '{}' }, { publicUrl: 'http://localhost:4000/voice/' })
    await gateway.continueWith(placed, gate)
    expect(carrier.callbacks[0]?.params.Twiml).toContain('"http://localhost:4000/voice/calls/')
  })
})
