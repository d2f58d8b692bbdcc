// What counts as this machine: the simulator shows what is said in calls to anyone who looks, so nothing of it may leave or enter from elsewhere.

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Whether a text is an absolute http or https URL on this machine, without credentials in it. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return false
  return (url.protocol === 'http:' || url.protocol === 'https:') && loopbackNames.has(url.hostname)
}

/** Whether a `Host` header names this machine. Any other name is DNS rebinding: a page from elsewhere that resolves its own name to 127.0.0.1. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(host)
}
