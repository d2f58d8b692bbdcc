// A directory for one test's files, removed when it is over.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** To be called inside a test, or inside a hook that runs before each. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'ringback-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
