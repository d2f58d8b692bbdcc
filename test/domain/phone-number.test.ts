// What counts as a telephone number, and what of one may be shown.
import { describe, expect, it } from 'vitest'
import { formatPhoneNumber, isE164, maskPhoneNumber, parsePhoneNumber } from '../../src/domain/phone-number.ts'

describe('a number that can be read', () => {
  it.each([
    ['international', '+12025550143', undefined, '+12025550143', 'US'],
    ['international, with punctuation', '+1 (202) 555-0143', undefined, '+12025550143', 'US'],
    ['international, with non-breaking spaces', '+1\u00a0202\u00a0555\u00a00143', undefined, '+12025550143', 'US'],
    ['national, with its country', '(202) 555-0143', 'US', '+12025550143', 'US'],
    ['national, with a trunk prefix', '020 7946 0958', 'GB', '+442079460958', 'GB'],
    ['national, of a country without trunk prefix', '139 8888 8888', 'CN', '+8613988888888', 'CN'],
    ['abroad, with an international prefix', '00 1 202 555 0143', 'DE', '+12025550143', 'US'],
    ['international, whatever the country of the page', '+86 139 8888 8888', 'US', '+8613988888888', 'CN'],
    ['a leading zero that belongs to the number', '+39 02 1234567', undefined, '+39021234567', 'IT'],
  ])('%s', (_, text, country, e164, itsCountry) => {
    expect(parsePhoneNumber(text, country)).toMatchObject({ e164, country: itsCountry })
  })

  it.each([
    ['spelled out', '+12025550143 ext. 12'],
    ['with an x', '+1 202 555 0143 x12'],
    ['as RFC 3966 writes it', '+12025550143;ext=12'],
  ])('keeps an extension apart from the number: %s', (_, text) => {
    expect(parsePhoneNumber(text)).toMatchObject({ e164: '+12025550143', extension: '12' })
  })

  it('has no extension where none was given', () => {
    expect(parsePhoneNumber('+12025550143')).toMatchObject({ extension: undefined })
  })
})

describe('what must never reach an exchange', () => {
  it.each([
    ['a line break behind it', '+12025550143\r\n'],
    ['a line break within', '+1202555\r\n0143'],
    ['a header behind it', '+12025550143\r\nX-Evil: 1'],
    ['a tab', '+12025550143\t'],
    ['a zero byte', '+12025550143\u0000'],
    ['an escape', '\u001b+12025550143'],
    ['a line separator', '+12025550143\u2028'],
    ['a parameter of a SIP or tel URI', '+8613988888888;x=1'],
    ['a phone context', '+12025550143;phone-context=+1'],
    ['an ISDN subaddress', '+12025550143;isub=1'],
    ['a host', '+12025550143@evil.example'],
    ['a scheme', 'tel:+12025550143'],
    ['a second number', '+12025550143 +12025550144'],
    ['a path', '../../+12025550143'],
    ['digits of another script', '+١٢٠٢٥٥٥٠١٤٣'],
    ['a wide digit', '+1202555014\uff13'],
    ['letters that a keypad has', '+1 202 555 BANK'],
    ['a dangling parameter sign', '+12025550143;'],
    ['two plus signs', '++12025550143'],
    ['a country code that begins with zero', '+0012025550143'],
    ['nothing', ''],
    ['a lone plus', '+'],
    ['a national number of no country', '2025550143'],
    ['a national number of a country that is none', '202-555-0143 XX'],
    ['far too much', `+${'1'.repeat(60)}`],
  ])('%s', (_, text) => {
    expect(parsePhoneNumber(text)).toEqual({ fault: 'not-a-number' })
  })

  it.each([
    ['one digit short', '+1202555014'],
    ['too long for its country', '+120255501433'],
    ['a country code that nobody has', '+9991234567'],
  ])('is in no numbering plan: %s', (_, text) => {
    expect(parsePhoneNumber(text)).toHaveProperty('fault')
  })

  it.each([
    ['911', 'US'],
    ['112', 'DE'],
    ['999', 'GB'],
  ])('an emergency number is no number to call: %s in %s', (text, country) => {
    expect(parsePhoneNumber(text, country)).toHaveProperty('fault')
  })
})

describe('the kind of a number', () => {
  it.each([
    ['premium rate, US', '+19002345678', 'special'],
    ['premium rate, GB', '+449098790879', 'special'],
    ['premium rate, FR', '+33899701234', 'special'],
    ['freephone, US', '+18002345678', 'special'],
    ['freephone, GB', '+448001111111', 'special'],
    ['freephone of no country', '+80012345678', 'special'],
    ['shared cost, GB', '+448431234567', 'special'],
    ['shared cost, DE', '+491801234567', 'special'],
    ['corporate number, GB', '+443001231234', 'special'],
    ['pager, GB', '+447600123456', 'special'],
    ['mobile, CN', '+8613988888888', 'mobile'],
    ['mobile, DE', '+4915123456789', 'mobile'],
    ['landline, GB', '+442079460958', 'landline'],
    ['landline, DE', '+4930123456', 'landline'],
    ['US numbers do not tell', '+12025550143', 'unknown'],
  ])('%s', (_, text, kind) => {
    expect(parsePhoneNumber(text)).toMatchObject({ e164: text, kind })
  })
})

describe('E.164, the last check before a carrier', () => {
  it.each(['+1234567', '+12025550143', '+123456789012345'])('takes %s', (text) => {
    expect(isE164(text)).toBe(true)
  })
  it.each([
    '12025550143',
    '+02025550143',
    '+123456',
    '+1234567890123456',
    '+1202555\n0143',
    '+12025550143\n',
    '\n+12025550143',
    '+12025550143;x=1',
    '+1 202 555 0143',
    '+',
    '',
  ])('refuses %j', (text) => {
    expect(isE164(text)).toBe(false)
  })
})

describe('the mask', () => {
  it('shows the last two digits and nothing else', () => {
    expect(maskPhoneNumber('+12025550143')).toBe('•••• 43')
  })
  it('tells neither the country nor the length', () => {
    const shortest = maskPhoneNumber('+1234543')
    const longest = maskPhoneNumber('+441234567890143')
    expect(shortest).toBe('•••• 43')
    expect(longest).toBe(shortest)
  })
})

describe('a number of ours, shown in full', () => {
  it('is grouped as people write it', () => {
    expect(formatPhoneNumber('+12025550100')).toBe('+1 202 555 0100')
    expect(formatPhoneNumber('+8613988888888')).toBe('+86 139 8888 8888')
  })
  it('is shown as it is where nobody knows how', () => {
    expect(formatPhoneNumber('no number')).toBe('no number')
  })
})
