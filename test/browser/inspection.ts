// Looks at a page as axe, a narrow window and a dark room do.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** What axe says of one rule. */
interface Violation {
  id: string
  nodes: { html: string; failureSummary?: string }[]
}

/** WCAG 2.0 to 2.2, levels A and AA. */
const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa']
/** The rules whose answer depends on window and colours; the others read the mark-up, which is the same in all of them. */
const lookRules = ['color-contrast', 'target-size', 'link-in-text-block', 'scrollable-region-focusable']
const looks = [
  { width: 1280, colorScheme: 'dark' },
  { width: 320, colorScheme: 'dark' },
  { width: 320, colorScheme: 'light' },
] as const

/** A page's own policy would not let axe in, and colours on their way to others have no contrast of their own. */
export const inspectable = { bypassCSP: true, reducedMotion: 'reduce' } as const

/** What is wrong with the page as it stands, light and dark, wide and narrow. Its context needs `inspectable`. */
export async function faultsOf(page: Page): Promise<string[]> {
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.emulateMedia({ colorScheme: 'light' })
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).withTags(standards).analyze()
  const faults = told('wide and light', violations)
  for (const { width, colorScheme } of looks) {
    await page.setViewportSize({ width, height: 800 })
    await page.emulateMedia({ colorScheme })
    // The builder has left axe in the page: taking it there again for every look is what would take the time.
    const options = JSON.stringify({ runOnly: lookRules, resultTypes: ['violations'] })
    const seen = await page.evaluate<Violation[]>(`axe.run(document, ${options}).then(({ violations }) => violations)`)
    faults.push(...told(`${width} px, ${colorScheme}`, seen))
    if ((await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')) === true) {
      faults.push(`wider than a window of ${width} px`)
    }
  }
  return faults
}

function told(look: string, violations: readonly Violation[]): string[] {
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${look}: ${id}: ${html} ${failureSummary}`))
}
