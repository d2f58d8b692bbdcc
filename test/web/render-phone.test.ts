// The page of the call, in every state: what it says, what may be done in it, and what it must not show.
import { load } from 'cheerio'
import { describe, expect, test } from 'vitest'
import type { PageState } from '../../src/domain/challenge.ts'
import { type RefusalReason, refusalStatus } from '../../src/domain/refusal.ts'
import type { PhonePage } from '../../src/web/page-models.ts'
import { pageWords } from '../../src/web/page-words.ts'
import { pageRenderer } from '../../src/web/render.ts'

const words = pageWords.en
const renderer = pageRenderer({ brand: 'Ringback' })
const now = Date.UTC(2026, 0, 5, 12)
const mobile = { id: 'phone-a', masked: '•••• 43', label: 'Mobile' }
const office = { id: 'phone-b', masked: '•••• 07', label: 'Office' }

function show(changes: Partial<PhonePage> = {}) {
  const page: PhonePage = {
    page: 'phone',
    client: 'Demo Bank',
    state: 'idle',
    phones: [mobile],
    modes: ['spoken'],
    mode: 'spoken',
    codeDigits: 6,
    now,
    canCall: true,
    action: '/phone/1',
    here: '/phone/1?here',
    events: '/phone/1/events',
    ...changes,
  }
  return load(renderer.render(page, { nonce: 'n0nce', assets: '/assets' }), { scriptingEnabled: false })
}

type Shown = ReturnType<typeof show>
const textOf = ($: Shown, selector: string) => $(selector).text().replace(/\s+/g, ' ').trim()
const has = ($: Shown, selector: string) => $(selector).length > 0

const everyState = Object.keys(words.states).filter((name): name is PageState => name in words.states)
const progress: PageState[] = ['dialling', 'ringing', 'answered', 'gate-passed']
const failures: PageState[] = [
  ...(['busy', 'declined', 'no-answer', 'unreachable', 'invalid-number', 'wrong-gate', 'nothing-keyed', 'hung-up', 'machine'] as const),
  ...(['forwarded', 'gateway-down', 'wrong-code', 'expired'] as const),
]

describe.each(everyState)('%s', (state) => {
  const $ = show({ state, phones: [mobile, office], modes: ['spoken', 'keyed'], expiresAt: now + 143_000 })

  test('says what happened and what to do', () => {
    expect($('#call-state').attr('data-state')).toBe(state)
    expect(textOf($, '#call-state')).toBe(`${words.states[state].title} ${words.states[state].next}`)
    expect($('title').text()).toContain(words.states[state].title)
  })

  test('is announced: a failure as an alert, anything else politely', () => {
    expect($('#call-state').attr('role')).toBe(failures.includes(state) ? 'alert' : 'status')
  })

  test('has the code field only once the code was told', () => {
    expect(has($, '[name=code]')).toBe(state === 'told')
    expect(has($, '[value=verify]')).toBe(state === 'told')
  })

  test('shows gate and code only when they are given', () => {
    expect(has($, '#gate, #shown-code')).toBe(false)
  })

  test('refreshes itself without script only while a call is in progress', () => {
    const refresh = $('meta[http-equiv=refresh]')
    expect(refresh).toHaveLength(progress.includes(state) ? 1 : 0)
    if (progress.includes(state)) {
      expect(refresh.parent().is('head > noscript')).toBe(true)
      expect(refresh.attr('content')).toBe('2;url=/phone/1?here')
    }
    expect(has($, 'noscript a[href="/phone/1?here"]')).toBe(state === 'told')
  })

  test('offers another call only while none is in progress', () => {
    expect(has($, '[value=call]')).toBe(state !== 'confirmed' && !progress.includes(state))
    expect(has(show({ state, canCall: false }), '[value=call]')).toBe(false)
  })

  test('offers a way out that posts nothing but itself', () => {
    expect(has($, '[value=cancel]')).toBe(state !== 'confirmed')
    expect(has($, '[value=not-me]')).toBe(!['idle', 'confirmed', 'reported'].includes(state))
    for (const button of $('[value=cancel], [value=not-me]').get()) expect($(button).closest('form').find('[name]')).toHaveLength(1)
  })
})

