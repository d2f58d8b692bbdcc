// The handset pages: follow the carrier live, ring, show and speak what is said, send keys.

const { page, number } = document.body.dataset
const element = (id) => document.getElementById(id)

function follow(path, show) {
  const source = new EventSource(path)
  source.onopen = () => {
    element('connection').textContent = ''
  }
  source.onerror = () => {
    element('connection').textContent = 'The carrier is away: trying again…'
  }
  source.onmessage = ({ data }) => show(JSON.parse(data))
}

function node(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

const stateWords = { idle: 'Waiting', ringing: 'Ringing', 'in-call': 'In a call' }

function showHandsets(handsets) {
  const links = handsets.map(({ number, label, state }) => {
    const who = node('span', { className: 'who' }, node('strong', { textContent: label ?? number }))
    if (label) who.append(node('span', { textContent: number }))
    const dot = node('span', { className: 'dot', ariaHidden: 'true' })
    const link = node(
      'a',
      { className: 'handset-link', href: `/handset/${number}` },
      dot,
      who,
      node('span', { className: 'state', textContent: stateWords[state] }),
    )
    link.dataset.state = state
    return node('li', {}, link)
  })
  const list = element('handsets')
  const focused = [...list.querySelectorAll('a')].indexOf(document.activeElement)
  list.replaceChildren(...links)
  list.querySelectorAll('a')[focused]?.focus()
}

// One handset.

const clockTime = (value) => new Date(value).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const isLive = ({ status }) => status === 'ringing' || status === 'in-progress'
const ends = {
  queued: 'Coming in',
  ringing: 'Ringing',
  'in-progress': 'In a call',
  completed: 'Answered',
  busy: 'Busy',
  failed: 'Could not be reached',
  'no-answer': 'Not answered',
  canceled: 'The caller gave up',
}

/** The call on the screen: the live one, or the last. */
let shown
let shownCount = 0
let silentUntil
let timer

function endOf({ status, sipResponseCode }) {
  return sipResponseCode === 603 ? 'Declined' : ends[status]
}

function showHandset({ behaviour, calls }) {
  element('behaviour').value = behaviour
  const call = calls.find(({ status }) => status === 'in-progress') ?? calls.find(isLive) ?? calls[0]
  const state = call?.status === 'in-progress' ? 'in-call' : call?.status === 'ringing' ? 'ringing' : 'idle'
  element('phone').dataset.state = state
  showState(call, state)
  showSaid(call)
  showActions(state)
  showKeys(call, state)
  showEarlier(calls)
  ring(state === 'ringing')
  document.title = `${state === 'ringing' ? '☎ Ringing · ' : ''}${number} · carrier in a box`
}

function showState(call, state) {
  clearInterval(timer)
  const said = element('state')
  const say = (text) => {
    if (said.textContent !== text) said.textContent = text
  }
  element('from').textContent = state === 'idle' ? (call ? `${endOf(call)} · ${clockTime(call.endedAt ?? call.createdAt)}` : '') : `from ${call.from}`
  if (state === 'idle') return say('Waiting for a call')
  if (state === 'ringing') return say('Incoming call')
  say('In a call')
  const length = () => {
    const seconds = Math.max(0, Math.round((Date.now() - call.answeredAt) / 1000))
    element('from').textContent = `from ${call.from} · ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  }
  length()
  timer = setInterval(length, 1000)
}

function showSaid(call) {
  const list = element('said')
  if (call?.sid !== shown?.sid) {
    list.replaceChildren()
    shownCount = 0
    // What was said before the page was opened is shown but not spoken again.
    silentUntil = shown === undefined && call !== undefined ? call.heard.length : 0
    if (shown !== undefined) window.speechSynthesis?.cancel()
  }
  const heard = call?.heard ?? []
  const first = list.children.length
  for (const { text, language, at } of heard.slice(shownCount)) {
    const said = node('p', { lang: language, className: /^\d( \d)+$/.test(text) ? 'is-digits' : '' }, text)
    const when = `${clockTime(at)} · ${language}`
    if (list.lastElementChild?.dataset.when !== when) said.prepend(node('time', { dateTime: at, lang: 'en', textContent: when }))
    said.dataset.when = when
    list.append(said)
    if (shownCount >= silentUntil) speak(text, language)
    shownCount += 1
  }
  // To the first of what is new: all of a step is said at once, and its beginning must not be missed.
  const news = list.children[first]
  if (news) list.scrollTop = news.offsetTop - list.offsetTop
  if (shown?.sid === call?.sid && shown?.status === 'in-progress' && hungUp === call?.sid) window.speechSynthesis?.cancel()
  shown = call
  element('empty').hidden = heard.length > 0
}

function showActions(state) {
  const visible = { idle: [], ringing: ['decline', 'busy', 'answer'], 'in-call': ['hang-up'] }[state]
  const buttons = [...element('actions').children]
  const lost = buttons.includes(document.activeElement) && !visible.includes(document.activeElement.dataset.action)
  for (const button of buttons) button.hidden = !visible.includes(button.dataset.action)
  // Never on to another button: whoever presses twice must not hang up.
  if (lost) element('said').focus()
}

function showKeys(call, state) {
  const { gathering, keys = [] } = call ?? {}
  const awaited =
    gathering?.numDigits === null ? 'Keys are awaited' : gathering?.numDigits === 1 ? '1 key is awaited' : `${gathering?.numDigits} keys are awaited`
  element('hint').textContent = state !== 'in-call' ? '' : gathering ? awaited : 'Keys are not awaited now'
  const digits = state === 'in-call' ? keys.slice(-10) : []
  element('digits').replaceChildren(
    ...digits.map(({ key, result }) =>
      node(result === 'taken' ? 'span' : 's', { textContent: key, title: result === 'taken' ? '' : 'discarded: no keys were awaited' }),
    ),
  )
}

function showEarlier(calls) {
  const items = calls.map((call) => {
    const how = node('span', { className: 'how', textContent: endOf(call) })
    if (call.sentDigits) how.append(node('span', { textContent: `extension: ${call.sentDigits}` }))
    if (call.fault) how.append(node('span', { textContent: `ended by the carrier, ${call.fault}` }))
    return node(
      'li',
      {},
      how,
      node('time', { className: 'when', dateTime: new Date(call.createdAt).toISOString(), textContent: clockTime(call.createdAt) }),
    )
  })
  element('earlier').replaceChildren(...items)
  element('none').hidden = items.length > 0
}

let hungUp

async function send(method, path, body) {
  element('error').textContent = ''
  try {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' }
    const response = await fetch(`/handsets/${number}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
    if (!response.ok) element('error').textContent = (await response.json()).error
  } catch {
    element('error').textContent = 'The carrier did not answer. Is it still running?'
  }
}

/** Keys go out one after the other, in the order they were pressed. */
let keys = Promise.resolve()

function press(key) {
  const button = document.querySelector(`[data-key="${key}"]`)
  button.classList.add('pressed')
  setTimeout(() => button.classList.remove('pressed'), 120)
  beep(key)
  const { sid, status } = shown ?? {}
  if (status !== 'in-progress') {
    element('error').textContent = 'Nobody is on the line: keys work in a call.'
    return
  }
  keys = keys.then(() => send('POST', `/calls/${sid}/keys`, { keys: key }))
}

// Sounds: none before the person has touched the page, as browsers want it.

let audio
let ringing

function unlock() {
  audio ??= new AudioContext()
  audio.resume()
}

function sound(frequencies, start, seconds, loudness) {
  const gain = audio.createGain()
  gain.gain.setValueAtTime(0, start)
  gain.gain.linearRampToValueAtTime(loudness, start + 0.02)
  gain.gain.setValueAtTime(loudness, start + Math.max(0.03, seconds - 0.05))
  gain.gain.linearRampToValueAtTime(0, start + seconds)
  gain.connect(audio.destination)
  for (const frequency of frequencies) {
    const oscillator = new OscillatorNode(audio, { frequency })
    oscillator.connect(gain)
    oscillator.start(start)
    oscillator.stop(start + seconds)
  }
}

function ring(on) {
  if (on === (ringing !== undefined)) return
  clearInterval(ringing)
  ringing = undefined
  if (!on) return
  const once = () => {
    if (audio?.state !== 'running' || !element('tone').checked) return
    sound([440, 480], audio.currentTime, 0.4, 0.03)
    sound([440, 480], audio.currentTime + 0.6, 0.4, 0.03)
  }
  once()
  ringing = setInterval(once, 3000)
}

const rows = [697, 770, 852, 941]
const columns = [1209, 1336, 1477]

function beep(key) {
  if (audio?.state !== 'running') return
  const place = '123456789*0#'.indexOf(key)
  sound([rows[Math.floor(place / 3)], columns[place % 3]], audio.currentTime, 0.12, 0.04)
}

function speak(text, language) {
  if (!element('speech').checked || !('speechSynthesis' in window)) return
  const utterance = new SpeechSynthesisUtterance(text)
  // Browsers know Mandarin as zh-CN.
  utterance.lang = language.replace(/^cmn\b/, 'zh')
  const voice = speechSynthesis.getVoices().find(({ lang }) => lang.replace('_', '-').toLowerCase() === utterance.lang.toLowerCase())
  if (voice) utterance.voice = voice
  speechSynthesis.speak(utterance)
}

function remember(id) {
  const box = element(id)
  const kept = localStorage.getItem(`handset ${id}`)
  if (kept !== null) box.checked = kept === 'on'
  box.addEventListener('change', () => localStorage.setItem(`handset ${id}`, box.checked ? 'on' : 'off'))
}

function startHandset() {
  remember('speech')
  remember('tone')
  element('speech').addEventListener('change', ({ target }) => {
    if (!target.checked) window.speechSynthesis?.cancel()
  })
  element('behaviour').addEventListener('change', ({ target }) => send('PUT', '', { behaviour: target.value }))
  element('actions').addEventListener('click', ({ target }) => {
    const action = target.closest('button')?.dataset.action
    if (action === 'hang-up') hungUp = shown.sid
    if (action) send('POST', `/calls/${shown.sid}/${action}`)
  })
  document.querySelector('.keypad').addEventListener('click', ({ target }) => {
    const key = target.closest('button')?.dataset.key
    if (key) press(key)
  })
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest('select, input[type="tel"]')) return
    if (/^[\d*#]$/.test(event.key)) press(event.key)
  })
  for (const gesture of ['pointerdown', 'keydown']) document.addEventListener(gesture, unlock, { once: true })
  showActions('idle')
  follow(`/handsets/${number}/events`, showHandset)
}

if (page === 'handset') startHandset()
else follow('/events', showHandsets)
