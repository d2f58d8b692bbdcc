// The claims of an ID token for people: what each says, in words, next to what stands in the token.

export interface ReadableClaim {
  name: string
  /** As it stands in the token; an array as its members with spaces between. */
  value: string
  /** For points in time: when that is, for people and for programs. */
  time?: { human: string; iso: string }
  meaning: string
}

const shown = ['acr', 'amr', 'auth_time', 'sub', 'iss', 'aud', 'iat', 'exp'] as const
type ShownClaim = (typeof shown)[number]

const meanings: Record<ShownClaim, string> = {
  acr: 'The authentication level the sign-in reached.',
  amr: 'The methods that were used to get there.',
  auth_time: 'When you last proved who you are.',
  sub: 'Your account at the sign-in service. It never changes, and says nothing else about you.',
  iss: 'The sign-in service that vouches for all of this.',
  aud: 'Whom it is meant for: us, under our client id.',
  iat: 'When the token was made.',
  exp: 'Until when the token may be accepted.',
}

const levels: Record<string, string> = {
  'urn:ringback:acr:phone': 'The level reached: password and a telephone call.',
  'urn:ringback:acr:password': 'The level reached: password only.',
}

const methods: Record<string, string> = { pwd: 'a password', tel: 'a telephone call' }
const qualities: Record<string, string> = { mfa: 'more than one factor', mca: 'more than one channel' }

/** The claims that are there, in a fixed order. `now` is in milliseconds since 1970. */
export function readableClaims(claims: Readonly<Record<string, unknown>>, now: number): ReadableClaim[] {
  return shown.flatMap((name) => {
    const raw = claims[name]
    if (raw === undefined) return []
    const value = Array.isArray(raw) ? raw.join(' ') : String(raw)
    const time = name === 'auth_time' || name === 'iat' || name === 'exp' ? readableTime(raw, now) : undefined
    return [{ name, value, time, meaning: meaningOf(name, raw) }]
  })
}

function meaningOf(name: ShownClaim, raw: unknown): string {
  if (name === 'acr' && typeof raw === 'string') return levels[raw] ?? meanings.acr
  if (name === 'amr' && Array.isArray(raw)) {
    const words = (of: Record<string, string>): string =>
      conjunction.format(raw.flatMap((method) => (typeof method === 'string' ? (of[method] ?? []) : [])))
    const [used, so] = [words(methods), words(qualities)]
    if (used === '') return meanings.amr
    return so === '' ? `Used: ${used}.` : `Used: ${used}; that is ${so}.`
  }
  return meanings[name]
}

const moment = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZone: 'UTC',
})
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const conjunction = new Intl.ListFormat('en')

function readableTime(raw: unknown, now: number): ReadableClaim['time'] {
  if (typeof raw !== 'number' || !Number.isFinite(raw)) return undefined
  const date = new Date(raw * 1000)
  if (Number.isNaN(date.getTime())) return undefined
  const seconds = Math.round(raw - now / 1000)
  const distance =
    Math.abs(seconds) < 90
      ? relative.format(seconds, 'second')
      : Math.abs(seconds) < 5400
        ? relative.format(Math.round(seconds / 60), 'minute')
        : relative.format(Math.round(seconds / 3600), 'hour')
  return { human: `${moment.format(date)} UTC (${distance})`, iso: date.toISOString() }
}
