// The standalone provider's own pages of the login and consent prompts.
import type { Provider } from 'oidc-provider'
import { interactionPath } from '../oidc/provider.ts'
import type { Accounts } from '../ports/accounts.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import { type InteractionResult, mountInteractionPages } from './interaction-pages.ts'
import type { PageFrames } from './page-frame.ts'
import type { SignInPage } from './page-models.ts'

export interface SignInDeps {
  provider: Provider
  accounts: Accounts
  frames: PageFrames
  audit: AuditLog
  clock: Clock
}

const gaveUp: InteractionResult = { error: 'access_denied', error_description: 'the End-User gave up' }

interface SignInProblem {
  problem: NonNullable<SignInPage['problem']>
  username: string
}

const problemStatus: Record<SignInProblem['problem'], number> = { wrong: 401, missing: 422, busy: 503 }

/** Account name and password. Who is unknown and who mistyped get the same answer, after the same time. */
export function mountSignIn({ provider, accounts, frames, audit, clock }: SignInDeps): void {
  mountInteractionPages<SignInProblem>({
    provider,
    frames,
    path: interactionPath.login ?? '',
    prompt: 'login',
    async act(_, { clientId }, form) {
      if (form.action === 'cancel') {
        audit.write({ type: 'sign-in.given-up', clientId })
        return { result: gaveUp }
      }
      const username = typeof form.username === 'string' ? form.username.trim() : ''
      const password = typeof form.password === 'string' ? form.password : ''
      if (username === '' || password === '') return { problem: { problem: 'missing', username } }
      const account = await accounts.authenticate(username, password)
      if (account === 'busy') {
        audit.write({ type: 'sign-in.busy', clientId })
        return { problem: { problem: 'busy', username } }
      }
      if (account === undefined) {
        audit.write({ type: 'password.wrong', clientId })
        return { problem: { problem: 'wrong', username } }
      }
      audit.write({ type: 'password.right', accountId: account.id, clientId })
      return { result: { login: { accountId: account.id, ts: Math.floor(clock.now() / 1000), amr: ['pwd'] } } }
    },
    async show(ctx, { client, here, interaction }, problem) {
      const hint = interaction.params.login_hint
      const username = problem?.username ?? (typeof hint === 'string' ? hint : undefined)
      frames.show(ctx, { page: 'sign-in', client, action: here, username, problem: problem?.problem }, problem ? problemStatus[problem.problem] : 200)
      if (problem?.problem === 'busy') ctx.set('Retry-After', '5')
    },
    finishedKind: (result) => (result.error === undefined ? 'signed-in' : 'cancelled'),
  })
}

/** What a client will be told, for clients that are not the operator's own. */
export function mountConsent({ provider, accounts, frames, audit }: SignInDeps): void {
  mountInteractionPages<never>({
    provider,
    frames,
    path: interactionPath.consent ?? '',
    prompt: 'consent',
    async act(_, { interaction, clientId }, form) {
      const accountId = interaction.session?.accountId
      if (form.action === 'cancel' || accountId === undefined) return { result: gaveUp }
      if (form.action !== 'allow') return undefined
      const known = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId)
      const grant = known ?? new provider.Grant({ accountId, clientId })
      const missing = missingConsent(interaction.prompt.details)
      if (missing.scopes.length > 0) grant.addOIDCScope(missing.scopes.join(' '))
      if (missing.claims.length > 0) grant.addOIDCClaims(missing.claims)
      for (const [resource, scopes] of Object.entries(missing.resources)) grant.addResourceScope(resource, scopes.join(' '))
      audit.write({ type: 'consent.given', accountId, clientId })
      return { result: { consent: { grantId: await grant.save() } } }
    },
    async show(ctx, { client, here, interaction }) {
      const missing = missingConsent(interaction.prompt.details)
      const asked = [...missing.scopes.filter((scope) => scope !== 'openid'), ...missing.claims, ...Object.values(missing.resources).flat()]
      const scopes = [{ name: 'openid' }, ...asked.map((name) => ({ name }))]
      const account = interaction.session && (await accounts.find(interaction.session.accountId))
      frames.show(ctx, { page: 'consent', client, action: here, username: account?.login, scopes })
    },
    finishedKind: (result) => (result.error === undefined ? 'consented' : 'cancelled'),
  })
}

interface MissingConsent {
  scopes: string[]
  claims: string[]
  resources: Record<string, string[]>
}

/** What oidc-provider's consent prompt says is not granted yet. */
function missingConsent(details: Record<string, unknown>): MissingConsent {
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = details as {
    missingOIDCScope?: string[]
    missingOIDCClaims?: string[]
    missingResourceScopes?: Record<string, string[]>
  }
  return { scopes: missingOIDCScope ?? [], claims: missingOIDCClaims ?? [], resources: missingResourceScopes ?? {} }
}