test('every form posts to the action, and every button in it says which it is', () => {
  const $ = show({ state: 'told' })
  expect($('form').length).toBeGreaterThan(2)
  for (const form of $('form').get()) {
    expect($(form).attr()).toMatchObject({ method: 'post', action: '/phone/1' })
    // One button each: Enter can mean nothing else.
    expect($(form).find('button')).toHaveLength(1)
    expect($(form).find('button').attr('name')).toBe('action')
  }
})

describe('asking for the call', () => {
  test('one phone and one mode are no choice', () => {
    const $ = show()
    expect(has($, '[type=radio]')).toBe(false)
    expect(
      $('form:has([value=call]) input')
        .get()
        .map((input) => [input.attribs.type, input.attribs.name, input.attribs.value]),
    ).toEqual([
      ['hidden', 'phone', 'phone-a'],
      ['hidden', 'mode', 'spoken'],
    ])
    expect(textOf($, '[value=call]')).toBe('Call me')
    expect(textOf($, 'dl')).toContain('•••• 43')
  })

  test('several are chosen from by opaque id, one of each chosen already', () => {
    const $ = show({ phones: [mobile, { ...office, selected: true }], modes: ['spoken', 'keyed'], mode: 'keyed' })
    expect(
      $('[name=phone]')
        .get()
        .map((input) => input.attribs.value),
    ).toEqual(['phone-a', 'phone-b'])
    expect($('[name=phone][checked]').attr('value')).toBe('phone-b')
    expect($('[name=mode][checked]').attr('value')).toBe('keyed')
    expect(textOf($, 'label:has([value=phone-b])')).toBe('Office •••• 07ending in 0 7')
  })

  test('the first phone is chosen where none was', () => {
    expect(show({ phones: [mobile, office] })('[name=phone][checked]').attr('value')).toBe('phone-a')
  })

  test('the masked number is read out without its dots', () => {
    const $ = show({ state: 'ringing', calling: '•••• 43' })
    expect($('dl bdi').attr('aria-hidden')).toBe('true')
    expect(textOf($, 'dl')).toContain('ending in 4 3')
  })

  test('the number we call from is there before the phone rings', () => {
    expect(textOf(show({ callFrom: '+1 202 555 0100' }), 'dl')).toContain('We call from+1 202 555 0100')
  })

  test('where no call is possible, the page does not promise one, and says until when', () => {
    const $ = show({ canCall: false, retryAt: now + 14 * 60_000 })
    expect(textOf($, '#call-state')).toBe('We cannot call you right now You can ask for a call again in 14 minutes.')
    expect($('#call-state').attr()).toMatchObject({ 'data-state': 'idle', role: 'alert' })
    expect(textOf(show({ state: 'busy', canCall: false, retryAt: now + 45_000 }), '#phone-panel')).toContain('again in 45 seconds')
  })

  test('a blocked account is told so once, not that we will call', () => {
    const $ = show({ canCall: false, refusal: { refused: 'factor-blocked', retryAt: now + 23 * 3_600_000 }, retryAt: now + 23 * 3_600_000 })
    expect(textOf($, '#call-state')).toContain('Confirming by phone is blocked for your account. You can try again in 23 hours.')
    expect(textOf($, 'main').match(/23 hours/g)).toHaveLength(1)
  })
})

describe('gate and shown code', () => {
  test('the gate is exactly its digits, and read out one by one', () => {
    const $ = show({ state: 'answered', gate: '04' })
    expect($('#gate').text()).toBe('04')
    expect(textOf($, '#gate-heading')).toBe('Key these digits on your phone: 0 4')
    expect(has($, '#shown-code')).toBe(false)
  })

  test('so is the code that is to be keyed, and the page says so', () => {
    const $ = show({ state: 'answered', mode: 'keyed', shownCode: '048213' })
    expect($('#shown-code').text()).toBe('048213')
    expect(has($, '#gate, [name=code]')).toBe(false)
    expect(textOf($, '#call-state')).toContain(words.states.answered.nextKeyed)
  })
})

