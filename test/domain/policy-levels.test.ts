// Which level a request asks for, and what is issued for it: preference, aliases, essential claims, unknown values.
import { describe, expect, it } from 'vitest'
import { type Decision, defaultStepUpPolicy, levelAcr, levelOf } from '../../src/domain/policy.ts'
import { call, confirmed, decideOn, type Facts, issuedPassword, issuedPhone, mfa, password, phone } from './policy-facts.ts'

const unmet = (why: 'unknown-acr' | 'nothing-in-common' | 'out-of-reach'): Decision => ({ need: 'unmet', why })
const unknown = 'urn:nobody:knows'

describe('the names of the levels', () => {
  it('are a promise to relying parties', () => {
    expect(levelAcr).toEqual({ password: 'urn:ringback:acr:password', phone: 'urn:ringback:acr:phone', call: 'urn:ringback:acr:call' })
    expect(defaultStepUpPolicy).toEqual({ modes: ['spoken'], passwordMaxAge: 43_200, phoneMaxAge: 43_200, acrValues: 'enforced' })
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'phone', 'urn:ringback:acr:PHONE', 'urn:ringback:acr:phone '])(
    '%j is none of them',
    (acr) => {
      expect(levelOf(acr, { aliases: {}, host: [] })).toBeUndefined()
      expect(decideOn({ request: { acrValues: [acr] } })).toEqual(unmet('unknown-acr'))
      expect(decideOn({ request: { essential: [acr] }, calls: [confirmed()] })).toEqual(unmet('unknown-acr'))
    },
  )

  it('an alias cannot take the name of a level', () => {
    expect(levelOf(phone, { aliases: { [phone]: 'password' }, host: [] })).toBe('phone')
  })
})

describe.each<[string, Facts, Decision]>([
  ['nothing asked, password: the password level', {}, issuedPassword()],
  ['nothing asked, password and call: the phone level', { calls: [confirmed()] }, issuedPhone()],
  ['nothing asked, call but no password: the password', { calls: [confirmed()], passwordAge: null }, { need: 'password' }],
  ['nothing asked, nothing shown: the password', { passwordAge: null }, { need: 'password' }],

  ['password asked, password shown', { request: { acrValues: [password] } }, issuedPassword()],
  ['password asked, both shown: what was asked, and no more', { request: { acrValues: [password] }, calls: [confirmed()] }, issuedPassword()],
  ['password asked, only a call shown', { request: { acrValues: [password] }, calls: [confirmed()], passwordAge: null }, { need: 'password' }],
  ['phone asked, password shown', { request: { acrValues: [phone] } }, { need: 'call', acr: phone }],
  ['phone asked, both shown', { request: { acrValues: [phone] }, calls: [confirmed()] }, issuedPhone()],
  ['phone asked, only a call shown', { request: { acrValues: [phone] }, calls: [confirmed()], passwordAge: null }, { need: 'password' }],
  ['call asked, password shown', { request: { acrValues: [call] } }, { need: 'call', acr: call }],
  [
    'call asked, both shown: a call alone, and its time',
    { request: { acrValues: [call] }, calls: [confirmed()] },
    { need: 'nothing', acr: call, amr: ['tel'], authTime: Date.UTC(2026, 0, 5, 11, 59) / 1000 },
  ],
  ['call asked, nothing shown: no password is needed', { request: { acrValues: [call] }, passwordAge: null }, { need: 'call', acr: call }],
  ['phone asked, no call possible', { request: { acrValues: [phone] }, with: { callPossible: false } }, unmet('out-of-reach')],
  ['call asked, no call possible', { request: { acrValues: [call] }, with: { callPossible: false } }, unmet('out-of-reach')],
  [
    'phone asked and met, no other call possible',
    { request: { acrValues: [phone] }, calls: [confirmed()], with: { callPossible: false } },
    issuedPhone(),
  ],

  ['an alias is issued as it was asked', { request: { acrValues: [mfa] }, calls: [confirmed()] }, issuedPhone(mfa)],
  ['an alias is called for as it was asked', { request: { acrValues: [mfa] } }, { need: 'call', acr: mfa }],
  ['an alias of the password', { request: { acrValues: ['urn:alias:pwd'] } }, issuedPassword('urn:alias:pwd')],
  ['a call does not satisfy an alias of phone', { request: { acrValues: [mfa] }, calls: [confirmed()], passwordAge: null }, { need: 'password' }],
  [
    'a call does not satisfy an alias of password',
    { request: { acrValues: ['urn:alias:pwd'] }, calls: [confirmed()], passwordAge: null },
    { need: 'password' },
  ],

  ['the first of several that can be reached is tried: phone', { request: { acrValues: [phone, password] } }, { need: 'call', acr: phone }],
  ['the first of several that can be reached is tried: password', { request: { acrValues: [password, phone] } }, issuedPassword()],
  [
    'what was asked first is tried first, though the second is met',
    { request: { acrValues: [phone, password] }, passwordAge: null },
    { need: 'password' },
  ],
  ['the second, when the first cannot be reached', { request: { acrValues: [phone, password] }, with: { callPossible: false } }, issuedPassword()],
  ['the alias that was asked first, not its level', { request: { acrValues: [mfa, phone] }, calls: [confirmed()] }, issuedPhone(mfa)],
  ['the same, the other way round', { request: { acrValues: [phone, mfa] }, calls: [confirmed()] }, issuedPhone(phone)],

  ['unknown alone', { request: { acrValues: [unknown] } }, unmet('unknown-acr')],
  ['several unknown', { request: { acrValues: [unknown, 'urn:other'] }, calls: [confirmed()] }, unmet('unknown-acr')],
  ['unknown and known: the known one', { request: { acrValues: [unknown, phone] } }, { need: 'call', acr: phone }],
  [
    'known and unknown: the known one, and nothing else when it is out of reach',
    { request: { acrValues: [phone, unknown] }, with: { callPossible: false } },
    unmet('out-of-reach'),
  ],
])('%s', (_, facts, decision) => {
  it('asked by acr_values', () => {
    expect(decideOn(facts)).toEqual(decision)
  })
  it('asked by an essential claim', () => {
    const { acrValues, ...rest } = facts.request ?? {}
    expect(decideOn({ ...facts, request: { ...rest, essential: acrValues } })).toEqual(decision)
  })
  it('asked by both', () => {
    expect(decideOn({ ...facts, request: { ...facts.request, essential: facts.request?.acrValues } })).toEqual(decision)
  })
})

