// Thousands of random histories of one account: whatever is reported, typed or clicked, in whatever order, some things never happen.
import { describe, expect, it } from 'vitest'
import type { AccountFactor } from '../../src/domain/account-factor.ts'
import type { CallState } from '../../src/domain/challenge.ts'
import type { Mode } from '../../src/domain/code.ts'
import { blockAt } from '../../src/domain/guard.ts'
import { type AccountStory, accountStory, code, elsewhere, gate, hours, minutes, otherTab, ownPage, seconds, wrongCode } from './account-story.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

const rank: Record<CallState, number> = { dialling: 0, ringing: 1, answered: 2, 'gate-passed': 3, told: 4, over: 5 }

/** What was done; enough to say what it may have caused. */
type Deed =
  | { did: 'start'; page: typeof ownPage }
  | { did: 'hear'; call: string; keys?: string; sequence?: number }
  | { did: 'type'; given: string; page: typeof ownPage }
  | { did: 'report' | 'cancel'; page: typeof ownPage }
  | { did: 'wait' | 'block' | 'unblock' }

/** What an ordinary person, or a guesser, would do next, so that histories get somewhere. */
function goOn(story: AccountStory, random: SeededRandom): Deed {
  const { challenge, call } = story
  if (challenge.state !== 'open' || (call.state === 'over' && call.toldAt === undefined)) return start(story, random, challenge.origin)
  if (call.toldAt !== undefined) return type(story, random.pick([code, wrongCode, wrongCode, wrongCode]), challenge.origin)
  if (call.state === 'answered')
    return key(story, call.id, call.mode === 'spoken' ? gate : random.pick([code, wrongCode, wrongCode, wrongCode]), call.sequence)
  story.answer()
  return { did: 'hear', call: call.id }
}

/** Anything at all. */
function stray(story: AccountStory, random: SeededRandom): Deed {
  const page = random.pick([ownPage, otherTab, elsewhere])
  const { challenge } = story
  const call = random.pick([challenge.call.id, challenge.call.id, challenge.call.id, `${challenge.id}.${challenge.calls - 1}`, 'challenge-1.1'])
  switch (
    random.pick(['start', 'type', 'ringing', 'answered', 'keys', 'keys', 'keys', 'keys', 'over', 'cancel', 'report', 'wait', 'wait', 'block'])
  ) {
    case 'start':
      return start(story, random, page)
    case 'type':
      return type(story, random.pick([code, wrongCode, gate]), page)
    case 'ringing':
      story.hear({ call, type: 'ringing' })
      return { did: 'hear', call }
    case 'answered':
      story.hear({ call, type: 'answered', by: random.pick(['person', 'person', 'unknown', 'machine']) })
      return { did: 'hear', call }
    case 'over':
      story.hear({ call, type: 'over', outcome: random.pick(['ended', 'busy', 'declined', 'no-answer', 'forwarded', 'gateway-down']) })
      return { did: 'hear', call }
    case 'keys': {
      const keys = random.pick([gate, code, wrongCode, '43', '', '1', '2', '4', '#', '17094', '1', '2', '4', random.pick(['9', ''])])
      return key(story, call, keys, challenge.call.sequence + random.pick([0, 0, 0, -1, 1]))
    }
    case 'cancel':
      story.cancel(page)
      return { did: 'cancel', page }
    case 'report':
      if (random.below(3) > 0) return { did: 'wait' }
      story.report(page)
      return { did: 'report', page }
    case 'block':
      if (random.below(3) > 0) return { did: 'wait' }
      story.block()
      return { did: 'block' }
    default:
      story.wait(random.pick([1, seconds, 20 * seconds, 60 * seconds, 200 * seconds, 5 * minutes, 16 * minutes, 25 * hours]))
      return { did: 'wait' }
  }
}

function doSomething(story: AccountStory, random: SeededRandom): Deed {
  if (story.account.challenge === undefined) return start(story, random, ownPage)
  if (story.account.block !== undefined && random.below(4) === 0) {
    story.account = { ...story.account, block: undefined, failuresInARow: 0 }
    return { did: 'unblock' }
  }
  return random.below(2) === 0 ? goOn(story, random) : stray(story, random)
}

