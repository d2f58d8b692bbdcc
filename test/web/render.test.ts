// Every page of the provider as HTML: what it says, what it posts, and that nothing a stranger wrote becomes mark-up.
import { readdirSync, readFileSync } from 'node:fs'
import { load } from 'cheerio'
import { describe, expect, test } from 'vitest'
import { viewsDirectory } from '../../src/web/assets.ts'
import type { FinishedKind, Page } from '../../src/web/page-models.ts'
import { pageWords } from '../../src/web/page-words.ts'
import { pageRenderer } from '../../src/web/render.ts'

const frame = { nonce: 'n0nce', assets: '/base/assets' }
const renderer = pageRenderer({ brand: 'Ringback' })
const show = (page: Page) => load(renderer.render(page, frame))
/** The text of an element, its white space collapsed. */
const textOf = ($: ReturnType<typeof load>, selector: string) => $(selector).text().replace(/\s+/g, ' ').trim()

/** One of each, with `text` wherever a person, a client or a request may have written something. */
function pagesWith(text: string): Page[] {
  return [
    { page: 'sign-in', client: text, action: text, username: text, problem: 'wrong' },
    { page: 'consent', client: text, action: text, username: text, scopes: [{ name: text, description: text }] },
    {
      page: 'phone',
      client: text,
      state: 'told',
      phones: [
        { id: text, masked: text, label: text },
        { id: 'b', masked: '•••• 07' },
      ],
      modes: ['spoken', 'keyed'],
      mode: 'spoken',
      callFrom: text,
      calling: text,
      gate: text,
      shownCode: text,
      codeDigits: 6,
      now: 0,
      expiresAt: 1000,
      canCall: true,
      action: text,
      here: text,
      events: text,
    },
    { page: 'no-phone', client: text, action: text },
    { page: 'finished', kind: 'confirmed', client: text, refresh: text },
    { page: 'already-finished' },
    { page: 'session-not-found' },
    { page: 'error', id: text },
    { page: 'oidc-error', error: text, description: text, id: text },
    { page: 'logout', action: text, xsrf: text, client: text },
    { page: 'logged-out', client: text },
    { page: 'not-found' },
    { page: 'home', issuer: text, discovery: text, links: [{ href: text, label: text, text }] },
  ]
}

describe('every page', () => {
  test.each(pagesWith('Demo Bank').map((page) => [page.page, page] as const))(
    '%s is one titled document in its language, with a heading',
    (name, page) => {
      const $ = show(page)
      expect($('html').attr('lang')).toBe('en')
      expect($('html').attr('dir')).toBe('ltr')
      expect($('body').attr('data-page')).toBe(name)
      expect($('title').text()).toMatch(/^\S.* · Ringback$/)
      expect($('h1')).toHaveLength(1)
      expect($.html()).not.toMatch(/\bundefined\b|\bnull\b|\[object|NaN/)
      const ids = $('html [id]')
        .get()
        .map((element) => element.attribs.id)
      expect(new Set(ids).size).toBe(ids.length)
      for (const element of $('html [aria-describedby]').get())
        for (const id of (element.attribs['aria-describedby'] ?? '').split(' ')) expect($(`#${id}`), `#${id}`).toHaveLength(1)
    },
  )

  test.each(pagesWith('Demo Bank').map((page) => [page.page, page] as const))(
    '%s keeps to the content security policy: own files with the nonce, nothing inline',
    (_, page) => {
      const $ = show(page)
      expect($('style, [style]')).toHaveLength(0)
      expect($('script')).toHaveLength(1)
      expect($('script').attr('src')).toMatch(/^\/base\/assets\/ringback-[\w-]+\.js$/)
      expect($('script').attr('nonce')).toBe('n0nce')
      expect($('script').text()).toBe('')
      expect($('link[rel=stylesheet]').attr('href')).toMatch(/^\/base\/assets\/ringback-[\w-]+\.css$/)
      expect($('link[rel=stylesheet]').attr('nonce')).toBe('n0nce')
      for (const element of $('html, html *').get()) {
        expect(Object.keys(element.attribs).filter((name) => name.startsWith('on'))).toEqual([])
        const resource = element.attribs.src ?? (element.name === 'link' ? element.attribs.href : undefined)
        if (resource !== undefined) expect(resource).toMatch(/^\/base\/assets\//)
      }
    },
  )

  test.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    `' autofocus onfocus='alert(1)`,
    '</title><base href=//evil.example>',
    '--><b>',
  ])('%s stays text', (hostile) => {
    pagesWith(hostile).forEach((page, index) => {
      const $ = show(page)
      const honest = show(pagesWith('Demo Bank')[index] ?? page)
      expect(
        $('html, html *')
          .get()
          .map((element) => [element.name, ...Object.keys(element.attribs)]),
      ).toEqual(
        honest('html, html *')
          .get()
          .map((element) => [element.name, ...Object.keys(element.attribs)]),
      )
      if (renderer.render(page, frame).includes('alert(1)'))
        expect(
          $.root().text() +
            $('html, html *')
              .get()
              .flatMap((element) => Object.values(element.attribs))
              .join(),
        ).toContain(hostile)
    })
  })

  test('templates print data escaped: only includes and the rendered body are put in as they are', () => {
    const templates = readdirSync(viewsDirectory).filter((name) => name.endsWith('.ejs'))
    expect(templates.length).toBeGreaterThan(5)
    for (const name of templates) {
      const raw = readFileSync(new URL(name, viewsDirectory), 'utf8').match(/<%-.*?%>/g) ?? []
      expect(
        raw.filter((tag) => !tag.startsWith('<%- include(') && tag !== '<%- it.body -%>'),
        name,
      ).toEqual([])
    }
  })

  test('a slash at the end of the prefix changes nothing', () => {
    expect(renderer.render({ page: 'not-found' }, { nonce: 'n0nce', assets: '/base/assets/' })).toBe(renderer.render({ page: 'not-found' }, frame))
  })
})

