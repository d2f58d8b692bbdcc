// What a host may get wrong when it mounts the factor: said at once, never a defence that is silently not there.
import { interactionPolicy } from 'oidc-provider'
import { describe, expect, it } from 'vitest'
import { memoryAuditLog } from '../../src/adapters/audit/memory.ts'
import { memoryRecords } from '../../src/adapters/records/memory.ts'
import { type PhoneStepUpOptions, phoneStepUp } from '../../src/plugin.ts'
import { systemClock } from '../../src/ports/clock.ts'
import { fakeGateway } from '../support/fake-gateway.ts'

function mounted(options: Partial<PhoneStepUpOptions> = {}) {
  return phoneStepUp({
    gateway: fakeGateway(),
    openRecords: memoryRecords({ clock: systemClock }),
    phones: { of: async () => [] },
    codeKeys: [{ id: 'k1', secret: Buffer.alloc(32, 1) }],
    audit: memoryAuditLog(),
    brand: 'Host',
    ...options,
  })
}

describe('phoneStepUp refuses', () => {
  it.each([0, -1, 1.5, Number.NaN, Infinity])('%d calls in ten minutes, which would be no limit', (callsPerTenMinutes) => {
    expect(() => mounted({ limits: { callsPerTenMinutes } })).toThrow(/limits\.callsPerTenMinutes is .*: give a whole number of 1 or more/)
  })
  it('a code key that is too short, and none at all', () => {
    expect(() => mounted({ codeKeys: [{ id: 'short', secret: Buffer.alloc(31) }] })).toThrow(/"short" is shorter than 32 bytes/)
    expect(() => mounted({ codeKeys: [] })).toThrow(/at least one code key/)
  })
  it.each([{}, { cookies: { keys: [] } }])('a provider whose cookies nobody signs: %j', (configuration) => {
    expect(() => mounted().configure(configuration)).toThrow(/set cookies\.keys/)
  })
  it('a policy without a login prompt, which would let a missing password pass', () => {
    const policy = interactionPolicy.base()
    policy.remove('login')
    expect(() => mounted().configure({ cookies: { keys: ['k'] }, interactions: { policy } })).toThrow(/needs a prompt named "login"/)
  })
})

describe('phoneStepUp takes', () => {
  it('an option left open as its default', () => {
    expect(() => mounted({ limits: { callsPerTenMinutes: undefined } })).not.toThrow()
  })
  it("a host's policy without changing it", () => {
    const policy = interactionPolicy.base()
    const before = policy.map(({ name, checks }) => [name, checks.length])
    mounted().configure({ cookies: { keys: ['k'] }, interactions: { policy } })
    expect(policy.map(({ name, checks }) => [name, checks.length])).toEqual(before)
  })
})
