// Somebody with an account, a browser and a telephone: what a person does with them on the way through a sign-in.
import { load } from 'cheerio'
import { type CookieBrowser, cookieBrowser, type Visited } from '../support/cookie-browser.ts'
import { type Handset, handset } from '../support/handset.ts'
import { callback, type RelyingParty, type Tokens } from '../support/relying-party.ts'

export interface Credentials {
  username: string
  password: string
}

/** An authorization request, and the first page that it led to. */
export interface Asked {
  url: string
  page: Visited
  /** Redeems what came back. */
  finish(back: Visited): Promise<Tokens>
}

export interface Person {
  username: string
  /** E.164. */
  number: string
  browser: CookieBrowser
  phone: Handset
  /** The same account and telephone in front of another browser. */
  elsewhere(): Person
  ask(party: RelyingParty, parameters?: Record<string, string>): Promise<Asked>
  signIn(page: Visited): Promise<Visited>
  /** Asks for a request and signs in: the page that follows, most often that of the call. */
  askAndSignIn(party: RelyingParty, parameters?: Record<string, string>): Promise<Asked>
  /** Asks for the call that the page offers. */
  beCalled(page: Visited, choice?: { mode?: string; phone?: string }): Promise<Visited>
  reload(page: Visited): Promise<Visited>
  /** Reloads the page until it says this. Throws after ten seconds, telling what it says instead. */
  until(page: Visited, state: string): Promise<Visited>
  /** Answers the call of this page, keys the gate, and listens to the code. */
  hearCode(calling: Visited): Promise<string>
  type(page: Visited, code: string): Promise<Visited>
  /** Posts what no form of the page offers now, as an old tab would, and returns the answer itself. */
  send(page: Visited, fields: Record<string, string>): Promise<Visited>
  /** The whole of a call with a spoken code, from "Call me" to what follows the right code. */
  confirm(page: Visited): Promise<Visited>
  /** Everything: asks, signs in where that is needed, is called where that is needed, and redeems. */
  go(party: RelyingParty, parameters?: Record<string, string>): Promise<Tokens>
}

export function person({ username, password }: Credentials, number: string, carrierUrl: string): Person {
  const browser = cookieBrowser([callback])
  const phone = handset(carrierUrl, number)

  const somebody: Person = {
    username,
    number,
    browser,
    phone,
    elsewhere: () => person({ username, password }, number, carrierUrl),
    async ask(party, parameters) {
      const { url, finish } = await party.request(parameters)
      return { url, page: await browser.open(url), finish: (back) => finish(back.url) }
    },
    signIn: (page) => browser.submit(page, { username, password, action: 'sign-in' }),
    async askAndSignIn(party, parameters) {
      const asked = await somebody.ask(party, parameters)
      return { ...asked, page: await somebody.signIn(asked.page) }
    },
    beCalled: (page, choice = {}) => browser.submit(page, { ...choice, action: 'call' }),
    reload: (page) => browser.open(page.url),
    async until(page, state) {
      const deadline = Date.now() + 10_000
      for (;;) {
        const now = await browser.open(page.url)
        if (stateOf(now) === state) return now
        if (Date.now() > deadline) throw new Error(`the page did not come to say ${state}, it says ${stateOf(now)}: ${textOf(now)}`)
      }
    },
    hearCode: (calling) => phone.codeThrough(async () => gateOn(await somebody.reload(calling))),
    type: (page, code) => browser.submit(page, { code, action: 'verify' }),
    async send(page, fields) {
      const headers = { 'sec-fetch-site': 'same-origin', origin: new URL(page.url).origin }
      const response = await browser.request(page.url, { method: 'POST', body: new URLSearchParams(fields), headers })
      const body = await response.text()
      return { url: page.url, status: response.status, headers: response.headers, body, $: load(body) }
    },
    async confirm(page) {
      const calling = await somebody.beCalled(page, { mode: 'spoken' })
      const code = await somebody.hearCode(calling)
      return somebody.type(await somebody.reload(calling), code)
    },
    async go(party, parameters) {
      const asked = await somebody.ask(party, parameters)
      const signedIn = isSignIn(asked.page) ? await somebody.signIn(asked.page) : asked.page
      return asked.finish(isPhone(signedIn) ? await somebody.confirm(signedIn) : signedIn)
    },
  }
  return somebody
}

/** What the page says of the call, as its `data-state`. */
export function stateOf(page: Visited): string | undefined {
  return page.$('#call-state').attr('data-state')
}

/** The page's words, without its mark-up. */
export function textOf(page: Visited): string {
  return page.$('main').text().replace(/\s+/g, ' ').trim()
}

export function gateOn(page: Visited): string {
  return page.$('#gate').text().trim()
}

export function shownCodeOn(page: Visited): string {
  return page.$('#shown-code').text().trim()
}

export function isSignIn(page: Visited): boolean {
  return page.$('input[name="password"]').length === 1
}

export function isPhone(page: Visited): boolean {
  return page.$('#call-state').length === 1
}

/** The labels of the page's buttons. */
export function buttonsOn(page: Visited): string[] {
  return page
    .$('button[name="action"]')
    .toArray()
    .map((button) => page.$(button).attr('value') ?? '')
}
