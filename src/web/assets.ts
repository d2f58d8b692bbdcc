// The files that pages refer to: stylesheet, script and icon, read once, named by their content so that browsers may keep them for good.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Where the templates are: beside `src` and `dist` alike. */
export const viewsDirectory = new URL('../../views/', import.meta.url)

export interface Asset {
  /** The `Content-Type`. */
  type: string
  body: Buffer
  /** A strong entity tag, quoted. */
  etag: string
}

export interface PageAssets {
  /** What the pages call each file, beneath the prefix they are served from. */
  names: { styles: string; script: string; icon: string }
  /** The files by that name. The name changes with the content: serve them as immutable. */
  files: ReadonlyMap<string, Asset>
}

/** Reads the files; called at start, since it blocks. */
export function pageAssets(): PageAssets {
  const files = new Map<string, Asset>()
  const add = (extension: string, type: string): string => {
    const body = readFileSync(new URL(`ringback.${extension}`, viewsDirectory))
    const digest = createHash('sha256').update(body).digest('base64url').slice(0, 16)
    const name = `ringback-${digest}.${extension}`
    files.set(name, { type, body, etag: `"${digest}"` })
    return name
  }
  const names = {
    styles: add('css', 'text/css; charset=utf-8'),
    script: add('js', 'text/javascript; charset=utf-8'),
    icon: add('svg', 'image/svg+xml'),
  }
  return { names, files }
}
