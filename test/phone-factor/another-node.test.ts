// Calls that another process placed: one that still runs, or one that was killed and started again.
import { beforeEach, describe, expect, it } from 'vitest'
import { pageState } from '../../src/domain/challenge.ts'
import { type Bench, bench, type Node, ownPage, spoken, wrong } from './bench.ts'

let at: Bench
let restarted: Node
beforeEach(() => {
  at = bench()
  restarted = at.anotherNode()
})

describe('a call that its carrier still has', () => {
  beforeEach(() => {
    restarted.gateway.answerLookUp = async () => 'live'
  })

  it('goes on, and everything about it may reach the other node', async () => {
    await at.start()
    await restarted.hear({ type: 'ringing' })
    expect(await restarted.state()).toBe('ringing')
    await restarted.hear({ type: 'answered' })
    const { gate = '' } = await restarted.factor.see(ownPage)
    expect((await at.factor.see(ownPage)).gate).toBe(gate)
    expect(await restarted.key(gate)).toMatchObject({ next: { do: 'gather', digits: 6 } })
    expect(await at.state()).toBe('told')
  })

  it('is asked about at most once a second, with the carrier’s own reference', async () => {
    await at.start()
    for (let looks = 0; looks < 10; looks += 1) await restarted.state()
    expect(restarted.gateway.lookedUp).toEqual([{ id: await at.callId(), carrierReference: 'CA1' }])
    await at.clock.advance(999)
    await restarted.state()
    expect(restarted.gateway.lookedUp).toHaveLength(1)
    await at.clock.advance(1)
    await restarted.state()
    expect(restarted.gateway.lookedUp).toHaveLength(2)
  })

  it('is not placed a second time by a second click', async () => {
    await at.start()
    expect(await restarted.factor.start(ownPage, spoken)).toMatchObject({ started: 'already-calling' })
    await at.clock.advance(0)
    expect(restarted.gateway.placed).toEqual([])
  })

  it('is ended by what is decided on the other node', async () => {
    await at.start()
    await restarted.factor.cancel(ownPage)
    expect(restarted.gateway.continued).toEqual([
      { call: { id: await at.callId(), carrierReference: 'CA1' }, step: { sequence: 0, say: [], next: { do: 'hang-up' } } },
    ])
  })
})

describe('a call that its carrier no longer knows', () => {
  it.each<[string, (node: Bench) => Promise<unknown>]>([
    ['dialled', (node) => node.start()],
    ['ringing', (node) => node.start().then(() => node.hear({ type: 'ringing' }))],
  ])('and that was %s is gateway-down, and another may be asked for', async (_, reach) => {
    await reach(at)
    expect(await restarted.state()).toBe('gateway-down')
    expect((await restarted.stored()).challenge).toMatchObject({ state: 'open', call: { lineOpen: false } })
    await restarted.start()
    expect(restarted.gateway.placed).toHaveLength(1)
  })

  it('is found by the click that asks for another', async () => {
    await at.start()
    expect(await restarted.factor.start(ownPage, spoken)).toMatchObject({ started: 'call' })
  })

  it('is gateway-down within two seconds for a page that only follows', async () => {
    await at.start()
    restarted.gateway.answerLookUp = async () => 'live'
    const abort = new AbortController()
    const states: string[] = []
    const ended = (async () => {
      for await (const challenge of restarted.factor.follow(ownPage, abort.signal)) states.push(pageState(challenge))
    })()
    await at.clock.advance(0)
    await at.clock.advance(5000)
    expect(states.at(-1)).toBe('dialling')
    expect(restarted.gateway.lookedUp.length).toBeGreaterThanOrEqual(4)
    restarted.gateway.answerLookUp = async () => 'unknown'
    await at.clock.advance(2000)
    expect(states.at(-1)).toBe('gateway-down')
    const asked = restarted.gateway.lookedUp.length
    await at.clock.advance(10_000)
    expect(restarted.gateway.lookedUp).toHaveLength(asked)
    abort.abort()
    await ended
  })

  it('told its code before: that stays good', async () => {
    const code = await at.told()
    expect(await restarted.state()).toBe('told')
    expect((await restarted.stored()).challenge?.call).toMatchObject({ state: 'over', outcome: 'completed', lineOpen: false })
    expect(await restarted.factor.typeCode(ownPage, wrong(code))).toEqual({ refused: 'wrong-code', triesLeft: 2 })
    expect(await restarted.factor.typeCode(ownPage, code)).toHaveProperty('confirmed')
    expect(restarted.gateway.continued).toEqual([])
  })

  it('ended as the carrier says, if it remembers', async () => {
    await at.start()
    restarted.gateway.answerLookUp = async () => 'busy'
    expect(await restarted.state()).toBe('busy')
  })
})

describe('a carrier that cannot be asked', () => {
  it('is no reason to show no page: a code that was told can still be typed', async () => {
    const code = await at.told()
    restarted.gateway.answerLookUp = () => Promise.reject(new Error('connect ECONNREFUSED'))
    expect(await restarted.state()).toBe('told')
    expect(await restarted.factor.typeCode(ownPage, code)).toHaveProperty('confirmed')
    expect(at.logged.join()).toContain('ECONNREFUSED')
  })
})

describe('a process that died before its carrier had answered', () => {
  it('is waited for ten seconds, then its call is gateway-down, without asking a carrier that knows no reference', async () => {
    at.gateway.answerPlace = () => new Promise(() => {})
    await at.start()
    expect(await restarted.state()).toBe('dialling')
    await at.clock.advance(9_999)
    expect(await restarted.state()).toBe('dialling')
    expect(await restarted.factor.start(ownPage, spoken)).toMatchObject({ started: 'already-calling' })
    await at.clock.advance(1000)
    expect(await restarted.state()).toBe('gateway-down')
    expect(restarted.gateway.lookedUp).toEqual([])
  })

  it('at ten seconds exactly', async () => {
    at.gateway.answerPlace = () => new Promise(() => {})
    await at.start()
    await at.clock.advance(10_000)
    expect(await restarted.state()).toBe('gateway-down')
  })
})

describe('what needs no looking up', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a call that is over', () => at.start().then(() => at.hear({ type: 'over', outcome: 'busy' }))],
    ['a call that we ended, and whose line may still be open', () => at.answered().then(() => at.key(''))],
    ['an account that was never called', async () => {}],
  ])('%s', async (_, reach) => {
    await reach()
    await restarted.state()
    await at.clock.advance(5000)
    await restarted.state()
    expect(restarted.gateway.lookedUp).toEqual([])
  })

  it('a call that this very process placed', async () => {
    await at.start()
    await at.clock.advance(20_000)
    expect(await at.state()).toBe('dialling')
    expect(at.gateway.lookedUp).toEqual([])
  })
})
