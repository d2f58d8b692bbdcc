// The challenge of RFC 9470: byte for byte as the RFC prints it, read back, and judged.
import { describe, expect, it } from 'vitest'
import { type ParsedChallenge, readStepUpChallenge, stepUpChallenge, stepUpLack } from '../../src/demo/step-up-challenge.ts'

describe('the header', () => {
  it('is the first example of RFC 9470 section 3', () => {
    expect(stepUpChallenge({ acrValues: ['myACR'] }, 'level')).toBe(
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"',
    )
  })

  it('is the second example of RFC 9470 section 3', () => {
    expect(stepUpChallenge({ maxAge: 5 }, 'recency')).toBe(
      'Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5"',
    )
  })

  it('carries both, with several levels in order of preference', () => {
    expect(stepUpChallenge({ acrValues: ['urn:a', 'urn:b'], maxAge: 0 }, 'level')).toBe(
      'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="urn:a urn:b", max_age="0"',
    )
  })

  it('goes with DPoP too', () => {
    expect(stepUpChallenge({}, 'recency', 'DPoP')).toMatch(/^DPoP error="insufficient_user_authentication", /)
  })

  it.each(['with space', 'quote"', 'back\\slash', '', 'ümlaut', 'line\r\nX-Evil: 1'])(
    'refuses the level %j, which would break out of its list or its quotes',
    (acr) => {
      expect(() => stepUpChallenge({ acrValues: [acr] }, 'level')).toThrow(TypeError)
    },
  )

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses the age %d', (maxAge) => {
    expect(() => stepUpChallenge({ maxAge }, 'recency')).toThrow(TypeError)
  })
})

describe('reading it', () => {
  const challenge = (parameters: ParsedChallenge['parameters'], scheme = 'bearer'): ParsedChallenge => ({ scheme, parameters })
  const error = 'insufficient_user_authentication'

  it('gives back what was asked for', () => {
    expect(readStepUpChallenge([challenge({ error, acr_values: 'urn:a  urn:b', max_age: '300' })])).toEqual({
      acrValues: ['urn:a', 'urn:b'],
      maxAge: 300,
    })
  })

  it('takes one without level and age as a wish for any new authentication', () => {
    expect(readStepUpChallenge([challenge({ error })])).toEqual({})
  })

  it('finds it among other challenges, whatever the case of its scheme', () => {
    expect(readStepUpChallenge([challenge({ realm: 'x' }, 'basic'), challenge({ error, max_age: '0' }, 'DPoP')])).toEqual({ maxAge: 0 })
  })

  it('is not misled by other errors and other schemes', () => {
    expect(
      readStepUpChallenge([
        challenge({ error: 'invalid_token', acr_values: 'urn:a' }),
        challenge({ error, acr_values: 'urn:a' }, 'basic'),
        challenge({}),
      ]),
    ).toBeUndefined()
  })

  it.each(['-1', '1.5', '3e2', '', ' 5', '99999999999999999999'])('does not guess at the age %j', (age) => {
    expect(readStepUpChallenge([challenge({ error, max_age: age })])).toBeUndefined()
  })
})

describe('what a token lacks', () => {
  const requirement = { acrValues: ['urn:high', 'urn:higher'], maxAge: 300 }
  const now = 1_800_000_000

  it.each([
    ['urn:high', now, undefined],
    ['urn:higher', now - 300, undefined],
    ['urn:high', now - 301, 'recency'],
    ['urn:low', now, 'level'],
    ['urn:low', now - 301, 'level'],
    [undefined, now, 'level'],
    [['urn:high'], now, 'level'],
    ['urn:high urn:low', now, 'level'],
    ['urn:high', undefined, 'recency'],
    ['urn:high', String(now), 'recency'],
    ['urn:high', Number.NaN, 'recency'],
    ['urn:high', now + 60, undefined],
    ['urn:high', now + 61, 'recency'],
  ])('acr %j from %j: %s', (acr, auth_time, lack) => {
    expect(stepUpLack(requirement, { acr, auth_time }, now)).toBe(lack)
  })

  it('is nothing when nothing is required', () => {
    expect(stepUpLack({}, {}, now)).toBeUndefined()
  })
})
