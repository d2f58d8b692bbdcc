#!/usr/bin/env node
// The process: arguments, environment and file become a configuration; start; drain on SIGTERM.
import { Command } from 'commander'
import { pino } from 'pino'
import { accountCommands } from './command-line.ts'
import { openAdministration, startServer } from './compose.ts'
import { ConfigError, loadConfig } from './config.ts'
import { systemClock } from './ports/clock.ts'
import { loadSecrets, makeSecretsFile } from './secrets.ts'

const drainMilliseconds = 9000
const clock = systemClock

const program = new Command('ringback')
  .description('OpenID Connect provider whose step-up factor is a telephone call')
  .option('-c, --config <file>', 'configuration file (or RINGBACK_CONFIG)', process.env.RINGBACK_CONFIG ?? 'config/dev.yaml')

program.command('serve').description('start the provider').action(serve)
program.command('check-config').description('say what is wrong with the configuration, or that nothing is').action(checkConfig)
program
  .command('make-secrets')
  .argument('<file>', 'where to put them; a file that is there is left as it is')
  .description('make a file of new secrets for production: keys for cookies, codes, telephone numbers and tokens')
  .action(makeSecrets)
accountCommands(program, () => openAdministration(readConfig(), { clock, log: logger('warn') }))

try {
  await program.parseAsync()
} catch (error) {
  // The whole story is for the log of a bug; here what happened and what to do is enough.
  process.stderr.write(`${error instanceof ConfigError || !(error instanceof Error) ? error : `ringback: ${error.message}`}\n`)
  process.exit(1)
}

async function serve(): Promise<void> {
  const config = readConfig()
  const log = logger(config.log.level)
  const running = await startServer(config, { clock, log })
  process.stdout.write(`\n${running.opened.map(({ name, url, what }) => `  ${name.padEnd(9)} ${url}\n            ${what}\n`).join('')}\n`)
  log.info({ issuer: config.issuer }, 'ready')

  let stopping = false
  const stop = (signal: string) => {
    // A second signal means: now.
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => {
      log.warn({}, 'requests were still under way and are cut off')
      process.exit(0)
    }, drainMilliseconds).unref()
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'could not stop cleanly')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

async function checkConfig(): Promise<void> {
  const config = readConfig()
  // Made-up ones are made on the first start.
  if (!config.secrets.madeUp) await loadSecrets(config)
  process.stdout.write(
    `the configuration is in order: issuer ${config.issuer}, ${config.clients.length} client(s), calls by ${config.voice.carrier.kind}\n`,
  )
}

async function makeSecrets(file: string): Promise<void> {
  if (!(await makeSecretsFile(file))) throw new Error(`there is a file ${file} already, and it was left as it is: name another one, or move it away`)
  process.stdout.write(`new secrets are in ${file}, readable by this user only: name it as secrets.file, and keep a copy in a safe place\n`)
}

function readConfig() {
  return loadConfig({ path: program.opts<{ config: string }>().config, env: process.env })
}

/** One JSON object a line. What looks like a telephone number is shortened, and fields that could hold a secret are left out, whoever logs them. */
function logger(level: string) {
  return pino({
    level,
    redact: [
      'code',
      'digits',
      'Digits',
      'password',
      'phone_number',
      'authorization',
      'cookie',
      '*.code',
      '*.Digits',
      '*.password',
      '*.authorization',
      '*.cookie',
    ],
    // On the finished line, so that nothing gets past it: not a message, not a stack, not a field of somebody else's.
    hooks: { streamWrite: (line) => line.replaceAll(/(\+|%2B)\d{5,13}(\d{2})/gi, '••••$2') },
  })
}
