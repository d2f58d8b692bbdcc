// What every store of records must keep to, whatever it is made of. Each store's own test calls this and adds its peculiarities.
import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { graceMilliseconds, type OpenRecords } from '../../src/ports/records.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

export interface RecordsUnderTest {
  openRecords: OpenRecords
  /** The same store as another process or node sees it. */
  openElsewhere: OpenRecords
  close(): Promise<void> | void
}

interface Counter {
  count: number
}

interface CountingClock extends ManualClock {
  pendingTimers(): number
}

const century = 100 * 365 * 24 * 60 * 60 * 1000

export function describeRecords(name: string, open: (clock: ManualClock) => Promise<RecordsUnderTest> | RecordsUnderTest): void {
  describe(`${name}: records`, () => {
    let clock: CountingClock
    let store: RecordsUnderTest
    /** Ends every watch that a test leaves open. */
    let ending: AbortController

    beforeEach(async () => {
      clock = countingClock()
      ending = new AbortController()
      store = await open(clock)
    })
    afterEach(async () => {
      ending.abort()
      await store.close()
    })

    const put =
      <T>(value: T, expiresAt = Infinity) =>
      () => ({ next: { value, expiresAt }, result: undefined })

    describe('one record', () => {
      it('is unknown until it is written and after it is removed', async () => {
        const records = store.openRecords<Counter>('counter')
        expect(await records.find('a')).toBeUndefined()
        await records.update('a', put({ count: 1 }))
        expect(await records.find('a')).toEqual({ count: 1 })
        await records.update('a', () => ({ next: 'remove', result: undefined }))
        expect(await records.find('a')).toBeUndefined()
      })

      it('gives the change what is there and returns its result', async () => {
        const records = store.openRecords<Counter>('counter')
        const seen: unknown[] = []
        const count = () =>
          records.update('a', (current) => {
            seen.push(current)
            const next = (current?.count ?? 0) + 1
            return { next: { value: { count: next }, expiresAt: Infinity }, result: `now ${next}` }
          })
        expect(await count()).toBe('now 1')
        expect(await count()).toBe('now 2')
        expect(seen).toEqual([undefined, { count: 1 }])
      })

      it('is untouched by `keep`, and by removing what is not there', async () => {
        const records = store.openRecords<Counter>('counter')
        expect(await records.update('a', () => ({ next: 'keep', result: 'kept nothing' }))).toBe('kept nothing')
        expect(await records.update('a', () => ({ next: 'remove', result: 'removed nothing' }))).toBe('removed nothing')
        expect(await records.find('a')).toBeUndefined()
        await records.update('a', put({ count: 1 }))
        await records.update('a', (current) => {
          if (current !== undefined) current.count = 99
          return { next: 'keep', result: undefined }
        })
        expect(await records.find('a')).toEqual({ count: 1 })
      })

      it('is untouched by a change that throws, and can be changed afterwards', async () => {
        const records = store.openRecords<Counter>('counter')
        await records.update('a', put({ count: 1 }))
        const failing = records.update('a', () => {
          throw new Error('no such luck')
        })
        await expect(failing).rejects.toThrow('no such luck')
        expect(await records.find('a')).toEqual({ count: 1 })
        await records.update('a', put({ count: 2 }))
        expect(await records.find('a')).toEqual({ count: 2 })
      })

      it('is handed out and taken in as a copy', async () => {
        const records = store.openRecords<Counter>('counter')
        const given = { count: 1 }
        await records.update('a', put(given))
        given.count = 98
        const found = await records.find('a')
        if (found !== undefined) found.count = 99
        expect(await records.find('a')).toEqual({ count: 1 })
      })

      it('refuses what it could not give back', async () => {
        const records = store.openRecords<unknown>('anything')
        await records.update('a', put('before'))
        await expect(records.update('a', put(undefined))).rejects.toThrow('plain JSON')
        await expect(records.update('a', put('x', Number.NaN))).rejects.toThrow('NaN')
        expect(await records.find('a')).toBe('before')
      })
    })

    describe('values and ids', () => {
      const awkward: Record<string, unknown> = {
        'own __proto__': JSON.parse('{"__proto__":{"isAdmin":true},"constructor":1,"toString":null}'),
        unicode: { 'ключ 键 🔑': 'é\u0301 \u0000 \u2028 "quotes" \\ 🧑‍🚀' },
        nested: { list: [null, [], {}, [[1.5, -0.25, 1e21]], false] },
        'a bare string': 'text',
        zero: 0,
        null: null,
        false: false,
        'a megabyte': { text: 'ä'.repeat(500_000) },
      }

      it.each(Object.keys(awkward))('come back as they were given: %s', async (key) => {
        const records = store.openRecords<unknown>('awkward')
        const text = JSON.stringify(awkward[key])
        await records.update(key, put(awkward[key]))
        expect(JSON.stringify(await records.find(key))).toBe(text)
        expect(JSON.stringify(await store.openElsewhere<unknown>('awkward').find(key))).toBe(text)
        expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false)
      })

      it.each(['__proto__', 'constructor', "'; DROP TABLE records; --", '%', 'a\u0000b', 'ключ 🔑', 'x'.repeat(5000)])(
        'may be named %j',
        async (id) => {
          const records = store.openRecords<Counter>('counter')
          expect(await records.find(id)).toBeUndefined()
          await records.update(id, put({ count: 1 }))
          expect(await records.find(id)).toEqual({ count: 1 })
          expect(await records.find('a')).toBeUndefined()
        },
      )

      it('keep kinds apart, whatever they are called', async () => {
        await store.openRecords<Counter>('a').update('b:c', put({ count: 1 }))
        await store.openRecords<Counter>('a:b').update('c', put({ count: 2 }))
        await store.openRecords<Counter>('__proto__').update('c', put({ count: 3 }))
        expect(await store.openRecords<Counter>('a').find('b:c')).toEqual({ count: 1 })
        expect(await store.openRecords<Counter>('a:b').find('c')).toEqual({ count: 2 })
        expect(await store.openRecords<Counter>('a').find('c')).toBeUndefined()
        await store.openRecords<Counter>('a').update('b:c', () => ({ next: 'remove', result: undefined }))
        expect(await store.openRecords<Counter>('a:b').find('c')).toEqual({ count: 2 })
        expect(await store.openRecords<Counter>('__proto__').find('c')).toEqual({ count: 3 })
      })

      it('share what was opened twice', async () => {
        await store.openRecords<Counter>('counter').update('a', put({ count: 1 }))
        expect(await store.openRecords<Counter>('counter').find('a')).toEqual({ count: 1 })
      })
    })

    describe('concurrency', () => {
      it('lets exactly as many win as may, of 200 that decide at once', async () => {
        const records = [store.openRecords<Counter>('seats'), store.openElsewhere<Counter>('seats')] as const
        const results = await Promise.all(
          Array.from({ length: 200 }, (_, index) =>
            records[index % 2 === 0 ? 0 : 1].update('seat', (current) => {
              const count = current?.count ?? 0
              if (count >= 7) return { next: 'keep', result: false }
              return { next: { value: { count: count + 1 }, expiresAt: Infinity }, result: true }
            }),
          ),
        )
        expect(results.filter(Boolean)).toHaveLength(7)
        expect(await records[0].find('seat')).toEqual({ count: 7 })
      })

      it('loses no increment among 200', async () => {
        const records = [store.openRecords<Counter>('counter'), store.openElsewhere<Counter>('counter')] as const
        const seen = await Promise.all(
          Array.from({ length: 200 }, (_, index) =>
            records[index % 2 === 0 ? 0 : 1].update('a', (current) => {
              const count = (current?.count ?? 0) + 1
              return { next: { value: { count }, expiresAt: Infinity }, result: count }
            }),
          ),
        )
        expect(new Set(seen).size).toBe(200)
        expect(await records[1].find('a')).toEqual({ count: 200 })
      })
    })

    describe('expiry', () => {
      it('keeps a record for a day after its expiresAt, to the millisecond', async () => {
        const records = store.openRecords<Counter>('counter')
        await records.update('a', put({ count: 1 }, clock.now() + 1000))
        await clock.advance(1000 + graceMilliseconds - 1)
        expect(await records.find('a')).toEqual({ count: 1 })
        await clock.advance(1)
        expect(await records.find('a')).toBeUndefined()
      })

      it('is judged anew by every write', async () => {
        const records = store.openRecords<Counter>('counter')
        await records.update('a', put({ count: 1 }, clock.now()))
        await clock.advance(graceMilliseconds - 1)
        await records.update('a', put({ count: 2 }, clock.now()))
        await clock.advance(graceMilliseconds - 1)
        expect(await records.find('a')).toEqual({ count: 2 })
      })

      it('is not prolonged by `keep`', async () => {
        const records = store.openRecords<Counter>('counter')
        await records.update('a', put({ count: 1 }, clock.now()))
        await clock.advance(graceMilliseconds - 1)
        await records.update('a', () => ({ next: 'keep', result: undefined }))
        await clock.advance(1)
        expect(await records.find('a')).toBeUndefined()
      })

      it('gives a change nothing of a record that is gone', async () => {
        const records = store.openRecords<Counter>('counter')
        await records.update('a', put({ count: 41 }, clock.now()))
        await clock.advance(graceMilliseconds)
        const before = await records.update('a', (current) => ({ next: { value: { count: 1 }, expiresAt: Infinity }, result: current }))
        expect(before).toBeUndefined()
        expect(await records.find('a')).toEqual({ count: 1 })
      })

      it('never comes for Infinity', async () => {
        const records = store.openRecords<Counter>('counter')
        await records.update('a', put({ count: 1 }))
        await clock.advance(century)
        expect(await records.find('a')).toEqual({ count: 1 })
      })
    })

    describe('list', () => {
      it('gives every record of its kind that is there, and no other', async () => {
        const records = store.openRecords<Counter>('counter')
        const other = store.openRecords<Counter>('other')
        for (let count = 0; count < 250; count += 1) await records.update(`id-${count}`, put({ count }))
        await records.update('gone', put({ count: -1 }, clock.now()))
        await records.update('expired', put({ count: -2 }, clock.now() + 1000))
        await other.update('id-0', put({ count: -3 }))
        await clock.advance(graceMilliseconds)
        const counts: number[] = []
        for await (const { id, value } of records.list()) {
          counts.push(value.count)
          expect(id).toBe(value.count === -2 ? 'expired' : `id-${value.count}`)
        }
        expect(counts.sort((a, b) => a - b)).toEqual([-2, ...Array.from({ length: 250 }, (_, count) => count)])
      })

      it('lets its reader change the records meanwhile', async () => {
        const records = store.openRecords<Counter>('counter')
        for (let count = 0; count < 150; count += 1) await records.update(`id-${count}`, put({ count }))
        for await (const { id } of records.list()) await records.update(id, () => ({ next: 'remove', result: undefined }))
        for await (const { id } of records.list()) expect.unreachable(`${id} is still there`)
      })
    })

    describe('watch', () => {
      it('gives the current value first, even when there is none', async () => {
        const records = store.openRecords<Counter>('counter')
        const nothing = records.watch('none', ending.signal)[Symbol.asyncIterator]()
        expect(await nothing.next()).toEqual({ done: false, value: undefined })
        await records.update('a', put({ count: 1 }))
        const something = records.watch('a', ending.signal)[Symbol.asyncIterator]()
        expect(await something.next()).toEqual({ done: false, value: { count: 1 } })
      })

      it.each(['here', 'elsewhere'] as const)('gives what is written %s, and undefined for a removal', async (where) => {
        const watched = store.openRecords<Counter>('counter')
        const writing = where === 'here' ? watched : store.openElsewhere<Counter>('counter')
        const seen = watched.watch('a', ending.signal)[Symbol.asyncIterator]()
        expect((await seen.next()).value).toBeUndefined()
        for (const count of [1, 2]) {
          const next = seen.next()
          await writing.update('a', put({ count }))
          await clock.advance(250)
          expect((await next).value).toEqual({ count })
        }
        const next = seen.next()
        await writing.update('a', () => ({ next: 'remove', result: undefined }))
        await clock.advance(250)
        expect(await next).toEqual({ done: false, value: undefined })
      })

      it('leaves out what was in between while nobody asked, and never ends on an old value', async () => {
        const records = store.openRecords<Counter>('counter')
        const seen = records.watch('a', ending.signal)[Symbol.asyncIterator]()
        await seen.next()
        for (let count = 1; count <= 50; count += 1) await records.update('a', put({ count }))
        expect((await seen.next()).value).toEqual({ count: 50 })
        const next = seen.next()
        await records.update('a', put({ count: 51 }))
        expect((await next).value).toEqual({ count: 51 })
      })

      it('is not woken by other ids, other kinds, `keep` or the same value again', async () => {
        const records = store.openRecords<Counter>('counter')
        await records.update('a', put({ count: 1 }))
        const seen = records.watch('a', ending.signal)[Symbol.asyncIterator]()
        await seen.next()
        const next = seen.next()
        await records.update('b', put({ count: 2 }))
        await store.openRecords<Counter>('other').update('a', put({ count: 3 }))
        await records.update('a', () => ({ next: 'keep', result: undefined }))
        await records.update('a', put({ count: 1 }))
        await records.update('a', put({ count: 4 }))
        expect((await next).value).toEqual({ count: 4 })
      })

      it('gives each of many watchers what it wrote', async () => {
        const records = store.openRecords<Counter>('counter')
        const watchers = Array.from({ length: 50 }, () => records.watch('a', ending.signal)[Symbol.asyncIterator]())
        await Promise.all(watchers.map((watcher) => watcher.next()))
        const nexts = watchers.map((watcher) => watcher.next())
        await records.update('a', put({ count: 1 }))
        expect(await Promise.all(nexts)).toEqual(watchers.map(() => ({ done: false, value: { count: 1 } })))
      })

      it('ends when its signal aborts: while waiting, while its reader is busy, and before it began', async () => {
        const records = store.openRecords<Counter>('counter')
        const waiting = records.watch('a', ending.signal)[Symbol.asyncIterator]()
        const busy = records.watch('a', ending.signal)[Symbol.asyncIterator]()
        await waiting.next()
        await busy.next()
        const next = waiting.next()
        ending.abort()
        expect(await next).toEqual({ done: true, value: undefined })
        expect(await busy.next()).toEqual({ done: true, value: undefined })
        for await (const value of records.watch('a', ending.signal)) expect.unreachable(`gave ${value}`)
      })

      it('leaves no listener and no timer behind', async () => {
        const records = store.openRecords<Counter>('counter')
        for (let round = 0; round < 20; round += 1) {
          for await (const value of records.watch('a', ending.signal)) {
            expect(value).toBeUndefined()
            break
          }
        }
        expect(getEventListeners(ending.signal, 'abort')).toHaveLength(0)
        expect(clock.pendingTimers()).toBe(0)
        // Two readers that asked once and never come back.
        for (const id of ['a', 'b']) await records.watch(id, ending.signal)[Symbol.asyncIterator]().next()
        await clock.advance(10 * 1000)
        ending.abort()
        expect(clock.pendingTimers()).toBe(0)
      })
    })
  })
}

/** A manual clock that tells how many timers are set. */
function countingClock(): CountingClock {
  const clock = manualClock()
  const pending = new Set<() => void>()
  return {
    ...clock,
    pendingTimers: () => pending.size,
    after(milliseconds, task) {
      const cancel = clock.after(milliseconds, () => {
        pending.delete(cancelled)
        task()
      })
      const cancelled = () => {
        pending.delete(cancelled)
        cancel()
      }
      pending.add(cancelled)
      return cancelled
    },
  }
}
