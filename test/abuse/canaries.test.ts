// Two whole sign-ins, watched from everywhere: where codes, numbers and passwords turn up, and that it is nowhere else (ZITADEL CVE-2026-105211, T-6.3).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gateOn, type Person, person, shownCodeOn, stateOf } from '../flow/person.ts'
import { type AnswerRecorder, type RecordedAnswer, recordAnswers } from '../support/answer-recorder.ts'
import { relyingParty } from '../support/relying-party.ts'
import { freePorts } from '../support/ringback.ts'
import { onPhonePage, post, type Scene, startScene, wrongCodes } from './scene.ts'

/** Everything of a database file that SQL can read, and everything that is really in its files. */
async function stored(dataDir: string): Promise<string> {
  const database = new DatabaseSync(join(dataDir, 'ringback.db'), { readOnly: true })
  const names = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map(({ name }) => String(name))
  const rows = names.map((name) => `${name} ${JSON.stringify(database.prepare(`SELECT * FROM ${name}`).all())}`)
  database.close()
  const files = (await readdir(dataDir)).filter((name) => name !== 'secrets.json')
  const bytes = await Promise.all(files.map(async (name) => `${name} ${(await readFile(join(dataDir, name))).toString('latin1')}`))
  return [...rows, ...bytes].join('\n')
}

/** A code as anybody might write it: together, with one kind of mark between its digits, or in two groups. A longer run of digits is something else. */
function spellings(code: string): RegExp {
  const [first, ...rest] = code
  return new RegExp(`(?<!\\d)(?:${first}(?<mark>[ .,-]?)${rest.join('\\k<mark>')}|${code.slice(0, 3)}[ .-]${code.slice(3)})(?!\\d)`)
}

/** A number in any of its spellings, without the plus and with or without the country. */
const numberOf = (e164: string) => new RegExp([...e164.slice(-10)].join('[ .()-]{0,2}'))
const passwords = /quiet.{1,3}harbour|correct.{1,3}horse/i

async function readEvents(who: Person, url: string): Promise<() => void> {
  const leaving = new AbortController()
  const answer = await who.browser.request(`${url}/events`, { signal: leaving.signal })
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  return () => leaving.abort()
}

