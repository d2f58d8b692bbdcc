// Ringback as a process of its own, started as a newcomer starts it: on free ports, with its data in a directory that goes with the test.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../support/ringback.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  output: string
  errors: string
}

export interface Process {
  issuer: string
  bankUrl: string
  carrierUrl: string
  dataDir: string
  port: number
  /** What it printed until it was ready. */
  started: string
  /** Sends a signal, and waits until it has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<Ended>
  /** Runs one of the commands beside it, on the same configuration and data. */
  command(args: string[], input?: string): Promise<Ended>
}

/** A place for data, where nothing is yet, and how to remove it. */
export async function dataDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ringback-process-'))
  return { path: join(folder, 'data'), remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Starts the server and waits until it is ready. `npm start`, or the same command without npm in front of it. */
export async function startProcess(options: { dataDir: string; port?: number; by?: 'npm' | 'node' }): Promise<Process> {
  const { dataDir, port = await freePorts(3), by = 'node' } = options
  // The many starts of the suite need not compile the same files again and again.
  const env = { ...process.env, PORT: String(port), DATA_DIR: dataDir, NODE_COMPILE_CACHE: join(dirname(dataDir), 'compiled') }
  const child = by === 'npm' ? spawn('npm', ['start'], { cwd: root, env }) : run(['serve'], env)
  const { whole, until } = listenTo(child)
  const started = await until((output) => output.includes('"msg":"ready"'))
  return {
    issuer: `http://localhost:${port}`,
    bankUrl: `http://localhost:${port + 1}`,
    carrierUrl: `http://localhost:${port + 2}`,
    dataDir,
    port,
    started,
    async end(signal) {
      child.kill(signal)
      return whole
    },
    async command(args, input = '') {
      const command = run(args, { ...env, RINGBACK_CONFIG: join(root, 'config', 'dev.yaml') })
      command.stdin?.end(input)
      return listenTo(command).whole
    },
  }
}

function run(args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [join(root, 'src', 'main.ts'), ...args], { cwd: root, env })
}

function listenTo(child: ChildProcess): { whole: Promise<Ended>; until(wanted: (output: string) => boolean): Promise<string> } {
  let output = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const whole = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, output, errors }))
  return {
    whole,
    async until(wanted) {
      while (!wanted(output)) {
        const ended = await Promise.race([whole, once(child.stdout ?? child, 'data').then(() => undefined)])
        if (ended !== undefined) throw new Error(`it ended before it was ready: ${ended.output}${ended.errors}`)
      }
      return output
    },
  }
}
