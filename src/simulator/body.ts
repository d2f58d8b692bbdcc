// Request bodies: read whole, but never much.
import type { IncomingMessage } from 'node:http'

/** Why a request is refused before anything is done. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const most = 64 * 1024

/** The body as text. Throws BadRequest 413 above 64 KiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > most) throw new BadRequest(413, 'the body is larger than 64 KiB: send less')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The body as a form. Throws BadRequest 415 for anything that says it is something else. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type'] ?? 'application/x-www-form-urlencoded'
  const body = await readBody(request)
  if (body !== '' && !type.startsWith('application/x-www-form-urlencoded')) {
    throw new BadRequest(415, `send a form (application/x-www-form-urlencoded), not ${type.split(';')[0]}`)
  }
  return new URLSearchParams(body)
}

/** The body as JSON, whatever type it says it has: whoever tries this by hand forgets the header. Throws BadRequest 400. */
export async function readJson(request: IncomingMessage, example: string): Promise<unknown> {
  const body = await readBody(request)
  try {
    return JSON.parse(body)
  } catch {
    throw new BadRequest(400, `the body is not JSON: send something like ${example}`)
  }
}