describe('in this process', () => {
  let scene: Scene
  let recorder: AnswerRecorder
  let bank: AnswerRecorder
  let victim: Person
  const secrets = { gate: '', spoken: '', keyed: '', wrong: '' }
  /** What was stored at each moment that somebody might steal it. */
  const dumps: Record<string, string> = {}
  let audit = ''

  beforeAll(async () => {
    scene = await startScene({ people: 1 })
    const { dataDir, config, bankUrl } = scene.ringback
    recorder = recordAnswers(config.port)
    bank = recordAnswers(Number(new URL(bankUrl).port))
    victim = scene.somebody()

    const first = await onPhonePage(victim, scene)
    const leaveFirst = await readEvents(victim, first.page.url)
    const calling = await victim.beCalled(first.page, { mode: 'spoken' })
    await victim.phone.answer()
    secrets.gate = gateOn(await victim.until(calling, 'answered'))
    dumps['a gate is shown'] = await stored(dataDir)
    await victim.phone.key(secrets.gate)
    const heard = await victim.phone.until('the code is told', (call) => call.heard.some(({ text }) => /^\d( \d)+$/.test(text)))
    secrets.spoken = heard.heard.find(({ text }) => /^\d( \d)+$/.test(text))?.text.replaceAll(' ', '') ?? ''
    dumps['a code is told'] = await stored(dataDir)
    secrets.wrong = wrongCodes(secrets.spoken, 1)[0] ?? ''
    await post(victim.browser, first.page.url, { action: 'verify', code: secrets.wrong })
    await post(victim.browser, first.page.url, { action: 'verify', code: `${secrets.spoken}${secrets.spoken}` })
    const back = await victim.type(await victim.reload(first.page), secrets.spoken)
    const tokens = await first.finish(back)
    expect(tokens.claims()).toMatchObject({ acr: 'urn:ringback:acr:phone' })
    leaveFirst()

    const again = await victim.ask(scene.bank, { acr_values: 'urn:ringback:acr:phone', prompt: 'login' })
    const second = await victim.signIn(again.page)
    const leaveSecond = await readEvents(victim, second.url)
    const keying = await victim.beCalled(second, { mode: 'keyed' })
    await victim.phone.answer()
    secrets.keyed = shownCodeOn(await victim.until(keying, 'answered'))
    dumps['a code is shown'] = await stored(dataDir)
    await victim.phone.key(wrongCodes(secrets.keyed, 1)[0] ?? '')
    await victim.phone.until('it is asked again', (call) => call.gathering !== null && call.heard.some(({ text }) => text.includes('not the code')))
    await victim.phone.key(secrets.keyed)
    await victim.phone.until('the call has ended', ({ status }) => status === 'completed')
    await again.finish(await victim.reload(keying))
    leaveSecond()
    // Outlasts the challenge: pages that are shown afterwards, and the home of the bank.
    await victim.reload(keying)
    await fetch(bankUrl)
    dumps['all is over'] = await stored(dataDir)
    audit = await readFile(config.audit.file, 'utf8')
    for (const code of [secrets.spoken, secrets.keyed, secrets.wrong]) expect(code).toMatch(/^\d{6}$/)
    expect(secrets.gate).toMatch(/^\d{2}$/)
  })
  afterAll(async () => {
    recorder.stop()
    bank.stop()
    await scene.end()
  })

  const text = ({ headers, body, url }: RecordedAnswer) => `${url}\n${headers}\n${body}`
  const having = (pattern: RegExp) => recorder.answers.filter((answer) => pattern.test(text(answer)))

  it('the recording is whole: pages, event streams, callbacks and tokens are in it', () => {
    const kinds = recorder.answers.map(
      ({ method, url, headers }) => `${method} ${url.split(/[/?]/)[1]} ${/"content-type":"([\w/-]+)/.exec(headers)?.[1]}`,
    )
    for (const kind of [
      'GET phone text/html',
      'POST phone text/html',
      'GET phone text/event-stream',
      'POST voice text/xml',
      'POST token application/json',
      'GET sign-in text/html',
    ])
      expect(kinds).toContain(kind)
    const streams = recorder.answers.filter(({ url }) => url.endsWith('/events')).map(({ body }) => body)
    expect(streams.join('')).toContain('"state":"told"')
    expect(streams.join('')).toContain('"state":"answered"')
  })

  it('the spoken code is in the signed steps to the carrier, and in no other answer', () => {
    const found = having(spellings(secrets.spoken))
    expect(found.length).toBeGreaterThan(0)
    for (const answer of found) {
      expect(answer.url).toMatch(/^\/voice\/calls\/[\w.-]+\/keys\/1$/)
      expect(answer.askedWith['x-twilio-signature']).toBeDefined()
    }
  })

  it("the keyed code and the gate are on the bound browser's page while its call is answered, and in no other answer", () => {
    const found = having(spellings(secrets.keyed))
    expect(found.length).toBeGreaterThan(0)
    const gates = having(/id="gate"/)
    expect(gates.length).toBeGreaterThan(0)
    for (const answer of [...found, ...gates]) {
      expect(answer.method).toBe('GET')
      expect(answer.url).toMatch(/^\/phone\/[\w-]+$/)
      expect(answer.askedWith.cookie).toContain('ringback_interaction')
      expect(answer.body).toContain('data-state="answered"')
    }
    for (const answer of gates) expect(answer.body).toContain(`>${secrets.gate}</output>`)
    // The step to the carrier never says what is to be keyed.
    for (const { url, body } of recorder.answers) if (url.startsWith('/voice/')) expect(body).not.toMatch(spellings(secrets.keyed))
  })

  it('event streams say a state and a mark, and nothing else', () => {
    for (const { url, body } of recorder.answers) {
      if (!url.endsWith('/events')) continue
      for (const line of body.split('\n').filter((line) => line.startsWith('data:')))
        expect(line).toMatch(/^data: \{"state":"[a-z-]+","mark":"(\d+\.\d+\.\d*)?"\}$/)
    }
  })

  it('a wrong code is not shown again', () => {
    expect(having(spellings(secrets.wrong))).toEqual([])
  })

  it('full numbers and passwords are in no answer', () => {
    expect(having(numberOf(victim.number))).toEqual([])
    expect(having(passwords)).toEqual([])
    expect(bank.answers.length).toBeGreaterThan(0)
    for (const answer of bank.answers)
      for (const pattern of [numberOf(victim.number), spellings(secrets.spoken), spellings(secrets.keyed)]) expect(text(answer)).not.toMatch(pattern)
  })

  it.each(['a gate is shown', 'a code is told', 'a code is shown', 'all is over'])(
    'nothing of all that is stored, in no table and no byte of any file, while %s',
    (moment) => {
      const dump = dumps[moment] ?? ''
      expect(dump).toContain('account-factor')
      for (const pattern of [spellings(secrets.spoken), spellings(secrets.keyed), spellings(secrets.wrong), numberOf(victim.number), passwords])
        expect(pattern.exec(dump)?.[0]).toBeUndefined()
      // Nor the answer to a page: nothing that could be replayed from the store holds a rendered gate.
      expect(dump).not.toMatch(/"(gate|code|digits|keys)":/)
    },
  )

  it('nothing of all that is logged or written to the audit trail', () => {
    const written = `${scene.ringback.logged.join('\n')}\n${audit}`
    expect(written).toContain('code.right')
    expect(written).toContain('"route":"/phone/:uid"')
    for (const pattern of [
      spellings(secrets.spoken),
      spellings(secrets.keyed),
      spellings(secrets.wrong),
      numberOf(victim.number),
      /\+\d{7,}/,
      passwords,
      /Basic [A-Za-z0-9+/]{8}/,
    ])
      expect(pattern.exec(written)?.[0]).toBeUndefined()
    expect(written).not.toMatch(/"(gate|code|digits|keys|password|cookie|authorization)":/i)
    // Addresses of pages are secrets too.
    for (const uid of new Set(recorder.answers.flatMap(({ url }) => /^\/phone\/([\w-]{20,})$/.exec(url)?.[1] ?? [])))
      expect(written).not.toContain(uid)
  })
})

