// Turns a page's model into HTML: chooses the template and the words, and puts the result into the one layout.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ejs, { type TemplateFunction } from 'ejs'
import { pageAssets, viewsDirectory } from './assets.ts'
import type { Page } from './page-models.ts'
import { type PageLanguage, type PageWords, pageWords } from './page-words.ts'
import { phoneView, type Tone } from './render-phone.ts'

/** What belongs to the response and not to the page. */
export interface PageFrame {
  /** The nonce of this response's `Content-Security-Policy`, for stylesheet and script. */
  nonce: string
  /** The URL that the files of `pageAssets` are served beneath, with or without a slash at its end. */
  assets: string
  /** English where absent. */
  language?: PageLanguage
}

export interface PageRenderer {
  /** A whole HTML document. */
  render(page: Page, frame: PageFrame): string
}

const templateNames = ['layout', 'sign-in', 'consent', 'phone', 'finished', 'message', 'logout', 'home'] as const
type TemplateName = (typeof templateNames)[number]

/** What a page without fields says. */
interface Message {
  title: string
  text: string
  next?: string
  tone?: Tone
  /** Facts to be passed on to somebody: an error's code and number. */
  facts?: string[]
  leave?: { client: string; action: string }
}

interface View {
  template: Exclude<TemplateName, 'layout'>
  title: string
  locals?: object
  /** Where the page moves on to by itself, at once. */
  refreshTo?: string
  /** What a browser without script loads every two seconds. */
  refreshWithoutScript?: string
}

/** Reads and compiles every template; `brand` is who the pages speak for. */
export function pageRenderer({ brand }: { brand: string }): PageRenderer {
  const { names } = pageAssets()
  const templates = new Map(templateNames.map((name) => [name, template(name)]))
  const fill = (name: TemplateName, locals: object): string => templates.get(name)?.(locals) ?? ''
  return {
    render(page, frame) {
      const words = pageWords[frame.language ?? 'en']
      const { template, title, locals, ...head } = viewOf(page, words, brand)
      const body = fill(template, { page, words, brand, title, ...locals })
      const prefix = frame.assets.replace(/\/$/, '')
      const assets = { styles: `${prefix}/${names.styles}`, script: `${prefix}/${names.script}`, icon: `${prefix}/${names.icon}` }
      return fill('layout', { name: page.page, words, brand, title, nonce: frame.nonce, assets, body, ...head })
    },
  }
}

function template(name: TemplateName): TemplateFunction {
  const file = new URL(`${name}.ejs`, viewsDirectory)
  return ejs.compile(readFileSync(file, 'utf8'), { filename: fileURLToPath(file), strict: true, localsName: 'it', cache: true })
}

function viewOf(page: Page, words: PageWords, brand: string): View {
  switch (page.page) {
    case 'sign-in':
      return { template: 'sign-in', title: words.signIn.title }
    case 'consent':
      return { template: 'consent', title: words.consent.title(page.client) }
    case 'phone': {
      const view = phoneView(page, words)
      return { template: 'phone', title: view.title, locals: { view }, refreshWithoutScript: view.refreshWithoutScript ? page.here : undefined }
    }
    case 'finished':
      return { template: 'finished', title: words.finished[page.kind].title, refreshTo: page.refresh }
    case 'logout':
      return { template: 'logout', title: words.logout.title(brand) }
    case 'home':
      return { template: 'home', title: words.home.title(brand) }
    default: {
      const message = messageOf(page, words)
      return { template: 'message', title: message.title, locals: { message } }
    }
  }
}

type MessagePage = Exclude<Page, { page: 'sign-in' | 'consent' | 'phone' | 'finished' | 'logout' | 'home' }>

function messageOf(page: MessagePage, words: PageWords): Message {
  switch (page.page) {
    case 'no-phone':
      return { ...words.noPhone, text: words.noPhone.text(page.client), leave: page, tone: 'bad' }
    case 'already-finished':
      return words.alreadyFinished
    case 'session-not-found':
      return words.sessionNotFound
    case 'error':
      return { ...words.error, facts: [page.id], tone: 'bad' }
    case 'oidc-error':
      return { ...words.oidcError, facts: [page.error, page.description, page.id].filter((fact) => fact !== undefined), tone: 'bad' }
    case 'logged-out':
      return { title: words.loggedOut.title, text: words.loggedOut.text(page.client), tone: 'good' }
    case 'not-found':
      return words.notFound
  }
}
