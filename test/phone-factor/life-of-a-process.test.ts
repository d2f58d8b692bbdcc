// What the factor refuses to start with, and how it stops.
import { describe, expect, it } from 'vitest'
import { bench, codeKey, ownPage, spoken } from './bench.ts'

describe('it does not start', () => {
  it.each<[string, Parameters<typeof bench>[0], RegExp]>([
    ['without a key', { codeKeys: [] }, /at least one code key/],
    ['with a short key', { codeKeys: [{ id: 'short', secret: Buffer.alloc(31) }] }, /code key "short" is shorter than 32 bytes/],
    ['with a short key behind a good one', { codeKeys: [codeKey('good'), { id: 'short', secret: Buffer.alloc(31) }] }, /code key "short"/],
    ['with codes of five digits', { settings: { codeDigits: 5 } }, /codeDigits is 5: a code has at least 6/],
    ['with gates of one digit', { settings: { gateDigits: 1 } }, /gateDigits is 1: a gate has at least 2/],
  ])('%s', (_, options, message) => {
    expect(() => bench(options)).toThrow(message)
  })
  it('and does with the least it may have', () => {
    expect(() => bench({ codeKeys: [{ id: 'k', secret: Buffer.alloc(32) }], settings: { codeDigits: 6, gateDigits: 2 } })).not.toThrow()
  })
})

describe('draining', () => {
  it('waits for the call that is being placed', async () => {
    const at = bench()
    const accepted = Promise.withResolvers<string>()
    at.gateway.answerPlace = () => accepted.promise
    await at.start()
    let drained = false
    const draining = at.factor.drain().then(() => {
      drained = true
    })
    await at.clock.advance(0)
    expect(drained).toBe(false)
    accepted.resolve('CA1')
    await draining
    expect((await at.stored()).challenge?.call.carrierReference).toBe('CA1')
  })

  it('waits for what is being said into a call', async () => {
    const at = bench()
    await at.answered()
    const carriedOut = Promise.withResolvers<void>()
    at.gateway.answerContinue = () => carriedOut.promise
    await at.factor.cancel(ownPage)
    let drained = false
    const draining = at.factor.drain().then(() => {
      drained = true
    })
    await at.clock.advance(0)
    expect(drained).toBe(false)
    carriedOut.resolve()
    await draining
  })

  it('is at once where nothing is under way, and may be asked for twice', async () => {
    const at = bench()
    await at.factor.drain()
    await at.factor.drain()
  })

  it('places no call any more, but takes events and codes of the calls in progress', async () => {
    const at = bench()
    await at.answered()
    await at.factor.drain()
    await expect(at.factor.start(ownPage, { ...spoken, mode: 'keyed' })).rejects.toThrow(/shutting down/)
    expect(at.gateway.placed).toHaveLength(1)
    const { gate = '' } = await at.factor.see(ownPage)
    expect(await at.key(gate)).toMatchObject({ next: { do: 'gather', digits: 6 } })
  })

  it('does not hang on a gateway that fails', async () => {
    const at = bench()
    at.gateway.answerPlace = () => Promise.reject(new Error('down'))
    await at.factor.start(ownPage, spoken)
    await at.factor.drain()
    expect(await at.state()).toBe('gateway-down')
  })
})
