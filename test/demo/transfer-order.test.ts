// What may be typed to transfer money, and that no cent is lost on the way.
import { describe, expect, it } from 'vitest'
import { formatMoney, readTransferOrder } from '../../src/demo/transfer-order.ts'

const amountOf = (amount: unknown) => {
  const read = readTransferOrder({ payee: 'Bob', amount })
  return 'order' in read ? read.order.amount : read.faults.amount
}

describe('the amount', () => {
  it.each([
    ['25', 2500],
    ['25.5', 2550],
    ['25.', 2500],
    ['0.01', 1],
    [' $ 1,250.50 ', 125050],
    ['10000.00', 1_000_000],
    ['0.29', 29],
    ['1.15', 115],
    [19.99, 1999],
  ])('%j is %d cents', (text, cents) => {
    expect(amountOf(text)).toBe(cents)
  })

  it.each([
    ['', /Enter an amount/],
    ['0', /above zero/],
    ['0.00', /above zero/],
    ['-5', /above zero/],
    ['10000.01', /at most \$10,000\.00/],
    ['99999999999999999999', /at most \$10,000\.00/],
    ['1.234', /two decimals/],
    ['12,50', /point before the cents/],
    ['1,00,0', /point before the cents/],
    ['1e3', /point before the cents/],
    ['0x10', /point before the cents/],
    ['NaN', /point before the cents/],
    ['٣', /point before the cents/],
    [['25'], /Enter an amount/],
    [{ toString: '25' }, /Enter an amount/],
    [Number.POSITIVE_INFINITY, /point before the cents/],
  ])('%j is refused with a reason', (text, reason) => {
    expect(amountOf(text)).toMatch(reason)
  })
})

describe('the payee', () => {
  const faultOf = (payee: unknown) => {
    const read = readTransferOrder({ payee, amount: '1' })
    return 'faults' in read ? read.faults.payee : undefined
  }

  it.each(['Bob', "O'Neill & Söhne <GmbH>", '李雷', 'x'.repeat(70)])('%s is taken', (payee) => {
    expect(faultOf(payee)).toBeUndefined()
  })

  it.each([
    ['', /name/],
    ['   ', /name/],
    ['x'.repeat(71), /70 characters/],
    ['two\nlines', /one line/],
    ['nul\u0000', /one line/],
    [['Bob'], /name/],
    [undefined, /name/],
  ])('%j is refused with a reason', (payee, reason) => {
    expect(faultOf(payee)).toMatch(reason)
  })
})

it('says both faults at once', () => {
  expect(readTransferOrder({})).toEqual({ faults: { payee: expect.any(String), amount: expect.any(String) } })
})

it('prints money as people write it', () => {
  expect([formatMoney(1), formatMoney(125050), formatMoney(-6438)]).toEqual(['$0.01', '$1,250.50', '-$64.38'])
})
