// Somebody else's program: an oidc-provider of their own, mounted in their own koa application, with the packed `ringback` beside it.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import Koa from 'koa'
import mount from 'koa-mount'
import Provider, { interactionPolicy } from 'oidc-provider'
import { memoryAuditLog, memoryRecords, phoneStepUp, startSimulator, systemClock, twilioGateway } from 'ringback'

const keys = ['a key of the host']
const app = new Koa()
app.keys = keys
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const origin = `http://127.0.0.1:${server.address().port}`
const issuer = `${origin}/oidc`
const accountSid = `AC${randomBytes(16).toString('hex')}`
const authToken = randomBytes(16).toString('hex')
const simulator = await startSimulator({ port: 0, accountSid, authToken, issuer })

const stepUp = phoneStepUp({
  gateway: twilioGateway({ accountSid, authToken, from: '+12025550100', publicUrl: `${issuer}/voice`, baseUrl: simulator.url }),
  openRecords: memoryRecords({ clock: systemClock }),
  phones: { of: async (id) => (id === 'alice' ? [{ id: 'p1', number: '+12025550143' }] : []) },
  codeKeys: [{ id: 'k1', secret: randomBytes(32) }],
  audit: memoryAuditLog(),
  brand: 'Host',
})

// The host's own prompt, beside ours.
const policy = interactionPolicy.base()
policy.add(
  new interactionPolicy.Prompt(
    { name: 'terms' },
    new interactionPolicy.Check(
      'terms_unseen',
      'the terms were not seen',
      'interaction_required',
      (ctx) => ctx.oidc.result?.terms === undefined && ctx.oidc.params.scope.includes('profile'),
    ),
  ),
  1,
)

const provider = new Provider(
  issuer,
  stepUp.configure({
    clients: [{ client_id: 'app', client_secret: 'secret-of-the-app', redirect_uris: ['http://127.0.0.1:4100/cb'] }],
    cookies: { keys },
    acrValues: ['urn:host:acr:badge'],
    claims: { openid: ['sub', 'department'], profile: ['name'] },
    extraTokenClaims: () => ({ tenant: 'acme' }),
    features: { devInteractions: { enabled: false }, introspection: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, department: 'money', name: 'Alice' }) }),
    interactions: { policy, url: (_, interaction) => `/oidc/my-own/${interaction.prompt.name}/${interaction.uid}` },
  }),
)

provider.use(async (ctx, next) => {
  const [, prompt, uid] = /^\/my-own\/(\w+)\/([\w-]+)$/.exec(ctx.path) ?? []
  if (uid === undefined) return next()
  const interaction = await provider.interactionDetails(ctx.req, ctx.res)
  if (prompt === 'login') {
    // The host's own acr is given by its own badge reader, whenever the request asks for it.
    const badge = JSON.stringify(interaction.params).includes('urn:host:acr:badge')
    const login = {
      accountId: ctx.query.as ?? 'alice',
      ts: Math.floor(Date.now() / 1000),
      ...(badge ? { acr: 'urn:host:acr:badge', amr: ['hwk'] } : {}),
    }
    return provider.interactionFinished(ctx.req, ctx.res, { login })
  }
  if (prompt === 'terms') return provider.interactionFinished(ctx.req, ctx.res, { terms: { seen: true } })
  const grant = new provider.Grant({ accountId: interaction.session.accountId, clientId: interaction.params.client_id })
  grant.addOIDCScope('openid profile')
  grant.addOIDCClaims(interaction.prompt.details.missingOIDCClaims ?? [])
  return provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } })
})
await stepUp.mount(provider)
app.use(mount('/oidc', provider))
server.on('request', app.callback())
process.stdout.write(`${JSON.stringify({ issuer, carrierUrl: simulator.url })}\n`)
