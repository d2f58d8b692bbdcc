// The commands that administer accounts and phones, since production accounts do not come from seeds.
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Command } from 'commander'
import type { PhoneBinding } from './domain/phone-binding.ts'
import { maskPhoneNumber, type NumberFault, parsePhoneNumber } from './domain/phone-number.ts'
import type { PhoneFactor } from './phone-factor.ts'
import type { Account, Accounts } from './ports/accounts.ts'
import type { AuditLog } from './ports/audit-log.ts'

export interface Administration {
  accounts: Accounts
  audit: AuditLog
  factor: Pick<PhoneFactor, 'block' | 'unblock' | 'accountFactor'>
  close(): void
}

/** Adds the commands. `open` is called only when one of them runs. */
export function accountCommands(program: Command, open: () => Promise<Administration>): void {
  const account = program.command('account').description('accounts that may sign in')
  account
    .command('add')
    .argument('<login>', 'what the person types to sign in')
    .option('--language <tag>', 'language of calls, BCP 47')
    .description('add an account; its password is asked for, or read from standard input')
    .action((login: string, { language }: { language?: string }) =>
      run(async ({ accounts, audit }) => {
        const password = await readPassword(`Password for ${login}: `)
        const id = randomUUID()
        if ((await accounts.save({ id, login, language, phones: [] }, password)) === 'login-taken')
          throw new Error(`there is an account ${login} already`)
        audit.write({ type: 'account.added', accountId: id, by: 'command-line' })
        return [`account ${login} added; bind a phone with: ringback phone bind ${login} +…`]
      }),
    )
  account
    .command('list')
    .description('list the accounts')
    .action(() =>
      run(async ({ accounts, factor }) => {
        const lines: string[] = []
        for await (const { id, login, language = '-', phones } of accounts.list()) {
          const { block } = await factor.accountFactor(id)
          lines.push([login, id, language, `${phones.length} phone(s)`, block ? `blocked: ${block.reason}` : ''].join('\t').trimEnd())
        }
        return lines
      }),
    )

  const phone = program.command('phone').description('telephones bound to accounts')
  phone
    .command('bind')
    .argument('<login>')
    .argument('<number>', 'in international form, or national with --country')
    .option('--country <code>', 'ISO 3166 country of a national number')
    .option('--label <text>', 'what its owner calls it')
    .option('--extension <keys>', 'keyed after the call is answered')
    .description('bind a telephone to an account')
    .action((login: string, number: string, options: { country?: string; label?: string; extension?: string }) =>
      run(async ({ accounts, audit }) => {
        const found = await known(accounts, login)
        const parsed = parsePhoneNumber(number, options.country?.toUpperCase())
        if ('fault' in parsed) throw new Error(faults[parsed.fault])
        if (parsed.kind === 'special') throw new Error('this is a number of a special kind (premium, freephone, shared cost): bind an ordinary one')
        if (found.phones.some((bound) => bound.number === parsed.e164)) throw new Error(`${login} has this number already`)
        const binding: PhoneBinding = {
          id: randomUUID(),
          number: parsed.e164,
          label: options.label,
          extension: options.extension ?? parsed.extension,
        }
        await accounts.save({ ...found, phones: [...found.phones, binding] })
        audit.write({ type: 'phone.bound', accountId: found.id, phone: binding.id, by: 'command-line' })
        return [line(binding)]
      }),
    )
  phone
    .command('list')
    .argument('<login>')
    .description('list the telephones of an account')
    .action((login: string) => run(async ({ accounts }) => (await known(accounts, login)).phones.map(line)))
  blockCommand(phone, 'block', 'let a telephone, or without one every telephone of the account, confirm nothing any more')
  blockCommand(phone, 'unblock', 'lift the block of a telephone, or without one every block of the account')

  function blockCommand(parent: Command, name: 'block' | 'unblock', description: string): void {
    parent
      .command(name)
      .argument('<login>')
      .argument('[phone]', 'id of the telephone, from: ringback phone list')
      .description(description)
      .action((login: string, id: string | undefined) =>
        run(async ({ accounts, audit, factor }) => {
          const found = await known(accounts, login)
          if (id === undefined) {
            await (name === 'block' ? factor.block(found.id) : factor.unblock(found.id))
            return [`the phones of ${login} are ${name}ed`]
          }
          if (!found.phones.some((bound) => bound.id === id)) throw new Error(`${login} has no telephone ${id}: see ringback phone list ${login}`)
          const blockedAt = name === 'block' ? Date.now() : undefined
          await accounts.save({ ...found, phones: found.phones.map((bound) => (bound.id === id ? { ...bound, blockedAt } : bound)) })
          audit.write({ type: `phone.${name}ed`, accountId: found.id, phone: id, by: 'command-line' })
          return [`telephone ${id} is ${name}ed`]
        }),
      )
  }

  async function run(work: (administration: Administration) => Promise<string[]>): Promise<void> {
    const administration = await open()
    try {
      for (const text of await work(administration)) process.stdout.write(`${text}\n`)
    } finally {
      administration.close()
    }
  }
}

const faults: Record<NumberFault, string> = {
  'not-a-number': 'this is no telephone number: write it like +1 202 555 0143, or in national form with --country US',
  'not-in-any-plan': 'no numbering plan has this number: check the country and the digits',
  'cannot-be-called': 'this number cannot be called from abroad: write it in international form',
}

async function known(accounts: Accounts, login: string): Promise<Account> {
  const found = await accounts.findByLogin(login)
  if (found === undefined) throw new Error(`there is no account ${login}: see ringback account list`)
  return found
}

function line({ id, number, extension, label, blockedAt }: PhoneBinding): string {
  return [id, maskPhoneNumber(number), extension ? `ext. ${extension}` : '', label ?? '', blockedAt === undefined ? '' : 'blocked']
    .join('\t')
    .trimEnd()
}

/** From the terminal without an echo, or the first line of standard input. */
async function readPassword(question: string): Promise<string> {
  const terminal = process.stdin.isTTY
  if (terminal) process.stderr.write(question)
  const silent = new Writable({ write: (_, __, done) => done() })
  const reader = createInterface({ input: process.stdin, output: silent, terminal })
  const given = await new Promise<string>((resolve) => {
    reader.once('line', resolve)
    reader.once('close', () => resolve(''))
  })
  reader.close()
  if (terminal) process.stderr.write('\n')
  if (given === '') throw new Error('no password was given')
  return given
}
