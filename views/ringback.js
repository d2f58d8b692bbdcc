// The pages work without this script. It follows the call live, keeps the countdown moving, and stops a second click from asking twice.

const warnSeconds = 20
const pollMilliseconds = 2000
const streamFailuresAllowed = 3
/** A form may be sent again after this, should its answer never come. */
const resendMilliseconds = 10_000

let leaving = false

sendOnce()
revealPassword()

const panel = document.getElementById('phone-panel')
const status = document.getElementById('call-state')
const warning = document.getElementById('time-warning')
if (panel && status && warning && !('over' in panel.dataset)) followCall(panel, status, warning)

/** A form that is on its way is not sent again; another form, such as "give up", still is. */
function sendOnce() {
  document.addEventListener('submit', (event) => {
    const form = event.target
    if ('sent' in form.dataset) return event.preventDefault()
    form.dataset.sent = ''
    event.submitter?.setAttribute('aria-disabled', 'true')
    leaving = true
    setTimeout(() => sendable(form), resendMilliseconds)
  })
  // The back button may bring the page back as it was left.
  addEventListener('pageshow', (event) => {
    if (event.persisted) for (const form of document.forms) sendable(form)
  })
}

function sendable(form) {
  leaving = false
  delete form.dataset.sent
  for (const button of form.querySelectorAll('[aria-disabled]')) button.removeAttribute('aria-disabled')
}

function revealPassword() {
  for (const button of document.querySelectorAll('[data-reveals]')) {
    const input = document.getElementById(button.dataset.reveals)
    const show = (shown) => {
      input.type = shown ? 'text' : 'password'
      button.setAttribute('aria-pressed', shown)
      button.textContent = shown ? button.dataset.hide : button.dataset.show
    }
    button.hidden = false
    button.addEventListener('click', () => show(input.type === 'password'))
    // Sent as a password, so that no browser keeps it among the texts it completes.
    input.form.addEventListener('submit', () => show(false))
  }
}

/** Reads the page again whenever the server says that something changed, and puts what is new into this one. */
function followCall(panel, status, warning) {
  const here = panel.dataset.here
  let stream
  let poll
  let failures = 0
  let lastMessage
  let reading = false
  let readAgain = false
  let lastPanel
  let deadline
  let warned = false

  const ticking = setInterval(tick, 1000)
  document.addEventListener('visibilitychange', () => {
    // One device may be both browser and telephone: the page was out of sight during the call, and its stream may be dead.
    if (document.visibilityState === 'visible' && !('over' in panel.dataset)) read()
  })
  readTime(panel)
  listen()

  function listen() {
    stream = new EventSource(panel.dataset.events)
    stream.addEventListener('message', ({ data }) => {
      failures = 0
      // The first message tells the state we may already show; any later one that differs from the one before is news.
      if (stateIn(data) !== status.dataset.state || (lastMessage !== undefined && lastMessage !== data)) read()
      lastMessage = data
    })
    stream.addEventListener('error', () => {
      failures += 1
      if (failures < streamFailuresAllowed && stream.readyState !== EventSource.CLOSED) return
      stream.close()
      poll ??= setInterval(read, pollMilliseconds)
    })
  }

  function stateIn(data) {
    try {
      return JSON.parse(data).state
    } catch {
      return undefined
    }
  }

  async function read() {
    if (leaving) return
    readAgain = reading
    if (reading) return
    reading = true
    try {
      // A redirect leads away from this page, perhaps to the end of the sign-in: only the browser itself may follow it.
      const response = await fetch(here, { credentials: 'same-origin', cache: 'no-store', redirect: 'manual' })
      if (response.status < 500) {
        const next = response.type === 'opaqueredirect' ? undefined : new DOMParser().parseFromString(await response.text(), 'text/html')
        if (leaving) return
        if (next?.body.dataset.page === 'phone') show(next)
        else {
          stop()
          leaving = true
          location.replace(here)
        }
      }
    } catch {
      // The connection is gone for the moment: the next message, poll or glance at the page reads again.
    } finally {
      reading = false
    }
    if (readAgain) read()
  }

  function stop() {
    stream.close()
    clearInterval(poll)
    clearInterval(ticking)
  }

  function show(next) {
    // The live region stays the same element: only then do screen readers notice that its text changed.
    const nextStatus = next.getElementById('call-state')
    for (const name of ['role', 'data-state', 'data-tone']) status.setAttribute(name, nextStatus.getAttribute(name))
    for (const part of ['title', 'next']) {
      const [shown, told] = [status, nextStatus].map((region) => region.querySelector(`[data-part="${part}"]`))
      if (shown.textContent !== told.textContent) shown.textContent = told.textContent
    }
    document.title = next.title
    const nextPanel = next.getElementById('phone-panel')
    readTime(nextPanel)
    swap(nextPanel)
    if ('over' in panel.dataset) stop()
  }

  /** Replaces what is below the state, keeping what was typed, chosen and unfolded, and the focus. */
  function swap(nextPanel) {
    for (const unneeded of nextPanel.querySelectorAll('noscript')) unneeded.remove()
    nextPanel.querySelector('[autofocus]')?.removeAttribute('autofocus')
    // Alerts would be announced again: nothing is touched unless something besides the time is new.
    const html = nextPanel.innerHTML.replace(/<time.*?<\/time>/s, '')
    if (html === lastPanel) return
    lastPanel = html
    const kept = new Map([...panel.querySelectorAll('input:not([type=hidden]), details')].map((element) => [keyOf(element), element]))
    const focused = panel.contains(document.activeElement) ? document.activeElement : undefined
    const selection = focused instanceof HTMLInputElement && focused.type === 'text' ? [focused.selectionStart, focused.selectionEnd] : undefined
    const before = panel.querySelector('[data-focus]')?.id

    panel.toggleAttribute('data-over', 'over' in nextPanel.dataset)
    panel.replaceChildren(...nextPanel.childNodes)

    for (const element of panel.querySelectorAll('input:not([type=hidden]), details')) {
      const old = kept.get(keyOf(element))
      if (old instanceof HTMLDetailsElement) element.open = old.open
      else if (old?.type === 'radio') element.checked = old.checked
      else if (old) element.value = old.value
    }
    const wanted = panel.querySelector('[data-focus]')
    if (wanted && wanted.id !== before) return wanted.focus()
    if (!focused) return
    const again = [...panel.querySelectorAll('input, button, a, summary, [data-focus]')].find((element) => keyOf(element) === keyOf(focused))
    if (again === undefined) return status.focus()
    again.focus({ preventScroll: true })
    if (selection) again.setSelectionRange(...selection)
  }

  function keyOf(element) {
    return element.id || `${element.localName} ${element.name} ${element.type === 'text' ? '' : element.value}`
  }

  /** Takes the time left from the page, since the clock here may be wrong. */
  function readTime(from) {
    const time = from.querySelector('[data-seconds-left]')
    deadline = time ? Date.now() + Number(time.dataset.secondsLeft) * 1000 : undefined
  }

  function tick() {
    const time = panel.querySelector('[data-seconds-left]')
    if (!time || deadline === undefined) return
    const seconds = Math.max(0, Math.ceil((deadline - Date.now()) / 1000))
    time.textContent = panel.dataset.timeFormat.replace('{minutes}', Math.floor(seconds / 60)).replace('{seconds}', seconds % 60)
    if (seconds <= warnSeconds !== warned) {
      warned = !warned
      warning.textContent = warned ? panel.dataset.timeWarning : ''
    }
    if (seconds === 0) read()
  }
}
