// The host's own acr values stay the host's business, and never become a way around ours.
import { describe, expect, it } from 'vitest'
import type { Decision } from '../../src/domain/policy.ts'
import { confirmed, confirmedHere, decideOn, type Facts, gold, issuedPassword, issuedPhone, phone, silver } from './policy-facts.ts'

const unmet: Decision = { need: 'unmet', why: 'out-of-reach' }
const host: Decision = { need: 'host' }
const hostLogin: Decision = { need: 'host-login' }
const atGold = { hostAcr: gold }

describe.each<[string, Facts, Decision]>([
  ['acr_values with the host’s alone: left alone, met or not', { request: { acrValues: [gold] } }, host],
  ['acr_values with the host’s alone: left alone, met', { request: { acrValues: [gold, silver] }, shown: atGold }, host],
  ['acr_values with the host’s and an unknown one: left alone', { request: { acrValues: ['urn:nobody:knows', gold] } }, host],
  ['acr_values with the host’s alone, of a client that only wishes', { request: { acrValues: [gold] }, policy: { acrValues: 'voluntary' } }, host],

  ['essential: met by the session', { request: { essential: [gold] }, shown: atGold }, host],
  ['essential: to be tried by the host’s login', { request: { essential: [gold] } }, hostLogin],
  ['essential: at another of the host’s', { request: { essential: [silver] }, shown: atGold }, hostLogin],
  ['essential: one of several', { request: { essential: [silver, gold] }, shown: { ...atGold, passwordJustShown: true } }, host],
  ['essential: the login has just been and did not reach it', { request: { essential: [gold] }, shown: { passwordJustShown: true } }, unmet],
  [
    'essential: a call of ours is not the host’s',
    { request: { essential: [gold] }, calls: [confirmed()], shown: { passwordJustShown: true } },
    unmet,
  ],
  ['essential and acr_values, the host’s in common', { request: { essential: [gold], acrValues: [phone, gold] }, shown: atGold }, host],
  [
    'essential ours, acr_values the host’s: nothing in common',
    { request: { essential: [phone], acrValues: [gold] }, shown: atGold },
    { need: 'unmet', why: 'nothing-in-common' },
  ],

  ['a mix, the host’s first and met', { request: { acrValues: [gold, phone] }, shown: atGold }, host],
  ['a mix, the host’s first, not met: its login is tried first', { request: { acrValues: [gold, phone] } }, hostLogin],
  [
    'a mix, the host’s first, its login did not reach it: a call',
    { request: { acrValues: [gold, phone] }, shown: { passwordJustShown: true } },
    { need: 'call', acr: phone },
  ],
  [
    'a mix, and after that call',
    { request: { acrValues: [gold, phone] }, shown: { passwordJustShown: true }, calls: [confirmedHere()] },
    issuedPhone(),
  ],
  ['a mix, ours first: a call, though the host’s is met', { request: { acrValues: [phone, gold] }, shown: atGold }, { need: 'call', acr: phone }],
  ['a mix, ours first and out of reach: the host’s', { request: { acrValues: [phone, gold] }, shown: atGold, with: { callPossible: false } }, host],
  ['a mix, neither in reach', { request: { essential: [phone, gold] }, shown: { passwordJustShown: true }, with: { callPossible: false } }, unmet],

  ['nothing asked, the host has a level of its own', { shown: atGold }, host],
  ['nothing asked, the host has a level of its own and its login is stale: its own check decides', { shown: atGold, passwordAge: 99_999 }, host],
  ['nothing asked, the host has a level of its own, but a call was made: ours is higher', { shown: atGold, calls: [confirmed()] }, issuedPhone()],
  ['nothing asked, the host has no level', {}, issuedPassword()],
])('%s', (_, facts, decision) => {
  it(`needs ${decision.need}`, () => {
    expect(decideOn(facts)).toEqual(decision)
  })
})

describe('a session that the host raised', () => {
  it('has not our level by that', () => {
    expect(decideOn({ request: { acrValues: [phone] }, shown: atGold })).toEqual({ need: 'call', acr: phone })
    expect(decideOn({ request: { acrValues: [phone] }, shown: { hostAcr: phone } })).toEqual({ need: 'call', acr: phone })
  })
})
