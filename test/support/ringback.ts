// The whole thing, as `npm start` runs it, on free ports and in a directory of its own.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from '../../src/compose.ts'
import { type Config, parseConfig } from '../../src/config.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { systemClock } from '../../src/ports/clock.ts'
import type { Log } from '../../src/ports/log.ts'

export interface RunningRingback {
  config: Config
  issuer: string
  bankUrl: string
  carrierUrl: string
  dataDir: string
  /** Everything that was logged, as JSON. */
  logged: string[]
  /** Stops it and starts it again on the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
  /** Stops it and removes its data. */
  remove(): Promise<void>
}

export interface RingbackOptions {
  clock?: Clock
  /** Changes the configuration of config/dev.yaml before the start. */
  change?: (config: Config) => void
}

export async function startRingback({ clock = systemClock, change }: RingbackOptions = {}): Promise<RunningRingback> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ringback-'))
  const port = await freePorts(3)
  const text = await readFile(new URL('../../config/dev.yaml', import.meta.url), 'utf8')
  const config = parseConfig({ text, name: 'config/dev.yaml', env: { PORT: String(port), DATA_DIR: dataDir } })
  change?.(config)
  const logged: string[] = []
  const write = (level: string) => (details: Record<string, unknown>, message: string) => {
    logged.push(JSON.stringify({ level, ...details, err: details.err instanceof Error ? details.err.stack : details.err, message }))
  }
  const log: Log = { info: write('info'), warn: write('warn'), error: write('error') }
  let running = await startServer(config, { clock, log })
  return {
    config,
    issuer: config.issuer,
    bankUrl: config.demo.bank?.url ?? '',
    carrierUrl: config.voice.carrier.kind === 'simulator' ? config.voice.carrier.url : '',
    dataDir,
    logged,
    async restart() {
      await running.close()
      running = await startServer(config, { clock, log })
    },
    stop: () => running.close(),
    async remove() {
      await running.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The first of so many ports in a row that nobody listens on. */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const first = 20_000 + Math.floor(Math.random() * 30_000)
    const free = await Promise.all(Array.from({ length: count }, (_, offset) => isFree(first + offset)))
    if (free.every(Boolean)) return first
  }
  throw new Error('found no free ports')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}
