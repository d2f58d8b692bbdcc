// Addresses in a configuration: which of them are this machine, and which are fit for what.

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]'])

/** What is wrong with a value, without repeating it, and what to do. */
export interface Fault {
  problem: string
  remedy: string
}

/** Whether an address is on this machine, where nobody can listen in. */
export function isLoopbackUrl(text: string): boolean {
  return loopbackNames.has(URL.parse(text)?.hostname ?? '')
}

/** Whether a provider of this issuer serves this machine only: what is made for development is allowed there, and nowhere else. */
export function isLoopbackIssuer(issuer: string): boolean {
  return isLoopbackUrl(issuer)
}

/** An address that secrets may travel to: https, or http on this machine. No credentials, wildcards or fragment in it (RFC 9700, sections 2.1 and 2.6). */
export function secureUrlFault(text: string): Fault | undefined {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return { problem: 'is not an absolute address', remedy: 'write it in full, beginning with https://' }
  }
  if (url.protocol === 'http:' && !isLoopbackUrl(text)) {
    return { problem: 'is not https', remedy: 'use https://; plain http is for localhost, 127.0.0.1 and [::1]' }
  }
  if (url.username !== '' || url.password !== '') {
    return { problem: 'has a user name or password in it', remedy: 'leave out everything between // and @' }
  }
  if (text.includes('#')) return { problem: 'has a fragment', remedy: 'leave out # and what follows it' }
  if (text.includes('*')) return { problem: 'has a wildcard, and addresses are compared exactly', remedy: 'list every address by itself' }
  return undefined
}

/** An issuer: scheme, host and port alone, spelled as every URL parser spells them, because relying parties compare it letter by letter. */
export function issuerFault(text: string): Fault | undefined {
  const fault = secureUrlFault(text)
  if (fault !== undefined || URL.parse(text)?.origin === text) return fault
  return {
    problem: 'is more than scheme, host and port',
    remedy: 'write it like https://id.example.com: in lower case, without a path, a slash at the end or the default port',
  }
}

/** An address that paths are appended to. */
export function baseUrlFault(text: string): Fault | undefined {
  const fault = secureUrlFault(text)
  if (fault !== undefined || !/[?]|\/$/.test(text)) return fault
  return { problem: 'has a query or ends in a slash', remedy: 'leave both out: paths are appended to it' }
}

/** Where webhooks are served: under a path of their own, or they would stand in front of everything else. */
export function webhookUrlFault(text: string): Fault | undefined {
  const fault = baseUrlFault(text)
  if (fault !== undefined || URL.parse(text)?.pathname !== '/') return fault
  return { problem: 'has no path', remedy: 'add one that is used for nothing else, like /voice' }
}

/** The identifier of a protected resource (RFC 8707, section 2): an absolute URI without a fragment. */
export function resourceFault(text: string): Fault | undefined {
  if (URL.parse(text) === null || /\s/.test(text)) return { problem: 'is not an absolute URI', remedy: 'write it like https://api.example.com' }
  if (text.includes('#')) return { problem: 'has a fragment', remedy: 'leave out # and what follows it (RFC 8707)' }
  return undefined
}
