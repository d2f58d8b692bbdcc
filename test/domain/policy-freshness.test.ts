// How long a password and a call count, for which request, and which time is told.
import { describe, expect, it } from 'vitest'
import type { Decision } from '../../src/domain/policy.ts'
import {
  call,
  confirmed,
  confirmedHere,
  decideOn,
  type Facts,
  issuedPassword,
  issuedPhone,
  now,
  nowSeconds,
  password,
  phone,
} from './policy-facts.ts'

const wanted = { acrValues: [phone] }
const needsCall: Decision = { need: 'call', acr: phone }

describe('a password', () => {
  it.each<[string, Facts, Decision]>([
    ['counts at exactly its greatest age', { passwordAge: 43_200 }, issuedPassword(password, 43_200)],
    ['a second later it does not', { passwordAge: 43_201 }, { need: 'password' }],
    ['counts at exactly max_age', { request: { maxAge: 600 }, passwordAge: 600 }, issuedPassword()],
    ['a second later it does not', { request: { maxAge: 600 }, passwordAge: 601 }, { need: 'password' }],
    ['max_age does not prolong what the policy allows', { request: { maxAge: 99_999 }, passwordAge: 43_201 }, { need: 'password' }],
    [
      'the policy does not prolong what max_age allows',
      { request: { maxAge: 10 }, policy: { passwordMaxAge: 99_999 }, passwordAge: 11 },
      { need: 'password' },
    ],
    ['counts at max_age=0 in the second it was given', { request: { maxAge: 0 }, passwordAge: 0 }, issuedPassword(password, 0)],
    ['but not a second later', { request: { maxAge: 0 }, passwordAge: 1 }, { need: 'password' }],
    [
      'given in this very request it counts whatever its age',
      { request: { maxAge: 0, renew: true }, passwordAge: 50_000, shown: { passwordJustShown: true } },
      issuedPassword(password, 50_000),
    ],
    ['asked for by name it is held to max_age, too', { request: { acrValues: [password], maxAge: 599 } }, { need: 'password' }],
    ['a fresh call does not make it fresh', { request: { acrValues: [password], maxAge: 599 }, calls: [confirmed(1000)] }, { need: 'password' }],
    [
      'keeps what its login said of itself',
      { shown: { password: { at: nowSeconds, amr: ['pwd', 'hwk'] } } },
      { need: 'nothing', acr: password, amr: ['pwd', 'hwk'], authTime: nowSeconds },
    ],
  ])('%s', (_, facts, decision) => {
    expect(decideOn(facts)).toEqual(decision)
  })
})

describe('prompt=login', () => {
  it('is not satisfied by a password of before, whatever is asked', () => {
    for (const acrValues of [undefined, [password], [phone]]) {
      expect(decideOn({ request: { acrValues, renew: true }, passwordAge: 0 })).toEqual({ need: 'password' })
      expect(decideOn({ request: { acrValues, renew: true }, passwordAge: 0, calls: [confirmedHere()] })).toEqual({ need: 'password' })
    }
  })
  it('asks for a new call where a call is asked for', () => {
    const renewed = { request: { ...wanted, renew: true }, shown: { passwordJustShown: true } }
    expect(decideOn({ ...renewed, calls: [confirmed(0)] })).toEqual(needsCall)
    expect(decideOn({ ...renewed, calls: [confirmedHere()] })).toEqual(issuedPhone())
  })
  it('with nothing asked, a call of before raises nothing', () => {
    const renewed = { request: { renew: true }, shown: { passwordJustShown: true } }
    expect(decideOn({ ...renewed, calls: [confirmed(0)] })).toEqual(issuedPassword())
  })
})

