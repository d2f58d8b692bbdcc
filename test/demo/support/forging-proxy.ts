// Somebody between the bank and its provider, who writes himself into the ID token but cannot sign it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

export async function forgingProxy(target: string): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const { authorization = '', 'content-type': type = '' } = request.headers
    const body = request.method === 'POST' ? await text(request) : undefined
    const answer = await fetch(`${target}${request.url}`, { method: request.method, headers: { authorization, 'content-type': type }, body })
    const json = (await answer.json()) as Record<string, unknown>
    if (typeof json.id_token === 'string') json.id_token = forged(json.id_token)
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function forged(token: string): string {
  const [header, payload = '', signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  return [header, Buffer.from(JSON.stringify({ ...claims, sub: 'mallory' })).toString('base64url'), signature].join('.')
}
