// oidc-provider's sessions: the document stands under the session's `uid`, which never changes, and the ids in cookies only point there. So an id that
// was rotated away can stay good for a moment (two tabs), and logging out ends every id at once.
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider'
import type { ArtifactStore } from '../ports/artifacts.ts'
import type { Clock } from '../ports/clock.ts'

/** How long a rotated id still finds its session: as long as another tab's request may be under way. */
const rotatedSeconds = 30
/** How long an ended session is remembered as such: longer than any request takes. */
const endedSeconds = 24 * 60 * 60
/** The library judges expiry itself. */
const slackSeconds = 60

/** Where an id leads: to a session, since when; for a moment longer, after it was rotated away; or for good nowhere. */
type Pointer = { uid: string; since: number } | { uid: string; rotated: true } | { cutOff: true }

/** The part of the adapter that sessions need. */
export function sessionDocuments(options: { store: ArtifactStore; clock: Clock }): Pick<Adapter, 'find' | 'findByUid' | 'upsert' | 'destroy'> {
  const { store, clock } = options
  const documentKey = (uid: string) => `session:${uid}`
  const pointerKey = (id: string) => `session-id:${id}`
  const endedKey = (uid: string) => `session-ended:${uid}`
  /** What each request under way has read, to tell what it changed. */
  const read = new WeakMap<object, AdapterPayload>()

  async function get<T>(key: string): Promise<T | undefined> {
    return parsed<T>(await store.get(key))
  }

  /** Atomic, by trying again; without a next value everything stays. */
  async function update<T>(key: string, change: (current: T | undefined) => { value: T; ttl: number } | undefined): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const text = await store.get(key)
      const next = change(parsed<T>(text))
      if (next === undefined) return
      const nextText = JSON.stringify({ value: next.value })
      if (await (text === undefined ? store.addIfAbsent(key, nextText, next.ttl) : store.replace(key, text, nextText, next.ttl))) return
    }
    throw new Error('a session is being written by too many requests at once: try again')
  }

  return {
    async find(id) {
      const pointer = await get<Pointer>(pointerKey(id))
      if (pointer === undefined || 'cutOff' in pointer) return undefined
      const session = await get<AdapterPayload>(documentKey(pointer.uid))
      const request = Provider.ctx
      if (request !== undefined && session !== undefined && !read.has(request)) read.set(request, structuredClone(session))
      return session
    },

    findByUid: (uid) => get<AdapterPayload>(documentKey(uid)),

    async upsert(id, payload, expiresIn = endedSeconds) {
      const { uid } = payload
      if (uid === undefined) throw new TypeError('a session has no uid: this version of oidc-provider is not supported')
      if ((await get(endedKey(uid))) !== undefined) return
      const ttl = (expiresIn + slackSeconds) * 1000
      let isCutOff = false
      // The pointer first: one that leads nowhere is harmless, a session that no id leads to is a person signed out. A rotated id that is saved again
      // belongs to a request that had begun before the rotation, and its cookie may be the one that the browser keeps.
      await update<Pointer>(pointerKey(id), (current) => {
        isCutOff = current !== undefined && 'cutOff' in current
        const isFresh = current !== undefined && 'since' in current && clock.now() - current.since < ttl / 10
        // Every request saves its session: a tenth longer than that, the pointer need not be written each time.
        return isCutOff || isFresh ? undefined : { value: { uid, since: clock.now() }, ttl: ttl * 1.1 }
      })
      if (isCutOff) return
      const base = Provider.ctx === undefined ? undefined : read.get(Provider.ctx)
      await update<AdapterPayload>(documentKey(uid), (current) => {
        return { value: current === undefined || base?.uid !== uid ? payload : merged(base, current, payload), ttl }
      })
      // A request that was under way while the person logged out must not bring the session back.
      if ((await get(endedKey(uid))) !== undefined) await store.delete(documentKey(uid))
    },

    async destroy(id) {
      const pointer = await get<Pointer>(pointerKey(id))
      if (pointer === undefined || 'cutOff' in pointer) return
      const document = documentKey(pointer.uid)
      const rotating = sessionRotatedFrom(id)
      if (rotating === undefined) {
        await store.set(endedKey(pointer.uid), JSON.stringify({ value: true }), endedSeconds * 1000)
        await store.delete(document)
        await store.delete(pointerKey(id))
        return
      }
      // An id from before the sign-in may have been planted by somebody else (session fixation): it ends at once.
      const isSameAccount = (await get<AdapterPayload>(document))?.accountId === rotating.accountId
      await update<Pointer>(pointerKey(id), (current) => {
        if (current === undefined || 'cutOff' in current || ('rotated' in current && isSameAccount)) return undefined
        if (!isSameAccount) return { value: { cutOff: true }, ttl: endedSeconds * 1000 }
        return { value: { uid: current.uid, rotated: true }, ttl: rotatedSeconds * 1000 }
      })
    },
  }
}

/** The session of the current request, if the library is giving it a new id: only then does `destroy` not mean the end (Session.save of oidc-provider). */
function sessionRotatedFrom(id: string): { accountId?: string } | undefined {
  const session: { id?: string; oldId?: string; accountId?: string } | undefined = Provider.ctx?.oidc.session
  return session !== undefined && session.oldId === id && session.id !== id ? session : undefined
}

/** Who is signed in and how: taken from one writer as a whole. */
const signInFields = ['accountId', 'loginTs', 'amr', 'acr', 'transient'] as const satisfies (keyof AdapterPayload)[]

/**
 * What two requests at once make of a session: each one's changes against what it had read, the later writer winning where both changed the same.
 * Without this, a tab that was only loading would undo the sign-in that another just finished.
 */
function merged(base: AdapterPayload, current: AdapterPayload, mine: AdapterPayload): AdapterPayload {
  const changed = combined(base, current, mine)
  const signIn = isSame(picked(mine, signInFields), picked(base, signInFields)) ? current : mine
  return {
    ...changed,
    ...Object.fromEntries(signInFields.map((field) => [field, signIn[field]])),
    authorizations: combined(base.authorizations ?? {}, current.authorizations ?? {}, mine.authorizations ?? {}),
  }
}

/** Field by field: theirs where I changed nothing, otherwise mine. */
function combined(base: object, current: object, mine: object) {
  const [before, theirs, ours] = [new Map(Object.entries(base)), new Map(Object.entries(current)), new Map(Object.entries(mine))]
  const fields = new Set([...before.keys(), ...theirs.keys(), ...ours.keys()])
  const taken = [...fields].map((field) => [field, (isSame(ours.get(field), before.get(field)) ? theirs : ours).get(field)] as const)
  return Object.fromEntries(taken.filter(([, value]) => value !== undefined))
}

function picked(payload: AdapterPayload, fields: readonly (keyof AdapterPayload)[]): unknown {
  return fields.map((field) => payload[field] ?? null)
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function parsed<T>(text: string | undefined): T | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as { value: T }).value
}
