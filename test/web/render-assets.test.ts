// Stylesheet, script and icon: named by their content, and asking nobody else for anything.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { pageAssets } from '../../src/web/assets.ts'

const { names, files } = pageAssets()

test('each file is there under the name the pages use, with its type', () => {
  expect(files.size).toBe(3)
  expect(files.get(names.styles)?.type).toBe('text/css; charset=utf-8')
  expect(files.get(names.script)?.type).toBe('text/javascript; charset=utf-8')
  expect(files.get(names.icon)?.type).toBe('image/svg+xml')
  expect(files.get('constructor')).toBeUndefined()
})

test('name and entity tag follow from the content', () => {
  for (const [name, { body, etag }] of files) {
    const digest = createHash('sha256').update(body).digest('base64url').slice(0, 16)
    expect(name).toContain(digest)
    expect(etag).toBe(`"${digest}"`)
  }
})

test('no file asks another address for anything', () => {
  for (const [name, { body }] of files) {
    const text = body.toString().replace('http://www.w3.org/2000/svg', '')
    expect(text, name).not.toMatch(/https?:|@import|@font-face|url\(/)
  }
})
