// The handsets over HTTP: what people's programs do with them, and what they are told when they do it wrong.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { accountSid, type CalledBack, type CarrierLab, calledBack, carrierLab, from, rest, to, twiml } from './carrier-lab.ts'

let lab: CarrierLab
let caller: CalledBack

beforeEach(async () => {
  lab = await carrierLab({ knownHandsets: [{ number: '+8613988888888', label: 'TEST' }] })
  caller = await calledBack(() => twiml('<Say language="cmn-CN">您好</Say><Gather numDigits="2" timeout="60"/>'))
})
afterEach(async () => {
  await lab.close()
  caller.close()
})

const place = async (number = to) =>
  (await rest(lab.simulator, 'POST', `${accountSid}/Calls.json`, { To: number, From: from, Url: `${caller.url}/answered` })).body.sid

async function ask(method: string, path: string, body?: string) {
  const response = await fetch(lab.simulator.url + path, { method, body })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

const calls = `/handsets/${to}/calls`

it('tells what was heard, newest call first, in exactly this shape', async () => {
  const first = await place()
  await lab.handset.until('it rings', ({ status }) => status === 'ringing')
  await lab.handset.act('busy')
  const second = await place()
  await lab.handset.answer()
  const heard = [{ text: '您好', language: 'cmn-CN', at: '2026-01-05T12:00:00.000Z' }]
  expect((await ask('GET', calls)).body).toEqual([
    { sid: second, status: 'in-progress', from, heard, gathering: { numDigits: 2 } },
    { sid: first, status: 'busy', from, heard: [], gathering: null },
  ])
})

it('takes the plus sign as it is and encoded, and has a handset for every number from its first use', async () => {
  expect(await ask('GET', '/handsets/%2B4915112345678/calls')).toEqual({ status: 200, body: [] })
  expect((await ask('GET', '/handsets/+4915112345678')).body).toEqual({ number: '+4915112345678', behaviour: 'manual', state: 'idle' })
  const numbers = (await ask('GET', '/handsets')).body.map(({ number }: { number: string }) => number)
  expect(numbers).toEqual(['+8613988888888', '+4915112345678'])
})

it.each(['12025550143', '+0123456789', '+1202', '%20', '+1202555014a', '+%0d%0a12025550143'])('refuses %s as a number', async (number) => {
  expect(await ask('GET', `/handsets/${number}/calls`)).toEqual({ status: 400, body: { error: expect.stringContaining('E.164') } })
  expect((await ask('PUT', `/handsets/${number}`, '{"behaviour":"answer"}')).status).toBe(400)
})

describe('behaviour', () => {
  it('is changed for the calls to come', async () => {
    expect(await ask('PUT', `/handsets/${to}`, '{"behaviour":"decline"}')).toMatchObject({ status: 200, body: { behaviour: 'decline' } })
    expect((await ask('GET', `/handsets/${to}`)).body.behaviour).toBe('decline')
    await place()
    await lab.handset.until('it is declined', ({ status }) => status === 'busy')
  })

  it.each(['{"behaviour":"sleep"}', '{"behaviour":["answer"]}', '{}', '[]', 'null', '', '{', 'behaviour=answer'])('refuses %s', async (body) => {
    expect(await ask('PUT', `/handsets/${to}`, body)).toEqual({ status: 400, body: { error: expect.any(String) } })
    expect((await ask('GET', `/handsets/${to}`)).body.behaviour).toBe('manual')
  })

  it('takes a call in which all tones sound during the first words, and none of them counts', async () => {
    await lab.handset.behave('greeting-with-tones')
    await place()
    const { gathering } = await lab.handset.until('keys are awaited', (call) => call.gathering !== null)
    expect(gathering).toEqual({ numDigits: 2 })
    const events = await follow(`/handsets/${to}/events`)
    const tones = [...'0123456789'].map((key) => ({ key, result: 'discarded' }))
    await events.until(`"keys":${JSON.stringify(tones)}`)
    events.leave()
    await lab.clock.advance(60_000)
    await lab.handset.until('it is over', ({ status }) => status === 'completed')
    expect(caller.callbacks.map(({ params }) => params.Digits)).toEqual([undefined])
  })
})

describe('a call', () => {
  const act = (sid: string, action: string, body?: string) => ask('POST', `${calls}/${sid}/${action}`, body)

  it('is answered once, keyed, and hung up once', async () => {
    const sid = await place()
    await lab.handset.until('it rings', ({ status }) => status === 'ringing')
    expect(await act(sid, 'hang-up')).toEqual({ status: 409, body: { error: 'this call is ringing: hang-up is for a call that is in-progress' } })
    expect(await act(sid, 'keys', '{"keys":"1"}')).toMatchObject({ status: 409 })
    expect(await act(sid, 'answer')).toMatchObject({ status: 200, body: { sid, status: 'in-progress' } })
    expect(await act(sid, 'answer')).toMatchObject({ status: 409 })
    expect(await act(sid, 'decline')).toMatchObject({ status: 409 })
    expect(await act(sid, 'busy')).toMatchObject({ status: 409 })
    await lab.handset.until('keys are awaited', ({ gathering }) => gathering !== null)
    expect(await act(sid, 'keys', '{"keys":"4"}')).toEqual({ status: 200, body: { keys: [{ key: '4', result: 'taken' }] } })
    expect(await act(sid, 'hang-up')).toMatchObject({ status: 200, body: { status: 'completed', gathering: null } })
    expect(await act(sid, 'hang-up')).toMatchObject({ status: 409 })
    expect(await act(sid, 'keys', '{"keys":"2"}')).toMatchObject({ status: 409 })
  })

  it.each([
    '{"keys":""}',
    '{"keys":"4a"}',
    '{"keys":42}',
    '{"keys":["4"]}',
    '{"key":"4"}',
    '42',
    '{"keys":',
    'keys=42',
    `{"keys":"${'1'.repeat(65)}"}`,
  ])('refuses the keys %s', async (body) => {
    const sid = await place()
    await lab.handset.answer()
    expect(await act(sid, 'keys', body)).toEqual({ status: 400, body: { error: expect.any(String) } })
    expect((await lab.handset.calls())[0]?.gathering).toEqual({ numDigits: 2 })
  })

  it('is found only at the handset that it was made to', async () => {
    const sid = await place()
    for (const path of [`${calls}/CA${'0'.repeat(32)}`, `/handsets/+8613988888888/calls/${sid}`]) {
      for (const [action, body] of [['answer'], ['keys', '{"keys":"1"}']]) {
        expect(await ask('POST', `${path}/${action}`, body)).toMatchObject({ status: 404, body: { error: expect.any(String) } })
      }
    }
  })

  it('refuses bodies beyond 64 KiB, other methods and other actions', async () => {
    const sid = await place()
    expect((await act(sid, 'keys', `{"keys":"${'1'.repeat(70_000)}"}`)).status).toBe(413)
    expect((await act(sid, 'explode')).status).toBe(404)
    expect((await fetch(`${lab.simulator.url}${calls}/${sid}/answer`)).status).toBe(405)
    expect((await fetch(`${lab.simulator.url}/handsets/${to}`, { method: 'DELETE' })).status).toBe(405)
  })
})

async function follow(path: string) {
  const leaving = new AbortController()
  const response = await fetch(lab.simulator.url + path, { signal: leaving.signal })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const events = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
  return {
    leave: () => leaving.abort(),
    /** What arrived until this did. */
    async until(wanted: string): Promise<string> {
      let text = ''
      for (;;) {
        const { value, done } = await events.read()
        if (done) throw new Error(`the stream ended without ${wanted}`)
        text += value
        if (text.includes(wanted)) return text
      }
    },
  }
}

it('follows a handset live', async () => {
  const events = await follow(`/handsets/${to}/events`)
  await events.until('"state":"idle"')
  await place()
  await events.until('"state":"ringing"')
  await place('+8613988888888')
  await lab.handset.act('answer')
  expect(await events.until('"gathering":{"numDigits":2}')).not.toContain('8613988888888')
  await lab.handset.key('42')
  expect(await events.until('"keys":[{"key":"4","result":"taken"},{"key":"2","result":"taken"}]')).toMatch(/^data: \{.*\}\n\n$/ms)
  events.leave()
})

it('follows all handsets live, until the carrier closes', async () => {
  const events = await follow('/events')
  await place()
  await events.until('"state":"ringing"')
  await lab.close()
  await expect(events.until('anything more')).rejects.toThrow()
})

it('is not troubled by those who leave', async () => {
  const errors: unknown[] = []
  await lab.close()
  lab = await carrierLab({ logger: { warn: () => {}, error: (about) => void errors.push(about) } })
  const leaving = await follow('/events')
  const staying = await follow('/events')
  await staying.until('[]')
  leaving.leave()
  for (const action of ['answer', 'hang-up'] as const) {
    if (action === 'answer') await place()
    await lab.handset.until('it can be done', ({ status }) => status === (action === 'answer' ? 'ringing' : 'in-progress'))
    await lab.handset.act(action)
    await staying.until(action === 'answer' ? '"in-call"' : '"idle"')
  }
  expect(errors).toEqual([])
  staying.leave()
})
