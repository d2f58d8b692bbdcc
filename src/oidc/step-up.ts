// "Is a call needed?": the prompt and the checks that we add to an oidc-provider's interaction policy, and the one decision behind all of them.
import { errors, type Interaction, interactionPolicy, type KoaContextWithOIDC, type Provider, type Session } from 'oidc-provider'
import type { AccountFactor } from '../domain/account-factor.ts'
import { blockAt } from '../domain/guard.ts'
import { usablePhones } from '../domain/phone-binding.ts'
import { type Decision, decide, type KnownAcrs, type LevelRequest, type StepUpPolicy } from '../domain/policy.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Phones } from '../ports/phones.ts'

const { Check, Prompt } = interactionPolicy

/** The name of our prompt, and of the result that our pages finish an interaction with. */
export const phonePrompt = 'phone'

/** What our pages finish with. It only ever takes a chance away: what was confirmed is read from the store. */
export type PhoneResult = { done: true } | { unmet: true }

export interface StepUpDeps {
  accountFactor(accountId: string): Promise<AccountFactor>
  phones: Phones
  policyFor(clientId: string): StepUpPolicy
  known: KnownAcrs
  clock: Clock
  audit: AuditLog
}

/** The facts of one authorization request, whether it is being served or waits in a stored interaction. */
interface RequestFacts {
  params: Readonly<Record<string, unknown>>
  clientId: string
  accountId: string
  session: Pick<Session, 'uid' | 'acr' | 'amr' | 'loginTs'>
  result: Record<string, unknown> | undefined
  cid: string | undefined
}

export type StepUp = ReturnType<typeof stepUp>

