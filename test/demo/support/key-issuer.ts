// An issuer that only publishes its keys, and a mint for access tokens of any shape: for the faults no honest provider would produce.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export interface KeyIssuer {
  issuer: string
  /** Where it really listens. */
  address: string
  /** Signs an access token; `header` and `claims` are laid over those of a good one, `undefined` removes. */
  mint(claims?: Record<string, unknown>, header?: Record<string, unknown>, by?: 'issuer' | 'stranger'): Promise<string>
  /** Answers every request with this status instead. */
  failWith(status: number | undefined): void
  close(): Promise<void>
}

/** `goodClaims` are those of a token that the API takes. With `issuer` it names itself otherwise than it is reached. */
export async function keyIssuer(goodClaims: () => Record<string, unknown>, issuer?: string): Promise<KeyIssuer> {
  const own = await generateKeyPair('ES256')
  const stranger = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  let failing: number | undefined
  const server = createServer((request, response) => {
    const here = `http://${request.headers.host}`
    const answer = request.url?.startsWith('/.well-known/')
      ? { issuer: it.issuer, authorization_endpoint: `${here}/auth`, token_endpoint: `${here}/token`, jwks_uri: `${here}/jwks` }
      : request.url === '/jwks'
        ? { keys: [jwk] }
        : undefined
    const status = failing ?? (answer === undefined ? 404 : 200)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(status === 200 ? answer : {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = (server.address() as { port: number }).port
  const it: KeyIssuer = {
    issuer: issuer ?? `http://localhost:${port}`,
    address: `http://127.0.0.1:${port}`,
    async mint(claims = {}, header = {}, by = 'issuer') {
      const payload = without({ ...goodClaims(), iss: it.issuer, ...claims })
      const protectedHeader = { alg: 'ES256', kid: 'k1', typ: 'at+jwt', ...header }
      return await new SignJWT(payload).setProtectedHeader(protectedHeader).sign(by === 'issuer' ? own.privateKey : stranger.privateKey)
    },
    failWith(status) {
      failing = status
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return it
}

function without(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}
