// A browser without a screen: follows redirects and meta refreshes, keeps cookies, fills in forms, runs no script.
import { load } from 'cheerio'
import { CookieJar } from 'tough-cookie'

export interface Visited {
  url: string
  status: number
  headers: Headers
  body: string
  /** The page's own parsed mark-up. */
  $: ReturnType<typeof load>
}

export interface CookieBrowser {
  jar: CookieJar
  /** Loads a page; follows redirects and immediate refreshes, but never leaves for an address that starts with one of `stopAt`: that URL is returned unloaded. */
  open(url: string): Promise<Visited>
  /** Sends the page's form (the first one that has a button or field of this name and value) with these fields filled in. */
  submit(page: Visited, fields: Record<string, string>, options?: { headers?: Record<string, string> }): Promise<Visited>
  /** One raw request with this browser's cookies; follows nothing. */
  request(url: string, init?: RequestInit): Promise<Response>
}

/**
 * `stopAt`: address prefixes (a client's callback) that are not loaded but returned. `reach` says where an address is really found, for a provider
 * whose public address leads elsewhere: cookies and links keep to the address.
 */
export function cookieBrowser(stopAt: string[], { reach = (url) => url }: { reach?: (url: string) => string } = {}): CookieBrowser {
  const jar = new CookieJar(undefined, { allowSpecialUseDomain: true, rejectPublicSuffixes: false })

  async function request(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    const cookies = await jar.getCookieString(url)
    if (cookies !== '') headers.set('cookie', cookies)
    const response = await fetch(reach(url), { ...init, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, url, { ignoreError: true })
    return response
  }

  async function follow(url: string, init?: RequestInit): Promise<Visited> {
    for (let hops = 0; hops < 20; hops += 1) {
      if (stopAt.some((prefix) => url.startsWith(prefix))) return visited(url, 0, new Headers(), '')
      const response = await request(url, init)
      init = undefined
      const location = response.headers.get('location')
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.arrayBuffer()
        url = new URL(location, url).href
        continue
      }
      const page = visited(url, response.status, response.headers, await response.text())
      const refresh = page
        .$('meta[http-equiv="refresh"]')
        .filter((_, element) => page.$(element).parent('noscript').length === 0)
        .attr('content')
      const next = /^0;\s*url=(.*)$/i.exec(refresh ?? '')?.[1]
      if (next === undefined) return page
      url = new URL(next, url).href
    }
    throw new Error(`too many redirects, the last to ${url}`)
  }

  return {
    jar,
    request,
    open: (url) => follow(url),
    async submit(page, fields, options) {
      const forms = page.$('form').toArray()
      const form = forms.find((candidate) => Object.entries(fields).every(([name, value]) => accepts(page, candidate, name, value)))
      if (form === undefined)
        throw new Error(`no form on ${page.url} takes ${JSON.stringify(fields)}; the page says: ${page.$('main').text().replace(/\s+/g, ' ').trim()}`)
      const body = new URLSearchParams()
      for (const { name, value } of page.$(form).serializeArray()) if (!(name in fields)) body.append(name, value)
      for (const [name, value] of Object.entries(fields)) body.append(name, value)
      const action = new URL(page.$(form).attr('action') ?? '', page.url).href
      return follow(action, {
        method: 'POST',
        body,
        headers: { 'sec-fetch-site': 'same-origin', origin: new URL(page.url).origin, ...options?.headers },
      })
    },
  }
}

function visited(url: string, status: number, headers: Headers, body: string): Visited {
  return { url, status, headers, body, $: load(body) }
}

function accepts(page: Visited, form: Parameters<Visited['$']>[0], name: string, value: string): boolean {
  const { $ } = page
  const named = $(form as never).find(`[name="${name}"]`)
  if (named.length === 0) return false
  const buttons = named.filter('button, [type="submit"]')
  return buttons.length === 0 || buttons.toArray().some((button) => $(button).attr('value') === value)
}
