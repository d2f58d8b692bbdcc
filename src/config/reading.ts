// Reads single options out of a file that may be wrong elsewhere, and what follows from the port: the rest of the development set-up.
import type { Path } from './problems.ts'
import { defaultPort } from './schema.ts'

/** What stands at a path, whatever it is. */
export function valueAt(options: unknown, path: Path): unknown {
  let here = options
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = Reflect.get(here, key)
  }
  return here
}

/** Whether an option is there and switches something on. */
export function isFilled(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  return Array.isArray(value) ? value.length > 0 : true
}

/** The issuer, if it is not given. */
export function defaultIssuer(port: number): string {
  return `http://localhost:${port}`
}

/** Where the bank is and what it is registered as, all from one port. */
export function bankAt(port: number) {
  const url = `http://localhost:${port}`
  return { url, redirectUri: `${url}/callback`, postLogoutRedirectUri: `${url}/`, resource: `${url}/api` }
}

export const bankPortAfter = (port: number) => port + 1
export const simulatorPortAfter = (port: number) => port + 2

/** The demo bank's names in a file, as far as they can be read. */
export function demoBank(options: unknown): { clientId: string; resource: string } {
  const clientId = valueAt(options, ['demo', 'bank', 'clientId'])
  const port = numberAt(options, ['demo', 'bank', 'port']) ?? bankPortAfter(numberAt(options, ['port']) ?? defaultPort)
  return { clientId: typeof clientId === 'string' ? clientId : 'demo-bank', resource: bankAt(port).resource }
}

/** Every port that is listened on, and where in the file it is said. */
export function portsOf(options: unknown): { at: Path; name: string; port: number; derived: boolean }[] {
  const port = numberAt(options, ['port']) ?? defaultPort
  const of = (name: string, path: Path, otherwise: number) => {
    if (valueAt(options, path.slice(0, -1)) === undefined) return []
    const given = numberAt(options, path)
    return [{ name, port: given ?? otherwise, at: given === undefined ? ['port'] : path, derived: given === undefined }]
  }
  return [
    { at: ['port'], name: 'provider', port, derived: false },
    ...of('demo bank', ['demo', 'bank', 'port'], bankPortAfter(port)),
    ...of('simulator', ['voice', 'simulator', 'port'], simulatorPortAfter(port)),
  ]
}

function numberAt(options: unknown, path: Path): number | undefined {
  const value = valueAt(options, path)
  return typeof value === 'number' ? value : undefined
}
