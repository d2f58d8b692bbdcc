// Which level a request asks for, in every way it can be asked, and what the tokens then say.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorOf } from '../support/relying-party.ts'
import { acr, addClient, amr, type Flow, startFlow } from './flow.ts'
import { isPhone, isSignIn } from './person.ts'

const refeds = 'https://refeds.org/profile/mfa'
const unknown = 'urn:example:acr:unheard-of'
let flow: Flow
beforeAll(async () => {
  flow = await startFlow({
    people: 16,
    change(config) {
      config.aliases = { [refeds]: 'phone' }
      addClient(config, 'voluntary', { policy: { acrValues: 'voluntary' } })
      addClient(config, 'asks-by-default', { defaultAcrValues: [acr.phone] })
    },
  })
})
afterAll(() => flow.end())

/** An essential `acr` claim (OpenID Connect Core, 5.5.1.1). */
function essential(asked: { value?: unknown; values?: unknown }): { claims: string } {
  return { claims: JSON.stringify({ id_token: { acr: { essential: true, ...asked } } }) }
}

describe('a sign-in that asks for no level', () => {
  it('is the password level, without a call', async () => {
    const tokens = await flow.somebody().go(flow.bank)
    expect(tokens.claims()).toMatchObject({ acr: acr.password, amr: amr.password, auth_time: expect.any(Number) })
  })

  it('is the phone level after a step-up in the same session', async () => {
    const person = flow.somebody()
    await person.go(flow.bank, { acr_values: acr.phone })
    expect((await person.go(flow.bank)).claims()).toMatchObject({ acr: acr.phone, amr: amr.phone })
  })
})

describe('acr_values', () => {
  it('asks for the password level alone: nobody is called', async () => {
    const person = flow.somebody()
    const { page, finish } = await person.askAndSignIn(flow.bank, { acr_values: acr.password })
    expect((await finish(page)).claims()).toMatchObject({ acr: acr.password, amr: amr.password })
    expect(await person.phone.calls()).toEqual([])
  })

  it('asks for the phone level: password, then a call', async () => {
    const person = flow.somebody()
    const before = Math.floor(Date.now() / 1000)
    const { page, finish } = await person.ask(flow.bank, { acr_values: acr.phone })
    expect(isSignIn(page)).toBe(true)
    const phonePage = await person.signIn(page)
    expect(isPhone(phonePage)).toBe(true)
    const claims = (await finish(await person.confirm(phonePage))).claims()
    expect(claims).toMatchObject({ acr: acr.phone, amr: amr.phone })
    expect(claims?.auth_time).toBeGreaterThanOrEqual(before)
  })

  it('asks for a call alone: the token speaks of the call alone', async () => {
    expect((await flow.somebody().go(flow.bank, { acr_values: acr.call })).claims()).toMatchObject({ acr: acr.call, amr: amr.call })
  })

  it('is an order of preference: the first that can be reached is tried', async () => {
    const person = flow.somebody()
    expect((await person.go(flow.bank, { acr_values: `${acr.password} ${acr.phone}` })).claims()).toMatchObject({ acr: acr.password })
    const preferring = await person.ask(flow.bank, { acr_values: `${acr.phone} ${acr.password}` })
    expect(isPhone(preferring.page)).toBe(true)
    expect((await preferring.finish(await person.confirm(preferring.page))).claims()).toMatchObject({ acr: acr.phone })
    const lower = await person.go(flow.bank, { acr_values: `${acr.password} ${acr.phone}` })
    expect(lower.claims()).toMatchObject({ acr: acr.password, amr: amr.password })
  })

  it('falls back to the next preference where no call is possible', async () => {
    const person = flow.demo('nophone')
    expect((await person.go(flow.bank, { acr_values: `${acr.phone} ${acr.password}` })).claims()).toMatchObject({ acr: acr.password })
  })

  it('may name a level by an alias, and the token then says the alias', async () => {
    const person = flow.somebody()
    expect((await person.go(flow.bank, { acr_values: refeds })).claims()).toMatchObject({ acr: refeds, amr: amr.phone })
    expect((await person.go(flow.bank, { acr_values: acr.phone })).claims()).toMatchObject({ acr: acr.phone })
    expect(await person.phone.calls()).toHaveLength(1)
  })

  it('of which one is known is served by that one', async () => {
    const person = flow.somebody()
    expect((await person.go(flow.bank, { acr_values: `${unknown} ${acr.phone}` })).claims()).toMatchObject({ acr: acr.phone })
  })

  it('of the registration counts where the request has none', async () => {
    const client = await flow.client('asks-by-default')
    expect((await flow.somebody().go(client)).claims()).toMatchObject({ acr: acr.phone })
  })
})

