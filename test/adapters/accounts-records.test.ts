import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { argon2Passwords } from '../../src/adapters/accounts/password.ts'
import { recordAccounts } from '../../src/adapters/accounts/records.ts'
import { memoryRecords } from '../../src/adapters/records/memory.ts'
import { sqliteRecords } from '../../src/adapters/records/sqlite.ts'
import { openDatabase } from '../../src/adapters/sqlite-database.ts'
import type { Account } from '../../src/ports/accounts.ts'
import type { OpenRecords } from '../../src/ports/records.ts'
import { temporaryDirectory } from '../contract/temporary-directory.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

const cheap = { m: 8, t: 1, p: 1 }
const key = { id: 'k1', secret: randomBytes(32) }
const alice: Account = {
  id: 'account-a',
  login: 'alice',
  language: 'en',
  phones: [
    { id: 'phone-1', number: '+12025550143', label: 'mobile' },
    { id: 'phone-2', number: '+8613988888888', extension: '4711', blockedAt: 1_700_000_000_000 },
  ],
}

describe('accounts', () => {
  let clock: ManualClock
  let openRecords: OpenRecords
  const passwords = argon2Passwords({ parameters: cheap })
  const accountsOn = (records: OpenRecords) => recordAccounts({ openRecords: records, passwords, numberKeys: [key], clock })
  let accounts: ReturnType<typeof accountsOn>

  const everyone = async () => {
    const found: Account[] = []
    for await (const account of accounts.list()) found.push(account)
    return found
  }

  beforeEach(() => {
    clock = manualClock()
    openRecords = memoryRecords({ clock })
    accounts = accountsOn(openRecords)
  })

  it('are found by id and by login, as they were saved', async () => {
    expect(await accounts.save(alice, 'secret')).toBe('saved')
    expect(await accounts.find('account-a')).toEqual(alice)
    expect(await accounts.findByLogin('alice')).toEqual(alice)
    expect(await accounts.findByLogin(' alice\t')).toEqual(alice)
    for (const login of ['Alice', 'bob', '', 'account-a', '__proto__']) expect(await accounts.findByLogin(login), login).toBeUndefined()
    expect(await accounts.find('alice')).toBeUndefined()
    expect(await everyone()).toEqual([alice])
  })

  it('tell their phones in the order they were given, each with its language or the account’s', async () => {
    const [mobile, office] = alice.phones
    if (mobile === undefined || office === undefined) return expect.unreachable()
    await accounts.save({ ...alice, phones: [mobile, { ...office, language: 'zh' }] })
    expect(await accounts.of('account-a')).toEqual([
      { ...mobile, language: 'en' },
      { ...office, language: 'zh' },
    ])
    expect(await accounts.of('unknown')).toEqual([])
  })

  it('are signed in to with the right password only', async () => {
    await accounts.save(alice, 'secret')
    await accounts.save({ id: 'account-b', login: 'bob', phones: [] }, 'other')
    expect(await accounts.authenticate(' alice ', 'secret')).toEqual(alice)
    for (const [login, password] of [
      ['alice', 'Secret'],
      ['alice', 'other'],
      ['alice', ''],
      ['bob', 'secret'],
      ['nobody', 'secret'],
      ['', ''],
    ] as const) {
      expect(await accounts.authenticate(login, password), `${login} ${password}`).toBeUndefined()
    }
  })

  it('without a password cannot be signed in to', async () => {
    await accounts.save(alice)
    for (const password of ['', 'undefined', 'secret']) expect(await accounts.authenticate('alice', password)).toBeUndefined()
  })

  it('keep their password when they are saved without one, and change it when they are saved with one', async () => {
    await accounts.save(alice, 'first')
    await accounts.save({ ...alice, language: 'zh' })
    expect(await accounts.authenticate('alice', 'first')).toEqual({ ...alice, language: 'zh' })
    await accounts.save(alice, 'second')
    expect(await accounts.authenticate('alice', 'first')).toBeUndefined()
    expect(await accounts.authenticate('alice', 'second')).toEqual(alice)
  })

  it('never hand out a hash', async () => {
    await accounts.save(alice, 'secret')
    const handedOut = [await accounts.find('account-a'), await accounts.findByLogin('alice'), await accounts.authenticate('alice', 'secret')]
    expect(JSON.stringify([...handedOut, ...(await everyone())])).not.toContain('argon2')
  })

  it('say that they are busy, for a known and for an unknown login alike', async () => {
    const one = argon2Passwords({ concurrency: 1, waiting: 1 })
    const bounded = recordAccounts({ openRecords, passwords: one, numberKeys: [key], clock })
    await bounded.save(alice, 'secret')
    const answers = await Promise.all(['alice', 'alice', 'alice', 'nobody', 'alice', 'nobody'].map((login) => bounded.authenticate(login, 'secret')))
    expect(answers.slice(3)).toEqual(['busy', 'busy', 'busy'])
    expect(answers[0]).toEqual(alice)
  })

  it('hash a password anew when more is asked for, once it is known to be right', async () => {
    await accounts.save(alice, 'secret')
    const stronger = recordAccounts({ openRecords, passwords: argon2Passwords({ parameters: { m: 16, t: 2, p: 1 } }), numberKeys: [key], clock })
    const stored = async () => (await openRecords<{ password: string }>('account').find('account-a'))?.password
    const before = await stored()
    await stronger.authenticate('alice', 'wrong')
    expect(await stored()).toBe(before)
    expect(await stronger.authenticate('alice', 'secret')).toEqual(alice)
    expect(await stored()).toMatch(/m=16,t=2/)
    expect(await stronger.authenticate('alice', 'secret')).toEqual(alice)
  })

  describe('logins', () => {
    it('are given once, however many ask for one at the same time', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) => accounts.save({ id: `account-${index}`, login: 'wanted', phones: [] })),
      )
      expect(results.filter((result) => result === 'saved')).toHaveLength(1)
      const winner = `account-${results.indexOf('saved')}`
      expect((await accounts.findByLogin('wanted'))?.id).toBe(winner)
      expect((await everyone()).map(({ id }) => id)).toEqual([winner])
    })

    it('that are taken leave both accounts as they were', async () => {
      await accounts.save(alice, 'secret')
      await accounts.save({ id: 'account-b', login: 'bob', phones: [] }, 'other')
      expect(await accounts.save({ id: 'account-b', login: ' alice', phones: [] }, 'changed')).toBe('login-taken')
      expect(await accounts.authenticate('bob', 'other')).toBeDefined()
      expect(await accounts.authenticate('alice', 'secret')).toEqual(alice)
    })

    it('become free when their account takes another', async () => {
      await accounts.save(alice, 'secret')
      expect(await accounts.save({ ...alice, login: 'alicia' })).toBe('saved')
      expect(await accounts.findByLogin('alice')).toBeUndefined()
      expect(await accounts.authenticate('alicia', 'secret')).toEqual({ ...alice, login: 'alicia' })
      expect(await accounts.save({ id: 'account-b', login: 'alice', phones: [] })).toBe('saved')
    })

    it('that were claimed by somebody who was killed before saving become free after a minute', async () => {
      await openRecords<object>('login').update('alice', () => ({
        next: { value: { accountId: 'never-saved', claimedAt: clock.now() }, expiresAt: Infinity },
        result: undefined,
      }))
      await clock.advance(59_999)
      expect(await accounts.save(alice)).toBe('login-taken')
      await clock.advance(1)
      expect(await accounts.save(alice)).toBe('saved')
      expect(await accounts.findByLogin('alice')).toEqual(alice)
    })

    it('and ids are not empty', async () => {
      await expect(accounts.save({ ...alice, login: '  ' })).rejects.toThrow(RangeError)
      await expect(accounts.save({ ...alice, id: '' })).rejects.toThrow(RangeError)
    })
  })

  describe('at rest', () => {
    it('hold no password and no number that could be read', async () => {
      const path = join(temporaryDirectory(), 'ringback.sqlite')
      const database = openDatabase({ path, as: 'server' })
      await accountsOn(sqliteRecords({ database, clock })).save(alice, 'correct horse battery staple')
      database.close()
      const bytes = readFileSync(path, 'latin1')
      expect(bytes).toContain('account-a')
      for (const canary of ['correct horse', '2025550143', '13988888888', '4711']) expect(bytes).not.toContain(canary)
    })

    it('give no phone when its key is missing, and say which', async () => {
      await accounts.save(alice)
      const withoutKey = recordAccounts({ openRecords, passwords, numberKeys: [{ id: 'k2', secret: randomBytes(32) }], clock })
      await expect(withoutKey.of('account-a')).rejects.toThrow('sealed with key "k1", which is not configured')
    })

    it('move to a new first key when they are saved again', async () => {
      await accounts.save(alice)
      const k2 = { id: 'k2', secret: randomBytes(32) }
      const rotating = recordAccounts({ openRecords, passwords, numberKeys: [k2, key], clock })
      expect(await rotating.find('account-a')).toEqual(alice)
      await rotating.save(alice)
      expect(await recordAccounts({ openRecords, passwords, numberKeys: [k2], clock }).find('account-a')).toEqual(alice)
    })

    it('do not let a sealed number be moved to another account', async () => {
      await accounts.save(alice)
      await accounts.save({ id: 'account-b', login: 'bob', phones: [{ id: 'phone-1', number: '+12025550199' }] })
      const stored = openRecords<{ phones: object[] }>('account')
      const stolen = (await stored.find('account-a'))?.phones ?? []
      await stored.update('account-b', (current) => ({ next: { value: { ...current, phones: stolen }, expiresAt: Infinity }, result: undefined }))
      await expect(accounts.of('account-b')).rejects.toThrow('does not open')
    })
  })
})
