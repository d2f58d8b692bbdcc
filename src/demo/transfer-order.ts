// What a person types to transfer money, read and checked. Amounts are whole cents, so that nothing is ever rounded.

export interface TransferOrder {
  payee: string
  /** In cents. */
  amount: number
}

/** What is wrong, in words for the person, by field. */
export interface OrderFaults {
  payee?: string
  amount?: string
}

/** The most that one transfer may move, in cents. */
export const transferLimit = 10_000_00

const payeeLength = 70

/** Reads an order from a form or a request body: `payee` is a name, `amount` a decimal number of dollars such as `1,250.50`. */
export function readTransferOrder(input: { payee?: unknown; amount?: unknown }): { order: TransferOrder } | { faults: OrderFaults } {
  const payee = readPayee(input.payee)
  const amount = readAmount(input.amount)
  if ('value' in payee && 'value' in amount) return { order: { payee: payee.value, amount: amount.value } }
  return { faults: { payee: 'fault' in payee ? payee.fault : undefined, amount: 'fault' in amount ? amount.fault : undefined } }
}

function readPayee(input: unknown): { value: string } | { fault: string } {
  const value = typeof input === 'string' ? input.trim() : ''
  if (value === '') return { fault: 'Enter the name of the person or company to pay.' }
  if (value.length > payeeLength) return { fault: `Use at most ${payeeLength} characters.` }
  if (/\p{Cc}/u.test(value)) return { fault: 'Use letters, digits and punctuation only, in one line.' }
  return { value }
}

function readAmount(input: unknown): { value: number } | { fault: string } {
  const text = (typeof input === 'string' ? input : typeof input === 'number' ? String(input) : '').trim().replace(/^\$\s*/, '')
  if (text === '') return { fault: 'Enter an amount, such as 25.00.' }
  if (text.startsWith('-')) return { fault: 'Enter an amount above zero.' }
  const parts = /^(\d{1,3}(?:,\d{3})*|\d+)(?:\.(\d*))?$/.exec(text)
  if (parts === null) return { fault: 'Enter a number of dollars with a point before the cents, such as 25.00.' }
  const [, dollars = '', cents = ''] = parts
  if (cents.length > 2) return { fault: 'Use at most two decimals: cents are the smallest we can move.' }
  const value = Number(dollars.replaceAll(',', '')) * 100 + Number(cents.padEnd(2, '0'))
  if (value === 0) return { fault: 'Enter an amount above zero.' }
  if (value > transferLimit) return { fault: `Enter at most ${formatMoney(transferLimit)}: that is the limit of one transfer.` }
  return { value }
}

const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

/** Cents as `$1,250.50`. */
export function formatMoney(cents: number): string {
  return dollars.format(cents / 100)
}