describe('in a process of its own, as npm start runs it', () => {
  it('nothing of all that is printed', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'ringback-'))
    const port = await freePorts(3)
    const root = new URL('../..', import.meta.url).pathname
    const child = spawn(join(root, 'node_modules/.bin/node'), ['src/main.ts', 'serve'], {
      cwd: root,
      env: { PATH: process.env.PATH, PORT: String(port), DATA_DIR: dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    const ready = Promise.withResolvers<void>()
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        printed += chunk
        if (printed.includes('"msg":"ready"')) ready.resolve()
      })
    }
    child.once('exit', () => ready.reject(new Error(`it ended before it was ready: ${printed}`)))
    await ready.promise
    try {
      const party = await relyingParty(`http://localhost:${port}`)
      const victim = person({ username: 'demo', password: 'correct horse battery staple' }, '+12025550143', `http://localhost:${port + 2}`)
      const asked = await victim.askAndSignIn(party, { acr_values: 'urn:ringback:acr:phone' })
      const calling = await victim.beCalled(asked.page, { mode: 'spoken' })
      const spoken = await victim.hearCode(calling)
      await post(victim.browser, calling.url, { action: 'verify', code: wrongCodes(spoken, 1)[0] ?? '' })
      await asked.finish(await victim.type(await victim.reload(calling), spoken))
      const again = await victim.ask(party, { acr_values: 'urn:ringback:acr:phone', max_age: '0' })
      const keying = await victim.beCalled(await victim.signIn(again.page), { mode: 'keyed' })
      await victim.phone.answer()
      const keyed = shownCodeOn(await victim.until(keying, 'answered'))
      await victim.phone.key(keyed)
      await victim.phone.until('the call has ended', ({ status }) => status === 'completed')
      expect(stateOf(await victim.reload(keying))).toBeUndefined()
      // What nobody expects is printed with an id, not with what was sent.
      await fetch(`http://localhost:${port}/token`, {
        method: 'POST',
        body: new URLSearchParams({ password: 'correct horse battery staple', code: spoken, login_hint: '+12025550143' }),
      })
      await fetch(`http://localhost:${port}/auth?login_hint=%2B12025550143&client_id=nobody`)

      const printedAndStored = `${printed}\n${await stored(dataDir)}`
      expect(printed).toContain('"route":"/phone/:uid"')
      for (const pattern of [spellings(spoken), spellings(keyed), numberOf('+12025550143'), numberOf('+12025550187'), /13988888888/, passwords])
        expect(pattern.exec(printedAndStored)?.[0]).toBeUndefined()
    } finally {
      child.removeAllListeners('exit')
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})