describe('an essential acr claim', () => {
  it.each([
    ['value', { value: acr.phone }],
    ['values', { values: [acr.phone] }],
    ['values by an alias', { values: [unknown, refeds] }],
  ])('is enforced when it is given as %s', async (_, asked) => {
    const person = flow.demo('demo')
    const { page, finish } = await person.askAndSignIn(flow.bank, essential(asked))
    expect(isPhone(page)).toBe(true)
    const claims = (await finish(await person.confirm(page))).claims()
    expect(claims).toMatchObject({ acr: 'values' in asked ? asked.values.at(-1) : acr.phone, amr: amr.phone })
  })

  it('that is only voluntary is no demand', async () => {
    const claims = JSON.stringify({ id_token: { acr: { values: [acr.phone] } } })
    const { page, finish } = await flow.demo('demo').askAndSignIn(flow.bank, { claims })
    expect((await finish(page)).claims()).toMatchObject({ acr: acr.password })
  })

  it.each([
    ['a number as value', essential({ value: 5 })],
    ['an object as value', essential({ value: { acr: acr.phone } })],
    ['a text as values', essential({ values: acr.phone })],
    ['numbers in values', essential({ values: [acr.phone, 5] })],
    ['no JSON at all', { claims: '{' }],
    ['an array', { claims: '[]' }],
  ])('of the wrong shape is an invalid request: %s', async (_, parameters) => {
    const person = flow.demo('demo')
    const { page } = await person.ask(flow.bank, parameters)
    const back = isSignIn(page) ? await person.signIn(page) : page
    expect(errorOf(back.url)).toBe('invalid_request')
  })
})

describe('acr_values and an essential acr claim together', () => {
  it('mean what they have in common', async () => {
    const person = flow.somebody()
    const both = { acr_values: `${acr.password} ${acr.phone}`, ...essential({ values: [acr.phone, acr.call] }) }
    const { page, finish } = await person.askAndSignIn(flow.bank, both)
    expect(isPhone(page)).toBe(true)
    expect((await finish(await person.confirm(page))).claims()).toMatchObject({ acr: acr.phone })
  })

  it('do not let acr_values weaken the claim', async () => {
    const { page } = await flow.demo('demo').askAndSignIn(flow.bank, { acr_values: acr.password, ...essential({ value: acr.phone }) })
    expect(errorOf(page.url)).toBe('unmet_authentication_requirements')
  })

  it('do not let the claim weaken acr_values', async () => {
    const { page } = await flow.demo('demo').askAndSignIn(flow.bank, { acr_values: acr.phone, ...essential({ value: acr.password }) })
    expect(errorOf(page.url)).toBe('unmet_authentication_requirements')
  })
})

describe('an acr that is unknown here', () => {
  it.each([
    ['acr_values', { acr_values: unknown }],
    ['an essential value', essential({ value: unknown })],
    ['essential values', essential({ values: [unknown, `${unknown}:2`] })],
  ])('in %s is refused after the sign-in, never downgraded', async (_, parameters) => {
    const person = flow.demo('demo')
    const { page } = await person.ask(flow.bank, parameters)
    expect(isSignIn(page)).toBe(true)
    const back = await person.signIn(page)
    expect(errorOf(back.url)).toBe('unmet_authentication_requirements')
    expect(new URL(back.url).searchParams.has('code')).toBe(false)
  })

  it('is refused at once where there is a session', async () => {
    const person = flow.somebody()
    await person.go(flow.bank)
    const { page } = await person.ask(flow.bank, { acr_values: unknown })
    expect(errorOf(page.url)).toBe('unmet_authentication_requirements')
  })
})

describe('a client whose acr_values are voluntary', () => {
  it('gets what was reached where the wish means nothing here', async () => {
    const client = await flow.client('voluntary')
    expect((await flow.somebody().go(client, { acr_values: unknown })).claims()).toMatchObject({ acr: acr.password, amr: amr.password })
  })

  it('gets the password level for somebody who cannot be called', async () => {
    const client = await flow.client('voluntary')
    expect((await flow.demo('nophone').go(client, { acr_values: acr.phone })).claims()).toMatchObject({ acr: acr.password })
  })

  it('still has its essential claims enforced', async () => {
    const client = await flow.client('voluntary')
    const { page } = await flow.demo('demo').askAndSignIn(client, essential({ value: unknown }))
    expect(errorOf(page.url)).toBe('unmet_authentication_requirements')
  })
})