describe('acr_values and an essential claim together: neither weakens the other', () => {
  it.each<[string, string[], string[], Decision]>([
    ['acr_values asks for less', [password], [phone], unmet('nothing-in-common')],
    ['the claim asks for less', [phone], [password], unmet('nothing-in-common')],
    ['acr_values offers a way around', [password, phone], [phone], { need: 'call', acr: phone }],
    ['the claim offers a way around', [phone], [password, phone], { need: 'call', acr: phone }],
    ['both offer both: the order of acr_values', [phone, password], [password, phone], { need: 'call', acr: phone }],
    ['the same, the other way round', [password, phone], [phone, password], issuedPassword()],
    ['an alias is not the name it stands for', [mfa], [phone], unmet('nothing-in-common')],
    ['an unknown one in common', [unknown, password], [unknown, phone], unmet('unknown-acr')],
    ['a claim that asks for none of a list', [phone], [], unmet('nothing-in-common')],
  ])('%s', (_, acrValues, essential, decision) => {
    expect(decideOn({ request: { acrValues, essential } })).toEqual(decision)
    expect(decideOn({ request: { acrValues, essential }, policy: { acrValues: 'voluntary' } })).toEqual(decision)
  })
  it('an empty essential claim alone is met by nothing', () => {
    expect(decideOn({ request: { essential: [] }, calls: [confirmed()] })).toEqual(unmet('nothing-in-common'))
  })
})

describe('a client whose acr_values are only a wish', () => {
  const voluntary = { acrValues: 'voluntary' } as const
  it.each<[string, Facts, Decision]>([
    ['is given what it wished for where that can be reached', { request: { acrValues: [phone] } }, { need: 'call', acr: phone }],
    ['is told what was reached where it cannot', { request: { acrValues: [phone] }, with: { callPossible: false } }, issuedPassword()],
    ['is told what was reached where its wish is unknown', { request: { acrValues: [unknown] } }, issuedPassword()],
    ['is told the highest that was reached', { request: { acrValues: [unknown] }, calls: [confirmed()] }, issuedPhone()],
    ['still has a password asked for', { request: { acrValues: [unknown] }, passwordAge: null }, { need: 'password' }],
    ['is held to an essential claim that is unknown', { request: { essential: [unknown] } }, unmet('unknown-acr')],
    ['is held to an essential claim out of reach', { request: { essential: [phone] }, with: { callPossible: false } }, unmet('out-of-reach')],
    [
      'is held to an essential claim though the wish is the same',
      { request: { essential: [phone], acrValues: [phone] }, with: { callPossible: false } },
      unmet('out-of-reach'),
    ],
  ])('%s', (_, facts, decision) => {
    expect(decideOn({ ...facts, policy: voluntary })).toEqual(decision)
  })
})
