// The handsets, for people's programs: what was heard, answering, keys, behaviour; and the same live, as server-sent events.
import { Router } from '@koa/router'
import type { Context } from 'koa'
import { z } from 'zod'
import { isE164 } from '../domain/phone-number.ts'
import { BadRequest, readJson } from './body.ts'
import { behaviours, type CarrierCall } from './call.ts'
import type { Carrier, Handset } from './carrier.ts'

const behaviourBody = z.object({ behaviour: z.enum(behaviours) })
const keysBody = z.object({ keys: z.string().regex(/^[\d*#]{1,64}$/) })

/** `/handsets/{number}/...` as JSON, and `/handsets/{number}/events` and `/events` as `text/event-stream`. */
export function handsetApi(carrier: Carrier): Router {
  const router = new Router()

  router.get('/handsets', (context) => {
    context.body = carrier.handsets().map(summary)
  })

  router.get('/events', (context) => {
    follow(
      context,
      carrier,
      () => true,
      () => carrier.handsets().map(summary),
    )
  })

  router.get('/handsets/:number', (context) => {
    context.body = summary(handset(context.params.number, carrier))
  })

  router.put('/handsets/:number', async (context) => {
    const called = handset(context.params.number, carrier)
    const body = behaviourBody.safeParse(await readJson(context.req, '{"behaviour":"answer"}'))
    if (!body.success) throw new BadRequest(400, `"behaviour" must be one of ${behaviours.join(', ')}`)
    carrier.behave(called, body.data.behaviour)
    context.body = summary(called)
  })

  router.get('/handsets/:number/calls', (context) => {
    context.body = handset(context.params.number, carrier).calls.map(callView)
  })

  router.get('/handsets/:number/events', (context) => {
    const called = handset(context.params.number, carrier)
    const isThis = (number: string) => number === called.number
    follow(context, carrier, isThis, () => ({ ...summary(called), calls: called.calls.slice(0, 20).map(detailedView) }))
  })

  router.post('/handsets/:number/calls/:sid/keys', async (context) => {
    const call = find(context.params, carrier)
    const body = keysBody.safeParse(await readJson(context.req, '{"keys":"42"}'))
    if (!body.success) throw new BadRequest(400, '"keys" must be a text of 1 to 64 of the keys 0-9, * and #')
    const keys = call.press(body.data.keys)
    if (keys === undefined) throw new BadRequest(409, `nobody is in this call, it is ${call.state.status}: answer it first`)
    context.body = { keys }
  })

  for (const [action, act] of Object.entries(actions)) {
    router.post(`/handsets/:number/calls/:sid/${action}`, (context) => {
      const call = find(context.params, carrier)
      const { status } = call.state
      if (!act.carryOut(call)) throw new BadRequest(409, `this call is ${status}: ${action} is for a call that is ${act.during}`)
      context.body = callView(call)
    })
  }

  return router
}

const actions = {
  answer: { during: 'ringing', carryOut: (call: CarrierCall) => call.answer() },
  decline: { during: 'ringing', carryOut: (call: CarrierCall) => call.decline() },
  busy: { during: 'ringing', carryOut: (call: CarrierCall) => call.busy() },
  'hang-up': { during: 'in-progress', carryOut: (call: CarrierCall) => call.hangUp() },
}

/** The handset of a number. Throws BadRequest 400 for what is no number. */
export function handset(number: string | undefined, carrier: Carrier): Handset {
  if (number === undefined || !isE164(number)) {
    throw new BadRequest(400, 'a handset has a number in E.164: a plus sign and 7 to 15 digits, such as +12025550143')
  }
  return carrier.handset(number)
}

function find(params: Record<string, string | undefined>, carrier: Carrier): CarrierCall {
  const called = handset(params.number, carrier)
  const call = called.calls.find(({ sid }) => sid === params.sid)
  if (call === undefined) throw new BadRequest(404, 'this handset has no call with that sid: see GET /handsets/{number}/calls')
  return call
}

export interface HandsetSummary {
  number: string
  label?: string
  behaviour: Handset['behaviour']
  state: 'idle' | 'ringing' | 'in-call'
}

export function summary({ number, label, behaviour, calls }: Handset): HandsetSummary {
  const is = (status: string) => calls.some((call) => call.state.status === status)
  return { number, label, behaviour, state: is('in-progress') ? 'in-call' : is('ringing') ? 'ringing' : 'idle' }
}

function callView(call: CarrierCall) {
  return { sid: call.sid, status: call.state.status, from: call.order.from, heard: call.state.heard, gathering: call.gathering() }
}

function detailedView(call: CarrierCall) {
  const { createdAt, answeredAt, endedAt, sipResponseCode, keys, fault } = call.state
  return { ...callView(call), createdAt, answeredAt, endedAt, sipResponseCode, keys, fault, sentDigits: call.order.sendDigits }
}

/** Sends the present state, and the newest whenever it changed, until the other side goes away. */
function follow(context: Context, carrier: Carrier, concerns: (number: string) => boolean, view: () => unknown): void {
  // Written by hand: as a body, every page that is left would be an error of the application's.
  context.respond = false
  const stream = context.res
  let waiting: NodeJS.Immediate | undefined
  const send = () => {
    waiting = undefined
    stream.write(`data: ${JSON.stringify(view())}\n\n`)
  }
  const stop = carrier.onChange((number) => {
    // What changes at once is told at once: states that nobody could see are left out.
    if (concerns(number)) waiting ??= setImmediate(send)
  })
  stream.once('close', () => {
    stop()
    clearImmediate(waiting)
  })
  context.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  context.status = 200
  stream.write('retry: 1000\n')
  send()
}
