// A process that starts with made-up secrets and prints the names of its keys.
import { loadSecrets } from '../../src/secrets.ts'

const [file = ''] = process.argv.slice(2)
const { codeKeys, jwks } = await loadSecrets({
  issuer: 'http://localhost:4000',
  secrets: { file, madeUp: true },
  voice: { carrier: { kind: 'simulator', port: 4002, url: 'http://localhost:4002' } },
})
process.stdout.write([...codeKeys.map(({ id }) => id), ...jwks.keys.map(({ kid }) => kid)].join(' '))
