// What every store of oidc-provider's artifacts must keep to. Each store's own test calls this.
import { Keyv } from 'keyv'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ArtifactStore } from '../../src/ports/artifacts.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

export interface ArtifactsUnderTest {
  store: ArtifactStore
  /** The same store as another process or node sees it. */
  elsewhere: ArtifactStore
  close(): Promise<void> | void
}

export function describeArtifacts(name: string, open: (clock: ManualClock) => Promise<ArtifactsUnderTest> | ArtifactsUnderTest): void {
  describe(`${name}: artifacts`, () => {
    let clock: ManualClock
    let under: ArtifactsUnderTest
    let store: ArtifactStore

    beforeEach(async () => {
      clock = manualClock()
      under = await open(clock)
      store = under.store
    })
    afterEach(() => under.close())

    const both = () => [store, under.elsewhere] as const
    /** Runs 100 of a step at once, half of them elsewhere, and tells how many were told true. */
    const winners = async (step: (store: ArtifactStore, index: number) => Promise<boolean>) => {
      const results = await Promise.all(Array.from({ length: 100 }, (_, index) => step(both()[index % 2 === 0 ? 0 : 1], index)))
      return results.filter(Boolean).length
    }

    it('gives what was set, everywhere, until it is deleted', async () => {
      expect(await store.get('a')).toBeUndefined()
      await store.set('a', 'one')
      await store.set('a', 'two')
      await store.set('b', '{"__proto__":"ключ 🔑\\u0000"}')
      expect(await under.elsewhere.get('a')).toBe('two')
      expect(await store.getMany(['b', 'none', 'a'])).toEqual(['{"__proto__":"ключ 🔑\\u0000"}', undefined, 'two'])
      expect(await store.delete('a')).toBe(true)
      expect(await store.delete('a')).toBe(false)
      expect(await under.elsewhere.get('a')).toBeUndefined()
      expect(await store.get('b')).toBeDefined()
    })

    it('forgets after the time to live, to the millisecond, and never without one', async () => {
      await store.set('short', 'x', 1000)
      await store.set('long', 'x')
      await store.set('renewed', 'x', 1000)
      await store.set('made permanent', 'x', 1000)
      await store.set('made permanent', 'x')
      await clock.advance(999)
      await store.set('renewed', 'x', 1000)
      expect(await store.get('short')).toBe('x')
      await clock.advance(1)
      expect(await store.getMany(['short', 'long', 'renewed', 'made permanent'])).toEqual([undefined, 'x', 'x', 'x'])
      expect(await store.delete('short')).toBe(false)
    })

    it('clears everything', async () => {
      await store.set('a', 'x')
      await store.addToIndex('index', 'b')
      await store.clear()
      await store.set('b', 'x')
      await store.deleteIndexed('index')
      expect(await store.getMany(['a', 'b'])).toEqual([undefined, 'x'])
    })

    it('adds once: of 100 at once one is told true, and its value stays', async () => {
      expect(await winners((at, index) => at.addIfAbsent('once', `${index}`))).toBe(1)
      const value = await store.get('once')
      expect(await store.addIfAbsent('once', 'late')).toBe(false)
      expect(await store.get('once')).toBe(value)
    })

    it('adds again what was deleted or has run out', async () => {
      expect(await store.addIfAbsent('once', 'first', 1000)).toBe(true)
      await clock.advance(999)
      expect(await store.addIfAbsent('once', 'early')).toBe(false)
      await clock.advance(1)
      expect(await store.addIfAbsent('once', 'second', 1000)).toBe(true)
      expect(await store.get('once')).toBe('second')
      await store.delete('once')
      expect(await store.addIfAbsent('once', 'third')).toBe(true)
    })

    it('replaces exactly what was expected: of 100 at once one is told true', async () => {
      await store.set('a', 'before')
      expect(await winners((at, index) => at.replace('a', 'before', `after ${index}`))).toBe(1)
      expect(await store.get('a')).toMatch(/^after \d+$/)
      expect(await store.replace('a', 'before', 'late')).toBe(false)
      expect(await store.replace('none', 'before', 'x')).toBe(false)
      expect(await store.get('none')).toBeUndefined()
    })

    it('replaces nothing that has run out, and gives what it puts a time to live of its own', async () => {
      await store.set('a', 'x', 1000)
      expect(await store.replace('a', 'x', 'y', 5000)).toBe(true)
      await clock.advance(4999)
      expect(await store.get('a')).toBe('y')
      await clock.advance(1)
      expect(await store.replace('a', 'y', 'z')).toBe(false)
    })

    it('deletes what an index names and nothing else, also what came to be after it was noted', async () => {
      for (const key of ['a', 'b', 'late', 'other']) await store.addToIndex(key === 'other' ? 'another' : 'index', key, 1000)
      await store.addToIndex('index', 'a', 1000)
      for (const key of ['a', 'b', 'late', 'other', 'unnoted']) await under.elsewhere.set(key, 'x')
      await store.deleteIndexed('index')
      expect(await store.getMany(['a', 'b', 'late', 'other', 'unnoted'])).toEqual([undefined, undefined, undefined, 'x', 'x'])
      await store.set('a', 'again')
      await store.deleteIndexed('index')
      expect(await store.get('a')).toBe('again')
      await store.deleteIndexed('never heard of')
    })

    it('serves Keyv, which needs neither prefixes nor namespaces on it', async () => {
      const keyv = new Keyv({ store, throwOnErrors: true, useKeyPrefix: false })
      await keyv.set('a', { text: 'é', list: [1] })
      expect(await keyv.get('a')).toEqual({ text: 'é', list: [1] })
      expect(await keyv.getMany(['a', 'none'])).toEqual([{ text: 'é', list: [1] }, undefined])
      expect(await under.elsewhere.get('a')).toContain('"é"')
      expect(await keyv.delete('a')).toBe(true)
      expect(await keyv.get('a')).toBeUndefined()
    })
  })
}
