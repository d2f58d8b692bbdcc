// Starts a child process on one of the scripts beside this file and listens to its lines.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface Child {
  process: ChildProcess
  /** The next line it says. Throws what it complained of when it ends without saying one. */
  line(): Promise<string>
  kill(signal: NodeJS.Signals): Promise<void>
}

export function startChild(script: string, ...words: string[]): Child {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [file, ...words], { stdio: ['pipe', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const exited = once(child, 'close')
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    process: child,
    async line() {
      const { done, value } = await lines.next()
      if (done) {
        await exited
        throw new Error(`${script} ${words[0]} ended without a word: ${complaints}`)
      }
      return value
    },
    async kill(signal) {
      child.kill(signal)
      await exited
    },
  }
}