describe('a call', () => {
  it.each<[string, Facts, Decision]>([
    ['counts at exactly the policy’s age', { calls: [confirmed(43_200_000)] }, issuedPhone(phone, 43_200)],
    ['a millisecond later it does not', { calls: [confirmed(43_200_001)] }, needsCall],
    ['counts at exactly max_age', { request: { maxAge: 300 }, calls: [confirmed(300_000)] }, issuedPhone(phone, 300)],
    ['a millisecond later it does not', { request: { maxAge: 300 }, calls: [confirmed(300_001)] }, needsCall],
    ['counts at exactly a shorter age of the client', { policy: { phoneMaxAge: 300 }, calls: [confirmed(300_000)] }, issuedPhone(phone, 300)],
    ['a millisecond later it does not', { policy: { phoneMaxAge: 300 }, calls: [confirmed(300_001)] }, needsCall],
    [
      'max_age does not prolong what the policy allows',
      { request: { maxAge: 999_999 }, policy: { phoneMaxAge: 300 }, calls: [confirmed(300_001)] },
      needsCall,
    ],
    [
      'a stale max_age leads to a call, not to the password page',
      { request: { maxAge: 300 }, passwordAge: 43_200, calls: [confirmed(301_000)] },
      needsCall,
    ],
    [
      'a fresh one satisfies max_age, though the password is older',
      { request: { maxAge: 300 }, passwordAge: 43_200, calls: [confirmed()] },
      issuedPhone(),
    ],
    ['but a password older than the policy allows is asked for first', { passwordAge: 43_201, calls: [confirmed()] }, { need: 'password' }],
    [
      'of this request counts for ten minutes, whatever is demanded',
      { request: { maxAge: 0 }, calls: [confirmedHere(600_000)] },
      issuedPhone(phone, 600),
    ],
    ['a millisecond later it does not', { request: { maxAge: 0 }, calls: [confirmedHere(600_001)] }, needsCall],
    ['of before counts for nothing at freshness 0', { policy: { phoneMaxAge: 0 }, calls: [confirmed(0)] }, needsCall],
    [
      'of this request counts at freshness 0',
      { policy: { phoneMaxAge: 0 }, calls: [confirmedHere(30_000, { raisesSession: false })] },
      issuedPhone(phone, 30),
    ],
    ['that raises no session counts for no other request', { calls: [confirmed(0, { raisesSession: false })] }, needsCall],
    ['of another session', { calls: [confirmed(0, { sessionUid: 'session-2' })] }, needsCall],
    ['of no session', { calls: [confirmed(0, { sessionUid: undefined })] }, needsCall],
    ['of another session, though the request is the same', { calls: [confirmedHere(0, { sessionUid: 'session-2' })] }, needsCall],
    ['of no session, seen from no session', { shown: { sessionUid: undefined }, calls: [confirmedHere(0, { sessionUid: undefined })] }, needsCall],
    ['of another client in this session counts, for it raised the session', { calls: [confirmed(60_000, { clientId: 'shop' })] }, issuedPhone()],
    [
      'of another client’s request with the same cid counts only if it raised the session',
      { calls: [confirmedHere(0, { clientId: 'shop', raisesSession: false })] },
      needsCall,
    ],
    [
      'of another client’s request with the same cid is no call of this request',
      { policy: { phoneMaxAge: 0 }, calls: [confirmedHere(0, { clientId: 'shop' })] },
      needsCall,
    ],
    [
      'of another request that raised nothing, while this one has no cid yet',
      { shown: { cid: undefined }, calls: [confirmed(0, { raisesSession: false })] },
      needsCall,
    ],
    ['in a mode this client does not take', { calls: [confirmed(0, { mode: 'keyed' })] }, needsCall],
    ['in a mode this client does not take, though of this request', { calls: [confirmedHere(0, { mode: 'keyed' })] }, needsCall],
    [
      'in the second mode of a client that takes both',
      { policy: { modes: ['spoken', 'keyed'] }, calls: [confirmed(60_000, { mode: 'keyed' })] },
      issuedPhone(),
    ],
    ['that bound a phone', { calls: [confirmedHere(0, { purpose: 'enrol' })] }, needsCall],
    ['of a request without browser', { calls: [confirmedHere(0, { purpose: 'backchannel' })] }, needsCall],
  ])('%s', (_, facts, decision) => {
    expect(decideOn({ ...facts, request: { ...wanted, ...facts.request } })).toEqual(decision)
  })

  it('the newest that counts is the one that is told', () => {
    const calls = [confirmed(500_000), confirmed(60_000), confirmed(1000, { mode: 'keyed' }), confirmed(0, { sessionUid: 'session-2' })]
    expect(decideOn({ request: wanted, calls })).toEqual(issuedPhone())
  })
  it('an older one that counts is not hidden by a newer one that does not', () => {
    expect(decideOn({ request: { ...wanted, maxAge: 100 }, calls: [confirmed(60_000), confirmed(0, { purpose: 'enrol' })] })).toEqual(issuedPhone())
  })
})

