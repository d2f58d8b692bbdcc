// Makes sure that the real parts of the suite are there: Chromium, from the distribution's packages.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromiumPath } from './chromium.ts'

export function setup(): void {
  if (existsSync(chromiumPath)) return
  const command = 'apt-get update && apt-get install -y --no-install-recommends chromium fonts-noto-cjk'
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `the browser tests need Chromium at ${chromiumPath}: install it with "sudo sh -c '${command}'", or set CHROMIUM to where yours is`,
    )
  }
  execFileSync('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
}
