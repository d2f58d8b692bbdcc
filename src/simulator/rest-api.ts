// Twilio's REST API of 2010-04-01, as far as calls go.
import { createHash, timingSafeEqual } from 'node:crypto'
import { Router } from '@koa/router'
import type { Context, Next } from 'koa'
import { BadRequest, readForm } from './body.ts'
import { type CarrierCall, durationSeconds, rfc2822 } from './call.ts'
import { readCallOrder, readInstructions } from './call-order.ts'
import type { Carrier } from './carrier.ts'
import { RestFault, restFaultBody } from './rest-fault.ts'

export interface RestApiOptions {
  accountSid: string
  authToken: string
  /** Calling codes, with their `+`, that calls to are refused with 21215. */
  countriesNotServed: readonly string[]
}

const prefix = '/2010-04-01'

/** `/2010-04-01/...`: Basic auth with account SID and auth token, forms in, JSON out. */
export function restApi(carrier: Carrier, { accountSid, authToken, countriesNotServed }: RestApiOptions): Router {
  const router = new Router({ prefix: `${prefix}/Accounts` })
  const accountUri = `${prefix}/Accounts/${accountSid}`
  const credentials = digest(`${accountSid}:${authToken}`)

  router.use(answerInTwiliosForm)
  router.use(async (context, next) => {
    const [scheme, given = ''] = context.get('authorization').split(' ')
    const decoded = digest(Buffer.from(given, 'base64').toString('utf8'))
    if (scheme?.toLowerCase() !== 'basic' || !timingSafeEqual(decoded, credentials)) {
      context.set('WWW-Authenticate', 'Basic realm="Twilio API"')
      throw new RestFault(20003)
    }
    await next()
  })

  function find(context: { params: Record<string, string> }): CarrierCall {
    const call = context.params.account === accountSid ? carrier.call(context.params.sid ?? '') : undefined
    if (call === undefined) throw new RestFault(20404)
    return call
  }

  router.get('/:account.json', (context) => {
    if (context.params.account !== accountSid) throw new RestFault(20404)
    const uris = { calls: `${accountUri}/Calls.json` }
    context.body = {
      sid: accountSid,
      friendly_name: 'Carrier in a box',
      status: 'active',
      type: 'Trial',
      uri: `${accountUri}.json`,
      subresource_uris: uris,
    }
  })

  router.post('/:account/Calls.json', async (context) => {
    if (context.params.account !== accountSid) throw new RestFault(20404)
    const call = carrier.place(readCallOrder(await readForm(context.req), countriesNotServed))
    context.status = 201
    context.body = callResource(call, accountSid)
  })

  router.get('/:account/Calls/:sid.json', (context) => {
    context.body = callResource(find(context), accountSid)
  })

  router.post('/:account/Calls/:sid.json', async (context) => {
    const call = find(context)
    const form = await readForm(context.req)
    const status = form.get('Status')
    const instructions = readInstructions(form)
    if (status !== null && status !== 'completed' && status !== 'canceled') throw new RestFault(20001, 'Status is completed or canceled')
    if (status === null && instructions === undefined) throw new RestFault(20001, 'One of Url, Twiml and Status must be specified')
    // As with Twilio, an end goes before anything else that was asked for.
    const done =
      status === 'completed' ? call.complete() : status === 'canceled' ? call.cancel() : instructions !== undefined && call.redirect(instructions)
    if (!done) throw new RestFault(21220)
    context.body = callResource(call, accountSid)
  })

  router.all('{/*rest}', () => {
    throw new RestFault(20404)
  })

  return router
}

async function answerInTwiliosForm(context: Context, next: Next): Promise<void> {
  try {
    await next()
  } catch (error) {
    const fault = error instanceof RestFault ? error : error instanceof BadRequest ? new RestFault(20001, error.message) : undefined
    if (fault === undefined) throw error
    context.status = fault.status
    context.body = restFaultBody(fault)
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest()
}

/** The Call resource, with the fields of Twilio's that mean something here and `null` for the rest. */
function callResource({ sid, order, state }: CarrierCall, accountSid: string): Record<string, unknown> {
  const uri = `${prefix}/Accounts/${accountSid}/Calls/${sid}`
  const date = (milliseconds: number | undefined) => (milliseconds === undefined ? null : rfc2822(milliseconds))
  return {
    sid,
    account_sid: accountSid,
    api_version: '2010-04-01',
    to: order.to,
    to_formatted: order.to,
    from: order.from,
    from_formatted: order.from,
    status: state.status,
    direction: 'outbound-api',
    answered_by: order.detectMachine ? (state.answeredBy ?? null) : null,
    date_created: rfc2822(state.createdAt),
    date_updated: rfc2822(state.updatedAt),
    start_time: date(state.answeredAt ?? state.endedAt),
    end_time: date(state.endedAt),
    duration: state.endedAt === undefined ? null : String(durationSeconds(state)),
    price: null,
    price_unit: 'USD',
    queue_time: '0',
    annotation: null,
    caller_name: null,
    forwarded_from: null,
    group_sid: null,
    parent_call_sid: null,
    phone_number_sid: null,
    trunk_sid: null,
    uri: `${uri}.json`,
    subresource_uris: { notifications: `${uri}/Notifications.json`, events: `${uri}/Events.json` },
  }
}
