// Takes the pictures of the README anew, into docs/images: `node test/browser/screenshots.ts`, by hand, after the pages have changed.
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { openScene } from './scene.ts'
import { beCalled, digitsOn, orderTransfer, signInAtBank, typeCode } from './steps.ts'

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url))
await mkdir(images, { recursive: true })
const scene = await openScene()
const { page, leave } = await scene.visitor({ viewport: { width: 1280, height: 900 }, colorScheme: 'light', reducedMotion: 'reduce' })
await signInAtBank(page, scene, scene.demo)
await orderTransfer(page)
await beCalled(page)
const code = await scene.demo.phone.codeThrough(async () => {
  await page.waitForSelector('#gate-heading:focus')
  await page.screenshot({ path: `${images}phone-page.png` })
  return digitsOn(page, 'gate')
})
await typeCode(page, code)
await page.waitForSelector('#transfer-done')
await page.screenshot({ path: `${images}bank.png` })
await leave()
await scene.end()