describe('sign-in', () => {
  test('posts user name, password and what was pressed, and lets password managers help', () => {
    const $ = show({ page: 'sign-in', client: 'Demo Bank', action: '/sign-in/1' })
    const form = $('form:has(input[name=username])')
    expect(form.attr('method')).toBe('post')
    expect(form.attr('action')).toBe('/sign-in/1')
    expect($('input[name=username]').attr('autocomplete')).toBe('username')
    expect($('input[name=password]').attr()).toMatchObject({ type: 'password', autocomplete: 'current-password' })
    expect(form.find('button[name=action]').attr('value')).toBe('sign-in')
    expect($('button[value=cancel]').closest('form').find('input')).toHaveLength(0)
    expect($('[role=alert]')).toHaveLength(0)
    expect(textOf($, 'main')).toContain('Demo Bank')
  })

  test.each(['wrong', 'busy', 'missing'] as const)('problem %s is announced, and the user name is kept but never the password', (problem) => {
    const $ = show({ page: 'sign-in', client: 'Demo Bank', action: '/', username: 'demo', problem })
    expect(textOf($, '[role=alert]')).toBe(pageWords.en.signIn.problems[problem])
    expect($('input[name=username]').attr('value')).toBe('demo')
    expect($('input[name=password]').attr('value')).toBeUndefined()
  })
})

describe('the end of a sign-in', () => {
  test.each(['signed-in', 'confirmed', 'consented', 'cancelled', 'reported', 'unmet', 'signed-out'] satisfies FinishedKind[])(
    '%s moves on by itself and by a link',
    (kind) => {
      const $ = show({ page: 'finished', kind, client: 'Demo Bank', refresh: '/finish?a=1&b=2' })
      expect($('head > meta[http-equiv=refresh]').attr('content')).toBe('0;url=/finish?a=1&b=2')
      expect($('main a').attr('href')).toBe('/finish?a=1&b=2')
      expect(textOf($, 'main a')).toBe('Continue to Demo Bank')
      expect(textOf($, 'h1')).toBe(pageWords.en.finished[kind].title)
    },
  )

  test('no other page moves on at once', () => {
    for (const page of pagesWith('Demo Bank')) if (page.page !== 'finished') expect(show(page)('head > meta[http-equiv=refresh]')).toHaveLength(0)
  })
})

test('consent names what is asked for, and posts allow or cancel', () => {
  const $ = show({ page: 'consent', client: 'Demo Bank', action: '/consent', scopes: [{ name: 'Your phone number', description: 'In full.' }] })
  expect(textOf($, 'main li')).toContain('Your phone number')
  expect(
    $('form button')
      .get()
      .map((button) => [button.attribs.name, button.attribs.value]),
  ).toEqual([
    ['action', 'allow'],
    ['action', 'cancel'],
  ])
})

test('logout sends the secret it was given, and yes only when yes is pressed', () => {
  const $ = show({ page: 'logout', action: '/session/end/confirm', xsrf: 's3cret', client: 'Demo Bank' })
  expect($('input[name=xsrf]').attr('value')).toBe('s3cret')
  expect($('button[name=logout]').attr('value')).toBe('yes')
  expect($('button:not([name])')).toHaveLength(1)
})

test('an outage shows its id; a wrong request its code, description and id', () => {
  expect(textOf(show({ page: 'error', id: 'id-17' }), 'main code')).toBe('id-17')
  const $ = show({ page: 'oidc-error', error: 'invalid_request', description: 'no client_id', id: 'id-18' })
  expect(
    $('main code')
      .get()
      .map((element) => $(element).text()),
  ).toEqual(['invalid_request', 'no client_id', 'id-18'])
})

test('somebody without a phone is told so, and can go back', () => {
  const $ = show({ page: 'no-phone', client: 'Demo Bank', action: '/phone/1' })
  expect(textOf($, 'h1')).toContain('no phone')
  expect($('form').attr('action')).toBe('/phone/1')
  expect($('button[name=action]').attr('value')).toBe('cancel')
})
