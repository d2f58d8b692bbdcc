// The commands, beside a running server on the same data.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorOf, type RelyingParty, relyingParty } from '../support/relying-party.ts'
import { acr, demoAccounts } from './flow.ts'
import { buttonsOn, person, textOf } from './person.ts'
import { dataDirectory, type Process, startProcess } from './process.ts'

const phoneLevel = { acr_values: acr.phone }
let data: Awaited<ReturnType<typeof dataDirectory>>
let ringback: Process
let bank: RelyingParty
beforeAll(async () => {
  data = await dataDirectory()
  ringback = await startProcess({ dataDir: data.path })
  bank = await relyingParty(ringback.issuer)
})
afterAll(async () => {
  await ringback.end('SIGTERM')
  await data.remove()
})

describe('ringback check-config', () => {
  it('says that the configuration is in order', async () => {
    const { code, output } = await ringback.command(['check-config'])
    expect(code).toBe(0)
    expect(output).toContain(`the configuration is in order: issuer ${ringback.issuer}`)
  })

  it('says which file is not there, and what to do', async () => {
    const { code, errors } = await ringback.command(['--config', 'no/such/file.yaml', 'check-config'])
    expect(code).toBe(1)
    expect(errors).toContain('no/such/file.yaml')
    expect(errors).not.toContain('at ')
  })
})

describe('ringback serve', () => {
  it('refuses the data of a server that is running', async () => {
    const { code, errors } = await ringback.command(['serve'])
    expect(code).toBe(1)
    expect(errors).toContain('another server is already using')
  })
})

describe('ringback account and phone', () => {
  it('make an account that signs in and is called at its phone', async () => {
    const added = await ringback.command(['account', 'add', 'clara', '--language', 'en'], 'a password for clara\n')
    expect([added.code, added.errors]).toEqual([0, ''])
    const bound = await ringback.command(['phone', 'bind', 'clara', '(202) 555-0166', '--country', 'US', '--label', 'Kitchen'])
    expect(bound.code).toBe(0)
    expect(bound.output).toContain('•••• 66')
    expect(bound.output).not.toContain('5550166')

    const clara = person({ username: 'clara', password: 'a password for clara' }, '+12025550166', ringback.carrierUrl)
    const { page } = await clara.askAndSignIn(bank, phoneLevel)
    expect(textOf(page)).toContain('•••• 66')
    expect((await clara.confirm(page)).url).toContain('code=')
  })

  it('refuse a login that is taken, and a number that is none', async () => {
    const taken = await ringback.command(['account', 'add', 'demo'], 'another password\n')
    expect([taken.code, taken.errors]).toEqual([1, 'ringback: there is an account demo already\n'])
    const wrong = await ringback.command(['phone', 'bind', 'demo', '12'])
    expect(wrong.code).toBe(1)
    expect(wrong.errors).toContain('write it like +1 202 555 0143')
  })

  it('block an account: the page refuses to call, until unblock lifts it', async () => {
    const demo = person(demoAccounts.demo, '+12025550143', ringback.carrierUrl)
    const { page } = await demo.askAndSignIn(bank, phoneLevel)
    expect(buttonsOn(page)).toContain('call')

    expect(await ringback.command(['phone', 'block', 'demo'])).toMatchObject({ code: 0, output: 'the phones of demo are blocked\n' })
    const blocked = await demo.reload(page)
    expect(textOf(blocked)).toContain('Confirming by phone is blocked for your account. Ask whoever looks after it for help.')
    expect(buttonsOn(blocked)).not.toContain('call')
    expect((await demo.send(page, { action: 'call' })).status).toBe(403)
    expect(errorOf((await demo.ask(bank, { ...phoneLevel, prompt: 'none' })).page.url)).toBe('unmet_authentication_requirements')
    const accounts = (await ringback.command(['account', 'list'])).output
    expect(accounts).toMatch(/^demo\t.*\t2 phone\(s\)\tblocked: administrator$/m)
    expect(accounts).toMatch(/^TEST\t.*\tzh\t1 phone\(s\)$/m)
    expect(accounts).not.toMatch(/1202555\d{4}|13988888888/)

    expect((await ringback.command(['phone', 'unblock', 'demo'])).code).toBe(0)
    expect((await demo.confirm(await demo.reload(page))).url).toContain('code=')
  })

  it('block an account: what its sessions had gained by a call is gone, and does not come back with unblock', async () => {
    const demo = person(demoAccounts.demo, '+12025550143', ringback.carrierUrl)
    const silently = async () => errorOf((await demo.ask(bank, { ...phoneLevel, prompt: 'none' })).page.url)
    await demo.go(bank, phoneLevel)
    expect(await silently()).toBeNull()
    expect((await ringback.command(['phone', 'block', 'demo'])).code).toBe(0)
    expect(await silently()).toBe('unmet_authentication_requirements')
    expect((await ringback.command(['phone', 'unblock', 'demo'])).code).toBe(0)
    expect(await silently()).toBe('interaction_required')
  })

  it('block one phone: what it confirmed counts no more', async () => {
    const demo = person(demoAccounts.demo, '+12025550143', ringback.carrierUrl)
    await demo.go(bank, phoneLevel)
    const listed = (await ringback.command(['phone', 'list', 'demo'])).output.split('\n')
    const mobile = listed.find((line) => line.includes('•••• 43'))?.split('\t')[0] ?? ''
    expect((await ringback.command(['phone', 'block', 'demo', mobile])).code).toBe(0)
    expect(errorOf((await demo.ask(bank, { ...phoneLevel, prompt: 'none' })).page.url)).toBe('interaction_required')
    expect((await ringback.command(['phone', 'unblock', 'demo', mobile])).code).toBe(0)
  })

  it('block one phone: it is no longer offered, and the other one is called', async () => {
    const office = person(demoAccounts.demo, '+12025550187', ringback.carrierUrl)
    const listed = (await ringback.command(['phone', 'list', 'demo'])).output.split('\n')
    const mobile = listed.find((line) => line.includes('•••• 43'))?.split('\t')[0] ?? ''
    expect((await ringback.command(['phone', 'block', 'demo', mobile])).code).toBe(0)
    const { page } = await office.askAndSignIn(bank, { ...phoneLevel, prompt: 'login' })
    expect(textOf(page)).not.toContain('•••• 43')
    expect((await office.confirm(page)).url).toContain('code=')
    expect((await ringback.command(['phone', 'unblock', 'demo', mobile])).code).toBe(0)
    expect(textOf((await office.askAndSignIn(bank, { ...phoneLevel, prompt: 'login' })).page)).toContain('•••• 43')
  })
})