describe('a transaction', () => {
  const transaction = (digest: string | undefined, calls: Facts['calls']) => decideOn({ request: wanted, calls, with: { transactionDigest: digest } })

  it('is confirmed by the call of this request that named it', () => {
    expect(transaction('pay-10', [confirmedHere(60_000, { transactionDigest: 'pay-10', raisesSession: false })])).toEqual(issuedPhone())
  })
  it.each<[string, string | undefined, Facts['calls']]>([
    ['is not confirmed by a call for another', 'pay-1000', [confirmedHere(0, { transactionDigest: 'pay-10' })]],
    ['is not confirmed by a call that named none', 'pay-10', [confirmedHere(0)]],
    ['is not confirmed by an earlier call for the same', 'pay-10', [confirmed(0, { transactionDigest: 'pay-10' })]],
    ['confirms nothing but itself: not this request without it', undefined, [confirmedHere(0, { transactionDigest: 'pay-10' })]],
    ['confirms nothing but itself: not another request', undefined, [confirmed(0, { transactionDigest: 'pay-10' })]],
  ])('%s', (_, digest, calls) => {
    expect(transaction(digest, calls)).toEqual(needsCall)
  })
})

describe('auth_time', () => {
  it('is the call’s, when that came last', () => {
    expect(decideOn({ passwordAge: 600, calls: [confirmed(59_001)] })).toEqual(issuedPhone(phone, 60))
  })
  it('is the call’s at the phone level, though the password came last: a fresh password must not make an old call look recent', () => {
    expect(decideOn({ passwordAge: 30, calls: [confirmed(60_000)] })).toEqual(issuedPhone(phone, 60))
  })
  it('is never the password’s for a call alone', () => {
    expect(decideOn({ request: { acrValues: [call] }, passwordAge: 30, calls: [confirmed(60_000)] })).toMatchObject({ authTime: nowSeconds - 60 })
  })
  it('is never the call’s for the password level', () => {
    expect(decideOn({ request: { acrValues: [password] }, passwordAge: 600, calls: [confirmed(60_000)] })).toEqual(issuedPassword())
  })
  it('is in whole seconds, never rounded up', () => {
    expect(decideOn({ calls: [confirmed(1)] })).toMatchObject({ authTime: Math.floor((now - 1) / 1000) })
  })
})

describe('nothing asked', () => {
  it('is the highest level that is fresh under this client’s policy', () => {
    const calls = [confirmed(400_000)]
    expect(decideOn({ calls })).toEqual(issuedPhone(phone, 400))
    expect(decideOn({ calls, policy: { phoneMaxAge: 300 } })).toEqual(issuedPassword())
    expect(decideOn({ calls, policy: { modes: ['keyed'] } })).toEqual(issuedPassword())
    expect(decideOn({ calls, policy: { phoneMaxAge: 0 } })).toEqual(issuedPassword())
  })
  it('with max_age: a stale call raises nothing, a stale password is asked for', () => {
    expect(decideOn({ request: { maxAge: 600 }, calls: [confirmed(600_001)] })).toEqual(issuedPassword())
    expect(decideOn({ request: { maxAge: 599 }, calls: [confirmed(599_001)] })).toEqual({ need: 'password' })
  })
})