describe('typing the code', () => {
  const $ = show({ state: 'told', codeDigits: 8, expiresAt: now + 143_000, triesLeft: 1 })

  test('one field, made for codes, with room for spaces', () => {
    const field = $('[name=code]')
    expect(field.attr()).toMatchObject({ type: 'text', inputmode: 'numeric', autocomplete: 'one-time-code' })
    expect(Number(field.attr('maxlength'))).toBeGreaterThanOrEqual(15)
    const pattern = new RegExp(`^(?:${field.attr('pattern')})$`, 'v')
    for (const typed of ['12345678', '1234 5678', ' 1 2 3 4 5 6 7 8 ']) expect(typed).toMatch(pattern)
    for (const typed of ['1234567', '123456789', '1234567x']) expect(typed).not.toMatch(pattern)
    expect(textOf($, 'label[for=code]')).toContain('8-digit code')
  })

  test('is described by the tries and the time that are left', () => {
    expect($('#code').attr('aria-describedby')?.split(' ')).toEqual(expect.arrayContaining(['tries-left', 'time-left']))
    expect(textOf($, '#tries-left')).toBe('You have one try left.')
    expect(textOf($, '#time-left')).toBe('2 min 23 s')
    expect($('#time-left time').attr()).toMatchObject({ datetime: 'PT143S', 'data-seconds-left': '143' })
  })

  test('a wrong code is an alert beside the field, with the tries left once', () => {
    const wrong = show({ state: 'told', refusal: { refused: 'wrong-code', triesLeft: 2 }, triesLeft: 2 })
    expect(textOf(wrong, 'form [role=alert]')).toBe('That is not the code. You have 2 tries left.')
    expect(textOf(wrong, 'main').match(/2 tries/g)).toHaveLength(1)
    expect(wrong('#code').attr()).toMatchObject({ 'aria-invalid': 'true' })
    expect(wrong('#code').attr('aria-describedby')).toMatch(/^notice /)
    expect(wrong('#code').attr('value')).toBeUndefined()
  })

  test('a wrong code of before is not held against the call that rings now', () => {
    expect(has(show({ state: 'ringing', refusal: { refused: 'wrong-code', triesLeft: 2 } }), '[role=alert]')).toBe(false)
    expect(textOf(show({ state: 'answered', mode: 'keyed', refusal: { refused: 'wrong-code', triesLeft: 2 } }), '[role=alert]')).toContain(
      'not the code',
    )
  })

  test('another call is the second choice, its options folded away but sent along', () => {
    const several = show({ state: 'told', phones: [mobile, office], modes: ['spoken', 'keyed'] })
    expect(several('.button.main').attr('value')).toBe('verify')
    expect(several('form:has([value=call]) details [checked]')).toHaveLength(2)
    expect(several('details [value=call]')).toHaveLength(0)
  })

  test('time that has run out is zero', () => {
    expect(textOf(show({ state: 'told', expiresAt: now - 5 }), '#time-left')).toBe('0 min 0 s')
  })
})

describe('refusals', () => {
  test.each(Object.keys(refusalStatus).filter((name): name is RefusalReason => name in refusalStatus))('%s has words', (refused) => {
    const $ = show({ state: 'told', refusal: { refused, retryAt: now + 60_000, triesLeft: 2 } })
    expect(textOf($, '[role=alert]')).toMatch(/^[A-Z].+\.$/)
  })

  test('somebody elsewhere is told of; what cannot be stopped from here is not offered', () => {
    const contested = show({ state: 'ringing', contested: true })
    expect(textOf(contested, '[role=alert]')).toContain('from another place')
    const elsewhere = show({ refusal: { refused: 'challenge-elsewhere' } })
    expect(textOf(elsewhere, '[role=alert]')).toContain('change your password')
    expect(has(elsewhere, '[value=not-me]')).toBe(false)
    expect(has(show({ state: 'expired', contested: true }), '#phone-panel [role=alert]')).toBe(false)
  })
})

describe('what the script goes by', () => {
  test('page and stream are named; an ended challenge is not followed', () => {
    expect(show({ state: 'busy' })('#phone-panel').attr()).toMatchObject({ 'data-here': '/phone/1?here', 'data-events': '/phone/1/events' })
    for (const state of everyState) {
      const over = show({ state })('#phone-panel').attr('data-over') !== undefined
      expect(over, state).toBe(['confirmed', 'wrong-code', 'expired', 'cancelled', 'reported'].includes(state))
    }
  })

  test('what takes the focus when it appears is marked', () => {
    expect(show({ state: 'told' })('[data-focus]').attr('id')).toBe('code')
    expect(show({ state: 'answered', gate: '42' })('[data-focus]').attr('id')).toBe('gate-heading')
    expect(has(show({ state: 'ringing' }), '[data-focus]')).toBe(false)
  })
})
