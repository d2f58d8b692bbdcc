// The accounts that a newcomer finds: two telephones, Mandarin, and none at all.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spokenCode } from '../support/handset.ts'
import { errorOf } from '../support/relying-party.ts'
import { acr, amr, type Flow, startFlow } from './flow.ts'
import { gateOn, textOf } from './person.ts'

const phoneLevel = { acr_values: acr.phone }
let flow: Flow
beforeAll(async () => {
  flow = await startFlow({ people: 0 })
})
afterAll(() => flow.end())

describe('the account demo', () => {
  it('may be called at the second of its phones, which the page shows by their last two digits and opaque ids', async () => {
    const mobile = flow.demo('demo', '+12025550143')
    const office = flow.demo('demo', '+12025550187')
    const { page, finish } = await mobile.askAndSignIn(flow.bank, phoneLevel)
    const choices = page.$('input[name="phone"]').toArray()
    const labels = choices.map((choice) => page.$(choice).parent('label').text().replace(/\s+/g, ' '))
    expect(labels).toEqual([expect.stringMatching(/Mobile.*•••• 43/), expect.stringMatching(/Office.*•••• 87/)])
    expect(page.$('input[name="phone"][checked]').attr('value')).toBe(choices[0]?.attribs.value)
    for (const choice of choices) expect(choice.attribs.value).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/)

    const calling = await mobile.beCalled(page, { phone: choices[1]?.attribs.value })
    const code = await office.phone.codeThrough(async () => gateOn(await mobile.reload(calling)))
    const told = await mobile.reload(calling)
    expect(textOf(told)).toMatch(/Your phone ?•••• 87/)
    expect((await finish(await mobile.type(told, code))).claims()).toMatchObject({ acr: acr.phone, amr: amr.phone })
    expect(await mobile.phone.calls()).toEqual([])
  })

  it('may be called at the other phone when the first does not answer', async () => {
    const mobile = flow.demo('demo', '+12025550143')
    const office = flow.demo('demo', '+12025550187')
    const { page } = await mobile.askAndSignIn(flow.bank, phoneLevel)
    await mobile.phone.behave('unreachable')
    const unreachable = await mobile.until(await mobile.beCalled(page), 'unreachable')
    expect(unreachable.$('input[name="phone"][checked]').parent('label').text()).toContain('Mobile')
    const second = unreachable.$('input[name="phone"]').last().attr('value') ?? ''
    const calling = await mobile.beCalled(unreachable, { phone: second })
    const code = await office.phone.codeThrough(async () => gateOn(await mobile.reload(calling)))
    expect((await mobile.type(await mobile.reload(calling), code)).url).toContain('code=')
    await mobile.phone.behave('manual')
  })
})

describe('the account TEST', () => {
  it('is called in Mandarin at +86 139 8888 8888 and hears its code digit by digit: the worked example of CN101345788A, row A13', async () => {
    const person = flow.demo('TEST', '+8613988888888')
    const { page, finish } = await person.askAndSignIn(flow.bank, phoneLevel)
    expect(textOf(page)).toContain('•••• 88')
    const calling = await person.beCalled(page)
    const code = await person.hearCode(calling)
    const [call] = await person.phone.calls()
    expect(call?.heard.map(({ language }) => language)).toEqual(call?.heard.map(() => 'cmn-CN'))
    const words = call?.heard.map(({ text }) => text) ?? []
    expect(words[0]).toContain('有人正在用您的账户登录')
    expect(words.some((text) => text.includes('两位数字'))).toBe(true)
    expect(words.filter((text) => text === [...code].join(' '))).toHaveLength(2)
    expect((await finish(await person.type(await person.reload(calling), code))).claims()).toMatchObject({ acr: acr.phone, amr: amr.phone })
    const over = await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect(over.heard.at(-1)?.text).toContain('验证成功')
  })

  it('is asked in Mandarin to key the code, in the other mode', async () => {
    const person = flow.demo('TEST', '+8613988888888')
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    const calling = await person.beCalled(page, { mode: 'keyed' })
    const call = await person.phone.answer()
    expect(call.heard.some(({ text, language }) => language === 'cmn-CN' && text.includes('六位验证码'))).toBe(true)
    expect(spokenCode(call)).toBeUndefined()
    await person.phone.key((await person.reload(calling)).$('#shown-code').text().trim(), call.sid)
    await person.phone.until('the call is over', ({ status }) => status === 'completed')
    expect((await person.reload(calling)).url).toContain('code=')
  })
})

describe('the account nophone', () => {
  it('is told that it has no phone, and the client that its demand is unmet', async () => {
    const person = flow.demo('nophone')
    const { page } = await person.askAndSignIn(flow.bank, phoneLevel)
    expect(textOf(page)).toContain('There is no phone on your account')
    expect(textOf(page)).toContain('Ask whoever looks after your account to add your phone')
    expect(errorOf((await person.browser.submit(page, { action: 'cancel' })).url)).toBe('unmet_authentication_requirements')
  })
})