function start(story: AccountStory, random: SeededRandom, page: typeof ownPage): Deed {
  const started = story.start({ origin: page, mode: random.pick<Mode>(['spoken', 'keyed']), phone: random.pick(['phone-1', 'phone-1', 'phone-2']) })
  // Whoever is refused comes back later.
  if ('refused' in started && started.refused !== 'challenge-elsewhere') story.wait(5 * minutes)
  return { did: 'start', page }
}

function type(story: AccountStory, given: string, page: typeof ownPage): Deed {
  story.type(given, page)
  return { did: 'type', given, page }
}

function key(story: AccountStory, call: string, keys: string, sequence: number): Deed {
  story.hear({ call, type: 'keys', sequence, keys })
  return { did: 'hear', call, keys, sequence }
}

/** Everything that must hold between two moments of one account. Throws with what was broken. */
function judge(before: AccountFactor, deed: Deed, after: AccountFactor, story: AccountStory): void {
  const [was, is] = [before.challenge, after.challenge]
  const sameCall = was !== undefined && is !== undefined && was.call.id === is.call.id
  const confirmed = after.confirmations.filter((one) => !before.confirmations.some((other) => other.challenge === one.challenge))
  const newlyTold = is?.call.toldAt !== undefined && !(sameCall && was.call.toldAt !== undefined)

  if (deed.did === 'hear' && deed.call !== was?.call.id && deed.keys !== '9')
    expect(after, 'a report of any call but the current one changed something').toBe(before)
  if (deed.did === 'type' || deed.did === 'report' || deed.did === 'cancel')
    if (was?.origin.uid !== deed.page.uid) expect(after, 'a page that does not own the challenge changed something').toBe(before)

  if (sameCall) {
    expect(rank[is.call.state], 'a call went backwards').toBeGreaterThanOrEqual(rank[was.call.state])
    expect(is.call.sequence, 'a sequence shrank').toBeGreaterThanOrEqual(was.call.sequence)
    expect(is.call.sequence - was.call.sequence, 'a report took more than one step').toBeLessThanOrEqual(1)
    expect(is.call.lineOpen && !was.call.lineOpen, 'a closed line was opened').toBe(false)
    if (was.call.state === 'over') expect(is.call.outcome, 'a second reason took the place of the first').toBe(was.call.outcome)
    if (was.call.toldAt !== undefined) expect(is.call.toldAt, 'the moment of telling moved').toBe(was.call.toldAt)
    if (was.call.answeredAt !== undefined) expect(is.call.answeredAt, 'the moment of answering moved').toBe(was.call.answeredAt)
    expect(is.call.askedAgain, 'a call repeated itself for ever').toBeLessThanOrEqual(3)
    expect([is.call.nonce, is.call.mode, is.call.phone], 'a call became another').toEqual([was.call.nonce, was.call.mode, was.call.phone])
  }
  if (is !== undefined) {
    expect(is.call.state === 'over', 'a call is over without a reason').toBe(is.call.outcome !== undefined)
    expect(is.state === 'open', 'an end without a time').toBe(is.endedAt === undefined)
    if (is.state === 'open') expect(is.failures, 'an open challenge after its last try').toBeLessThan(3)
    expect(is.failures).toBeLessThanOrEqual(3)
  }
  if (was !== undefined && is !== undefined && was.id === is.id) {
    expect(is.failures, 'failures were forgotten').toBeGreaterThanOrEqual(was.failures)
    expect(is.openedAt, 'a challenge became younger').toBe(was.openedAt)
    if (was.state !== 'open') expect([was.state, 'reported'], 'an ended challenge got another end').toContain(is.state)
  }
  if (was !== undefined && is !== undefined && was.id !== is.id) expect(deed.did, 'a challenge was replaced without a start').toBe('start')
  if (
    deed.did === 'start' &&
    deed.page === elsewhere &&
    was?.state === 'open' &&
    was.origin.sessionUid !== elsewhere.sessionUid &&
    story.now < was.call.startedAt + 180 * seconds
  )
    if (story.now < was.openedAt + 600 * seconds) expect(is?.id, 'somebody elsewhere replaced a live challenge').toBe(was.id)

  if (newlyTold) {
    expect(deed, 'a code was told without the gate').toMatchObject({ did: 'hear', keys: gate, call: is.call.id, sequence: was?.call.sequence })
    expect(is.call.mode, 'a code that is to be keyed was told').toBe('spoken')
    expect(was?.call.state, 'a code was told in a call that was not at its gate').toBe('answered')
    expect(blockAt(before.block, story.now), 'a code was told while the factor was blocked').toBeUndefined()
  }

  const failed = after.failuresInARow - before.failuresInARow
  if (confirmed.length > 0) {
    expect(confirmed).toHaveLength(1)
    expect(confirmed[0], 'a confirmation that is not of the challenge').toMatchObject({ challenge: was?.id, cid: was?.origin.cid, at: story.now })
    expect(was?.state, 'a challenge that had ended was confirmed').toBe('open')
    expect(story.now, 'a challenge that had expired was confirmed').toBeLessThan((was?.call.startedAt ?? 0) + 180 * seconds)
    expect(blockAt(before.block, story.now), 'a blocked factor confirmed').toBeUndefined()
    if (was?.call.mode === 'spoken') {
      expect(deed, 'a spoken code was not typed on its page').toMatchObject({ did: 'type', given: code, page: was.origin })
      expect(was.call.toldAt, 'a code was confirmed that was never told').toBeDefined()
    } else {
      expect(deed, 'a keyed code was not keyed').toMatchObject({ did: 'hear', keys: code, call: was?.call.id, sequence: was?.call.sequence })
      expect(was?.call.state, 'a code was keyed in a call that was not answered').toBe('answered')
    }
  } else if (deed.did !== 'unblock') {
    expect([0, 1], 'failures were forgotten without a confirmation').toContain(failed)
    if (failed === 1) expect(blockAt(before.block, story.now), 'a blocked factor was guessed at').toBeUndefined()
    if (failed === 1 && after.failuresInARow % 5 === 0) expect(after.block, 'guessing went on without a block').toMatchObject({ reason: 'failures' })
    if (failed === 1)
      expect([wrongCode, gate], 'something else than a wrong code failed').toContain(
        deed.did === 'type' ? deed.given : deed.did === 'hear' && deed.keys,
      )
  }

  for (const confirmation of after.confirmations)
    if (is?.id === confirmation.challenge) expect(is.state, 'a confirmation of a challenge that is not confirmed').toBe('confirmed')
  for (const [window, most] of [
    [10 * minutes, 3],
    [24 * hours, 10],
  ] as const)
    expect(after.callsAt.filter((at) => at > story.now - window).length, 'more calls than allowed').toBeLessThanOrEqual(most)
  if (deed.did === 'start' && after.callsAt.length > before.callsAt.length)
    expect(blockAt(before.block, story.now), 'a call was started while the factor was blocked').toBeUndefined()
  if (before.block?.until === undefined && before.block !== undefined && deed.did !== 'unblock')
    expect(after.block, 'an administrator’s block was lifted by somebody else').toEqual(before.block)
}

describe('no history ever breaks the rules', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'seed %i',
    (seed) => {
      const reached = { told: 0, confirmed: 0, blocked: 0, reported: 0, wrongCode: 0 }
      for (let history = 0; history < 40; history += 1) {
        const random = seededRandom(seed * 1000 + history)
        const story = accountStory()
        for (let step = 0; step < 80; step += 1) {
          const before = story.account
          const deed = doSomething(story, random)
          try {
            judge(before, deed, story.account, story)
          } catch (error) {
            throw new Error(`seed ${seed}, history ${history}, step ${step}: ${JSON.stringify(deed)}`, { cause: error })
          }
        }
        if (story.happened.includes('code.told')) reached.told += 1
        if (story.happened.includes('challenge.confirmed')) reached.confirmed += 1
        if (story.happened.includes('factor.blocked')) reached.blocked += 1
        if (story.happened.includes('challenge.reported')) reached.reported += 1
        if (story.happened.includes('challenge.wrong-code')) reached.wrongCode += 1
      }
      // Histories that never get anywhere would prove nothing.
      for (const [what, times] of Object.entries(reached)) expect(times, what).toBeGreaterThan(2)
    },
    30_000,
  )
})
