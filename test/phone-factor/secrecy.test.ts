// What must be nowhere but where it is needed: codes, gates, keys that were pressed, telephone numbers, key material.
import { expect, it } from 'vitest'
import type { OpenRecords, Records } from '../../src/ports/records.ts'
import { type Bench, bench, codeIn, codeKey, number, otherTab, ownPage, wrong } from './bench.ts'

/** Long enough that none of them appears anywhere by chance. */
const settings = { codeDigits: 10, gateDigits: 8 }

/** Everything that was ever written to the store, as text, also what was overwritten since. */
function keepWrites(writes: string[]): (records: OpenRecords) => OpenRecords {
  return (records) =>
    <T>(kind: string): Records<T> => {
      const kept = records<T>(kind)
      return {
        ...kept,
        update: (id, change) =>
          kept.update(id, (current) => {
            const made = change(current)
            writes.push(`${kind} ${id} ${JSON.stringify(made.next)}`)
            return made
          }),
      }
    }
}

async function liveThroughEverything(at: Bench): Promise<string[]> {
  const secrets: string[] = []
  // A wrong gate, a right one, wrong codes, the right one.
  await at.answered()
  const first = (await at.factor.see(ownPage)).gate ?? ''
  await at.key(first.slice(0, 5))
  await at.key(wrong(first))
  secrets.push(first, wrong(first), first.slice(0, 5))
  await at.start()
  await at.hear({ type: 'ringing' })
  await at.hear({ type: 'answered' })
  const { gate = '' } = await at.factor.see(ownPage)
  const told = await at.key(gate)
  const code = codeIn(told)
  await at.key('1')
  await at.key(code)
  await at.factor.typeCode(ownPage, wrong(code))
  await at.factor.typeCode(ownPage, code)
  await at.hear({ type: 'over', outcome: 'ended' })
  secrets.push(gate, code, wrong(code), [...code].join(' '))
  // The other mode, and a gateway that fails.
  await at.clock.advance(3_600_000)
  await at.answered(otherTab, 'keyed')
  const { shownCode = '' } = await at.factor.see(otherTab)
  await at.key(shownCode.slice(0, 7))
  await at.key(wrong(shownCode))
  await at.key(shownCode)
  secrets.push(shownCode, wrong(shownCode), shownCode.slice(0, 7))
  at.gateway.answerPlace = () => Promise.reject(new Error('the carrier is away'))
  await at.start()
  await at.factor.report(ownPage)
  return secrets
}

it('nothing stored, audited or logged tells a code, a gate, a key that was pressed, a number or key material', async () => {
  const writes: string[] = []
  const at = bench({ settings, around: keepWrites(writes) })
  const secrets = await liveThroughEverything(at)
  const { secret } = codeKey('key-1')
  secrets.push(number, number.slice(1), ...(['base64', 'base64url', 'hex', 'utf8'] as const).map((form) => Buffer.from(secret).toString(form)))
  expect(new Set(secrets).size).toBe(secrets.length)

  const told = { writes: writes.join('\n'), audit: JSON.stringify(at.audit), log: at.logged.join('\n') }
  expect(writes.length).toBeGreaterThan(15)
  expect(at.audit.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['code.told', 'code.wrong', 'code.right', 'call.wrong-gate', 'challenge.reported']),
  )
  expect(told.log).toContain('the carrier is away')
  for (const [place, text] of Object.entries(told))
    for (const one of secrets) expect(text.includes(one), `${place} tells what it must not`).toBe(false)
})

it('the gateway is told the number to ring, and no code: that leaves only in the answer to the gate', async () => {
  const at = bench({ settings })
  const secrets = await liveThroughEverything(at)
  for (const one of secrets) {
    expect(JSON.stringify(at.gateway.placed)).not.toContain(one)
    expect(JSON.stringify(at.gateway.continued)).not.toContain(one)
  }
})

it('no step but the one that tells it has the code, and none has the gate', async () => {
  const at = bench({ settings })
  await at.start()
  const asked = await at.hear({ type: 'answered' })
  const { gate = '' } = await at.factor.see(ownPage)
  const incomplete = await at.key('4')
  const told = await at.key(gate)
  const code = codeIn(told)
  const hint = await at.key('5')
  const goodbye = await at.key('')
  for (const step of [asked, incomplete, hint, goodbye]) {
    expect(JSON.stringify(step).replaceAll(' ', '')).not.toContain(code)
    expect(JSON.stringify(step).replaceAll(' ', '')).not.toContain(gate)
  }
  expect(JSON.stringify(told).replaceAll(' ', '')).not.toContain(gate)
})

it('what a page is given has the gate and the keyed code in their own places only, and a spoken code nowhere', async () => {
  for (const mode of ['spoken', 'keyed'] as const) {
    const at = bench({ settings })
    await at.answered(ownPage, mode)
    const { gate, shownCode, ...rest } = await at.factor.see(ownPage)
    const shown = gate ?? shownCode ?? ''
    expect(shown).toHaveLength(mode === 'spoken' ? 8 : 10)
    expect(JSON.stringify(rest)).not.toContain(shown)
    const step = await at.key(shown)
    if (mode === 'spoken') expect(JSON.stringify(await at.factor.see(ownPage))).not.toContain(codeIn(step))
  }
})

it('the audit log says who, which client, which call and how it ended', async () => {
  const at = bench()
  await at.start()
  await at.hear({ type: 'over', outcome: 'busy' })
  const challenge = (await at.stored()).challenge?.id
  const about = { accountId: 'ada', clientId: 'bank', challenge, call: `${challenge}.1`, phone: 'phone-1', mode: 'spoken' }
  expect(at.audit).toEqual([
    { type: 'challenge.opened', ...about, outcome: undefined },
    { type: 'call.requested', ...about, outcome: undefined },
    { type: 'call.placed', ...about, outcome: undefined },
    { type: 'call.over', ...about, outcome: 'busy' },
  ])
})
