// Killed and started again: what people had is still there, and what the telephone network has lost is told.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Visited } from '../support/cookie-browser.ts'
import { relyingParty } from '../support/relying-party.ts'
import { acr, amr, demoAccounts } from './flow.ts'
import { person, stateOf, textOf } from './person.ts'
import { dataDirectory, type Process, startProcess } from './process.ts'

const phoneLevel = { acr_values: acr.phone }
let data: Awaited<ReturnType<typeof dataDirectory>>
let ringback: Process
beforeAll(async () => {
  data = await dataDirectory()
  ringback = await startProcess({ dataDir: data.path })
})
afterAll(async () => {
  await ringback.end('SIGTERM')
  await data.remove()
})

async function killAndStart(): Promise<void> {
  await ringback.end('SIGKILL')
  ringback = await startProcess({ dataDir: data.path, port: ringback.port })
}

function demo(login: keyof typeof demoAccounts, number = '+12025550143') {
  return person(demoAccounts[login], number, ringback.carrierUrl)
}

/** What the page offers to call, by opaque ids and masked numbers. */
function phonesOn(page: Visited): string[] {
  const choices = page.$('input[name="phone"]').toArray()
  return choices.map((choice) => `${choice.attribs.value} ${page.$(choice).parent('label').text().replace(/\s+/g, ' ')}`)
}

describe('after the server was killed and started again', () => {
  it('sessions are still there, with what was confirmed in them, and so are the telephones', async () => {
    const bank = await relyingParty(ringback.issuer)
    const person = demo('demo')
    const { page: before } = await demo('demo').askAndSignIn(bank, phoneLevel)
    const tokens = await person.go(bank, phoneLevel)
    await killAndStart()
    const after = await person.ask(bank, { ...phoneLevel, prompt: 'none' })
    const claims = (await after.finish(after.page)).claims()
    expect(claims).toMatchObject({ acr: acr.phone, amr: amr.phone, sub: tokens.claims()?.sub, auth_time: tokens.claims()?.auth_time })
    // A new sign-in of the same account, and the same phones to call.
    const again = demo('demo')
    const { page } = await again.askAndSignIn(bank, phoneLevel)
    expect(phonesOn(page)).toHaveLength(2)
    expect(phonesOn(page)).toEqual(phonesOn(before))
  })

  it('a code that was already told stays good', async () => {
    const bank = await relyingParty(ringback.issuer)
    const person = demo('demo')
    const { page, finish } = await person.askAndSignIn(bank, phoneLevel)
    const code = await person.hearCode(await person.beCalled(page))
    await person.type(await person.reload(page), code === '000000' ? '000001' : '000000')
    await killAndStart()
    const told = await person.reload(page)
    expect(stateOf(told)).toBe('told')
    expect(textOf(told)).toContain('You have 2 tries left.')
    expect((await finish(await person.type(told, code))).claims()).toMatchObject({ acr: acr.phone, amr: amr.phone })
  })

  it('a call that its carrier no longer knows has ended, within two seconds of looking, and another one works', async () => {
    const bank = await relyingParty(ringback.issuer)
    const person = demo('TEST', '+8613988888888')
    const { page, finish } = await person.askAndSignIn(bank, phoneLevel)
    const calling = await person.until(await person.beCalled(page), 'ringing')
    await killAndStart()
    const looked = Date.now()
    const down = await person.until(calling, 'gateway-down')
    expect(Date.now() - looked).toBeLessThan(2000)
    expect(textOf(down)).toContain('We could not place the call')
    expect(textOf(down)).toContain('The fault is ours, not yours')
    expect((await finish(await person.confirm(down))).claims()).toMatchObject({ acr: acr.phone })
  })

  it('a page that only listens is told of the lost call, too', async () => {
    const bank = await relyingParty(ringback.issuer)
    const person = demo('TEST', '+8613988888888')
    const { page } = await person.askAndSignIn(bank, phoneLevel)
    const calling = await person.beCalled(page)
    await person.phone.answer()
    expect(stateOf(await person.reload(calling))).toBe('answered')
    await killAndStart()
    const events = await person.browser.request(`${calling.url}/events`)
    const looked = Date.now()
    const stream = events.body?.pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    while (!heard.includes('"gateway-down"')) {
      const { value, done } = (await stream?.read()) ?? { done: true }
      if (done) throw new Error(`the stream ended: ${heard}`)
      heard += value
    }
    expect(Date.now() - looked).toBeLessThan(2000)
    await stream?.cancel()
  })
})
