// Opening and closing an HTTP server of this process.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** Listens; the port that was given, or with 0 the one that was free. Throws an Error that says what to do when the port is taken. */
export async function listen(server: Server, { port, host, what }: { port: number; host: string; what: string }): Promise<number> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    const remedy = 'end what uses it, or move all ports (PORT=5000 npm start, or "port" in the configuration)'
    throw new Error(`port ${port} on ${host}, for ${what}, is taken: ${remedy}`, { cause: error })
  }
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** How to close this server: requests under way are answered, every other connection is closed. Node itself would wait for those that a browser
 *  opened ahead of need and never used. */
export function closerOf(server: Server): () => Promise<void> {
  const waiting = new Set<Socket>()
  let closing = false
  server.on('connection', (socket: Socket) => {
    waiting.add(socket)
    socket.once('close', () => waiting.delete(socket))
  })
  server.on('request', ({ socket }, response) => {
    waiting.delete(socket)
    response.once('close', () => {
      if (closing) socket.destroySoon()
      else if (!socket.destroyed) waiting.add(socket)
    })
  })
  return async () => {
    closing = true
    const closed = once(server, 'close')
    server.close()
    for (const socket of waiting) socket.destroy()
    await closed
  }
}
