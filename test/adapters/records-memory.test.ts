import { expect, it } from 'vitest'
import { memoryRecords } from '../../src/adapters/records/memory.ts'
import { describeRecords } from '../contract/describe-records.ts'
import { manualClock } from '../support/manual-clock.ts'

describeRecords('memory', (clock) => {
  const openRecords = memoryRecords({ clock })
  return { openRecords, openElsewhere: openRecords, close() {} }
})

it('keeps what is written to one store out of another', async () => {
  const clock = manualClock()
  await memoryRecords({ clock })<string>('word').update('a', () => ({ next: { value: 'here', expiresAt: Infinity }, result: undefined }))
  expect(await memoryRecords({ clock })<string>('word').find('a')).toBeUndefined()
})
