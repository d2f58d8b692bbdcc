// The bank's books, in memory: everybody who signs in for the first time gets an account with some history.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../ports/clock.ts'
import type { TransferOrder } from './transfer-order.ts'

export interface LedgerEntry {
  id: string
  /** Milliseconds since 1970. */
  at: number
  /** Whom the money went to or came from. */
  name: string
  /** In cents; negative when it left the account. */
  amount: number
}

export interface AccountStatement {
  /** The account's number as the bank prints it. */
  number: string
  /** In cents. */
  balance: number
  /** Newest first. */
  entries: readonly LedgerEntry[]
}

export interface Ledger {
  statement(sub: string): AccountStatement
  /** Moves the money, or says that there is not enough. */
  book(sub: string, order: TransferOrder): LedgerEntry | 'insufficient-funds'
}

const shownEntries = 8
const mostAccounts = 1000
const day = 24 * 60 * 60 * 1000

export function openLedger(clock: Clock): Ledger {
  const accounts = new Map<string, AccountStatement>()

  function statement(sub: string): AccountStatement {
    const known = accounts.get(sub)
    if (known !== undefined) return known
    const [oldest] = accounts.keys()
    if (oldest !== undefined && accounts.size >= mostAccounts) accounts.delete(oldest)
    const opened = openingStatement(clock.now(), accounts.size)
    accounts.set(sub, opened)
    return opened
  }

  return {
    statement,
    book(sub, order) {
      const before = statement(sub)
      if (order.amount > before.balance) return 'insufficient-funds'
      const entry: LedgerEntry = { id: randomUUID(), at: clock.now(), name: order.payee, amount: -order.amount }
      accounts.set(sub, { ...before, balance: before.balance - order.amount, entries: [entry, ...before.entries].slice(0, shownEntries) })
      return entry
    },
  }
}

function openingStatement(now: number, serial: number): AccountStatement {
  const history: [daysAgo: number, name: string, amount: number][] = [
    [1, 'Pier Street Grocers', -64_38],
    [3, 'Tidewater Energy', -118_20],
    [5, 'Marlow & Finch Studio', 3_450_00],
    [8, 'Lantern Books', -27_95],
    [12, 'Northshore Rail', -86_00],
  ]
  return {
    number: `4410 ${String(7028 + serial * 137)
      .slice(-4)
      .padStart(4, '0')}`,
    balance: 12_480_55,
    entries: history.map(([daysAgo, name, amount]) => ({ id: randomUUID(), at: now - daysAgo * day, name, amount })),
  }
}
