#!/usr/bin/env node
// `npx ringback` and `npm start`: the sources in a clone, the built program in the published package.
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'

// Before anything else is loaded: it halves the time of every start but the first.
enableCompileCache()
await import(existsSync(new URL('../src/main.ts', import.meta.url)) ? '../src/main.ts' : '../dist/main.js')
