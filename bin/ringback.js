#!/usr/bin/env node
// `npx ringback`: the built program where there is one (the published package), the sources in a clone.
import { existsSync } from 'node:fs'

const built = new URL('../dist/main.js', import.meta.url)
await import(existsSync(new URL('../src/main.ts', import.meta.url)) ? '../src/main.ts' : built.href)