export function stepUp(deps: StepUpDeps) {
  const { clock, known } = deps
  /** All checks of one request share one decision; a request lives as long as its context. */
  const decisions = new WeakMap<object, Promise<Decision>>()

  async function decideFacts(facts: RequestFacts): Promise<Decision> {
    const account = await deps.accountFactor(facts.accountId)
    const bound = await deps.phones.of(facts.accountId)
    const usable = usablePhones(bound)
    const now = clock.now()
    const givenUp = isObject(facts.result?.[phonePrompt]) && 'unmet' in facts.result[phonePrompt]
    const { session } = facts
    return decide({
      request: levelRequest(facts.params),
      policy: deps.policyFor(facts.clientId),
      known,
      shown: {
        password: session.loginTs === undefined ? undefined : { at: session.loginTs, amr: session.amr ?? ['pwd'] },
        passwordJustShown: facts.result?.login !== undefined,
        hostAcr: session.acr !== undefined && known.host.includes(session.acr) ? session.acr : undefined,
        // What a phone confirmed ends with its binding.
        confirmations: account.confirmations.filter(({ phone }) => usable.some(({ id }) => id === phone)),
        sessionUid: session.uid,
        cid: facts.cid,
      },
      clientId: facts.clientId,
      callPossible: !givenUp && usable.length > 0 && blockAt(account.block, now) === undefined,
      now,
    })
  }

  function decideRequest(ctx: KoaContextWithOIDC): Promise<Decision> {
    const { oidc } = ctx
    const made = decisions.get(oidc)
    if (made !== undefined) return made
    const { session, client, params } = oidc
    if (session?.accountId === undefined || client === undefined || params === undefined) return Promise.resolve({ need: 'password' })
    const decision = decideFacts({
      params,
      clientId: client.clientId,
      accountId: session.accountId,
      session,
      result: oidc.result,
      cid: oidc.entities.Interaction?.cid,
    })
    decisions.set(oidc, decision)
    return decision
  }

  /** Tokens take acr, amr and auth_time from here: shadows on this request's context, never stored with the session. */
  function issueAs(ctx: KoaContextWithOIDC, decision: Extract<Decision, { need: 'nothing' }>): void {
    Object.defineProperty(ctx.oidc, 'acr', { value: decision.acr, configurable: true })
    Object.defineProperty(ctx.oidc, 'amr', { value: decision.amr, configurable: true })
    Object.defineProperty(ctx.oidc.session, 'authTime', { value: () => decision.authTime, configurable: true })
  }

  async function checkPhone(ctx: KoaContextWithOIDC): Promise<boolean> {
    const { accountId } = ctx.oidc.session ?? {}
    if (accountId === undefined) return Check.NO_NEED_TO_PROMPT
    const decision = await decideRequest(ctx)
    const clientId = ctx.oidc.client?.clientId
    switch (decision.need) {
      case 'nothing':
        issueAs(ctx, decision)
        deps.audit.write({ type: 'acr.achieved', accountId, clientId, acr: decision.acr, amr: decision.amr.join(' ') })
        return Check.NO_NEED_TO_PROMPT
      case 'call':
        return Check.REQUEST_PROMPT
      case 'unmet': {
        // Somebody without a usable phone is told so on our page first; an acr that means nothing here is refused at once.
        const wasTold = ctx.oidc.result?.[phonePrompt] !== undefined || ctx.oidc.prompts.has('none')
        if (decision.why === 'out-of-reach' && !wasTold) return Check.REQUEST_PROMPT
        deps.audit.write({ type: 'acr.unmet', accountId, clientId, why: decision.why })
        throw new errors.UnmetAuthenticationRequirements(unmetDescription[decision.why])
      }
      case 'host':
        return Check.NO_NEED_TO_PROMPT
      case 'password':
      case 'host-login':
        // The login prompt, before ours, would have asked: a policy that lets this pass must not become a token.
        throw new errors.UnmetAuthenticationRequirements(unmetDescription['out-of-reach'])
    }
  }

  return {
    /**
     * A policy like `base` with our prompt between its login and its consent. The stock checks of acr and max_age know one time and one level per
     * session and let `acr_values` overwrite an essential claim: ours take their place. `base` is left as it was.
     */
    shapePolicy(base: readonly interactionPolicy.Prompt[]): interactionPolicy.DefaultPolicy {
      if (!base.some((prompt) => prompt.name === 'login'))
        throw new Error('phoneStepUp needs a prompt named "login" in interactions.policy: it asks for the password there')
      const shaped = interactionPolicy.base()
      shaped.clear()
      for (const prompt of base) shaped.add(prompt.name === 'login' ? shapeLogin(prompt) : prompt)
      const afterLogin = shaped.findIndex((prompt) => prompt.name === 'login') + 1
      shaped.add(new Prompt({ name: phonePrompt }, new Check('phone_call', 'a confirmation by telephone call is required', checkPhone)), afterLogin)
      return shaped
    },

    /** What a waiting interaction of ours still needs, judged now: a call in another tab may have settled it. */
    async decideInteraction(provider: Provider, interaction: Interaction): Promise<Decision> {
      const { session: stored, params } = interaction
      const session = stored === undefined ? undefined : await provider.Session.findByUid(stored.uid)
      if (session?.accountId === undefined || typeof params.client_id !== 'string') return { need: 'password' }
      const { accountId } = session
      return decideFacts({ params, clientId: params.client_id, accountId, session, result: interaction.lastSubmission, cid: interaction.cid })
    },
  }

  function shapeLogin(login: interactionPolicy.Prompt): interactionPolicy.Prompt {
    const replaced = new Set(['max_age', 'essential_acr', 'essential_acrs'])
    const kept = login.checks.filter((check) => !replaced.has(check.reason) && check.reason !== 'login_prompt')
    const stockMaxAge = login.checks.find((check) => check.reason === 'max_age')
    const needed = new Check('authentication_age', 'End-User authentication could not be obtained', 'login_required', async (ctx) => {
      if (ctx.oidc.session?.accountId === undefined) return Check.NO_NEED_TO_PROMPT
      const decision = await decideRequest(ctx)
      if (decision.need === 'host' && stockMaxAge !== undefined) return stockMaxAge.check(ctx)
      return decision.need === 'password' || decision.need === 'host-login'
    })
    return new Prompt({ name: login.name, requestable: login.requestable }, login.details, ...kept, needed)
  }
}

const unmetDescription = {
  'unknown-acr': 'none of the requested acr values is known here',
  'nothing-in-common': 'acr_values and the essential acr claim have no value in common',
  'out-of-reach': 'none of the requested acr values could be reached',
}

/** Reads both ways of asking for a level from the stored parameters. Throws InvalidRequest for a claim of the wrong shape. */
function levelRequest(params: Readonly<Record<string, unknown>>): LevelRequest {
  const acrValues = typeof params.acr_values === 'string' ? params.acr_values.split(' ').filter(Boolean) : undefined
  const maxAge = params.max_age === undefined ? undefined : Number(params.max_age)
  const renew = typeof params.prompt === 'string' && params.prompt.split(' ').includes('login')
  return { acrValues: acrValues?.length ? acrValues : undefined, essential: essentialAcr(params.claims), maxAge, renew }
}

function essentialAcr(claims: unknown): string[] | undefined {
  const parsed: unknown = typeof claims === 'string' ? JSON.parse(claims) : undefined
  const idToken = isObject(parsed) ? parsed.id_token : undefined
  const acr = isObject(idToken) ? idToken.acr : undefined
  if (!isObject(acr) || acr.essential !== true) return undefined
  const asked = acr.values ?? (acr.value === undefined ? undefined : [acr.value])
  if (asked === undefined) return undefined
  if (!Array.isArray(asked) || !asked.every((value) => typeof value === 'string')) {
    throw new errors.InvalidRequest('invalid claims.id_token.acr: "value" is a string, "values" an array of strings')
  }
  return asked
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
