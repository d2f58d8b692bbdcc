// Every word that the pages show, one object per language. Another language is a copy of `en` that the compiler checks.
import type { PageState } from '../domain/challenge.ts'
import type { Mode } from '../domain/code.ts'
import type { RefusalReason } from '../domain/refusal.ts'
import type { FinishedKind, SignInPage } from './page-models.ts'

/** What happened, and what to do now. `nextKeyed` replaces `next` in mode `keyed`. */
export interface StateWords {
  title: string
  next: string
  nextKeyed?: string
}

/** What a refusal's sentence may mention. */
export interface RefusalFacts {
  codeDigits: number
  triesLeft?: number
  /** `in 4 minutes`; absent where waiting does not help. */
  wait?: string
}

const states: Record<PageState, StateWords> = {
  idle: { title: 'We will call you', next: 'Have your phone with you, then ask for the call.' },
  dialling: { title: 'Calling your phone', next: 'It will ring in a moment.' },
  ringing: { title: 'Your phone is ringing', next: 'Answer it, and keep this page in view.' },
  answered: {
    title: 'You are on the line',
    next: 'Wait until the voice asks for the digits below. Then key them on your phone.',
    nextKeyed: 'Wait until the voice asks for the code below. Then key it on your phone.',
  },
  'gate-passed': { title: 'Thank you. Now listen', next: 'The voice tells you your code, twice. The field for it appears here.' },
  told: { title: 'Type the code you heard', next: 'You may hang up. The code works once, and only on this page.' },
  completed: { title: 'The call has ended', next: 'If you still have to confirm, ask for another call.' },
  busy: { title: 'Your line is busy', next: 'End the other call, then ask us to call again.' },
  declined: { title: 'The call was declined', next: 'If you did not mean to decline it, ask us to call again.' },
  'no-answer': { title: 'Nobody answered', next: 'Have your phone within reach, then ask us to call again.' },
  unreachable: { title: 'Your phone cannot be reached', next: 'See that it is switched on and has a signal, then ask us to call again.' },
  'invalid-number': {
    title: 'This number cannot be called',
    next: 'Choose another phone. If you have none, ask whoever looks after your account to correct the number.',
  },
  'wrong-gate': {
    title: 'Those were not the digits on this page',
    next: 'To be safe we ended the call. Ask for another one; it comes with new digits.',
  },
  'nothing-keyed': {
    title: 'We received no keys',
    next: 'Ask us to call again, and key the digits once the voice has asked for them.',
    nextKeyed: 'Ask us to call again, and key the code once the voice has asked for it.',
  },
  'hung-up': {
    title: 'The call ended too early',
    next: 'Ask us to call again, and stay on the line until you have heard the code.',
    nextKeyed: 'Ask us to call again, and stay on the line until the voice says that you are confirmed.',
  },
  machine: { title: 'A machine answered', next: 'We never leave a code with a machine. Ask us to call again, and answer the phone yourself.' },
  forwarded: { title: 'The call was forwarded', next: 'We only speak to the phone itself. Switch forwarding off, or choose another phone.' },
  'gateway-down': { title: 'We could not place the call', next: 'The fault is ours, not yours. Wait a minute, then ask us to call again.' },
  confirmed: { title: 'You are confirmed', next: 'Nothing more to do here.' },
  'wrong-code': { title: 'That was not the code, too many times', next: 'To be safe we ended this attempt. Another call comes with a new code.' },
  expired: { title: 'The time has run out', next: 'The code no longer works. Another call comes with a new one.' },
  cancelled: { title: 'This attempt was ended', next: 'Nothing was confirmed.' },
  reported: {
    title: 'We stopped it',
    next: 'Thank you for telling us. Nothing was confirmed, and for now nothing will be. If somebody may know your password, change it.',
  },
}

const refusals: Record<RefusalReason, (facts: RefusalFacts) => string> = {
  'no-phone': () => 'There is no phone on your account that we may call. Ask whoever looks after your account to add one.',
  'unknown-phone': () => 'That phone is not on your account. Choose one of those below.',
  'mode-not-allowed': () => 'That way of confirming is not offered here. Choose one of those below.',
  'factor-blocked': ({ wait }) =>
    wait
      ? `Confirming by phone is blocked for your account. You can try again ${wait}.`
      : 'Confirming by phone is blocked for your account. Ask whoever looks after it for help.',
  'too-many-calls': ({ wait }) =>
    wait
      ? `We have called you several times already. You can ask for the next call ${wait}.`
      : 'We have called you several times already. No more calls are possible for now.',
  'challenge-elsewhere': () =>
    'A call for your account is in progress from another place. Finish or end it there first. If that is not you, change your password: somebody may know it.',
  'no-challenge': () => 'There is no call to confirm yet. Ask for the call first.',
  'challenge-over': () => 'That attempt has ended. Ask for another call.',
  'not-told-yet': () => 'You have not been told the code yet. Answer the call and follow the voice.',
  'wrong-mode': () => 'This code is keyed on your phone, not typed here.',
  'malformed-code': ({ codeDigits }) => `The code has ${codeDigits} digits. Look at what you typed, and try again.`,
  'wrong-code': ({ triesLeft }) => `That is not the code.${triesLeft === undefined ? '' : ` You have ${tries(triesLeft)} left.`}`,
}

const finished: Record<FinishedKind, { title: string; text: (client: string) => string }> = {
  'signed-in': { title: 'You are signed in', text: (client) => `We are taking you to ${client}.` },
  confirmed: { title: 'You are confirmed', text: (client) => `We are taking you back to ${client}.` },
  consented: { title: 'Thank you', text: (client) => `We are taking you to ${client}.` },
  cancelled: { title: 'You gave up', text: (client) => `Nothing was confirmed. We are taking you back to ${client}.` },
  reported: { title: 'We stopped it', text: (client) => `Nothing was confirmed. We are taking you back to ${client}.` },
  unmet: { title: 'You could not be confirmed', text: (client) => `We are taking you back to ${client}.` },
  'signed-out': { title: 'You are signed out', text: (client) => `We are taking you back to ${client}.` },
  stayed: { title: 'You are still signed in here', text: (client) => `We are taking you back to ${client}.` },
}

const signInProblems: Record<NonNullable<SignInPage['problem']>, string> = {
  wrong: 'User name and password do not belong together. Look at both, and try again.',
  busy: 'Many people are signing in right now. Wait a few seconds, and try again.',
  missing: 'Something is missing. Fill in every field.',
}

const modes: Record<Mode, { name: string; text: string }> = {
  spoken: { name: 'Hear a code', text: 'The voice tells you a code. You type it here.' },
  keyed: { name: 'Key a code', text: 'This page shows a code. You key it on your phone.' },
}

const stepNames: Record<Mode, string[]> = {
  spoken: ['Answer', 'Key the digits', 'Type the code'],
  keyed: ['Answer', 'Key the code'],
}

const en = {
  lang: 'en',
  dir: 'ltr',
  promise: 'A call to the phone you already have.',
  promiseDetail: 'No app, no text message. And nobody of ours will ever ask you for a code.',
  states,
  refusals,
  /** How long until something is possible again. */
  wait: (seconds: number) => `in ${duration(seconds)}`,
  signIn: {
    title: 'Sign in',
    lead: (client: string) => `to continue to ${client}`,
    problems: signInProblems,
    username: 'User name',
    password: 'Password',
    show: 'Show',
    hide: 'Hide',
    showPassword: 'Show password',
    submit: 'Sign in',
    cancel: (client: string) => `Cancel and return to ${client}`,
  },
  consent: {
    title: (client: string) => `May ${client} see this?`,
    lead: (client: string) => `${client} asks for the following from your account.`,
    /** What the usual scopes let a client see; another is shown by its name. */
    scopes: {
      openid: { name: 'Who you are', description: 'An identifier of your account, so that it knows you again.' },
      offline_access: { name: 'Your account while you are away', description: 'It may come back for what you allow here without asking you again.' },
    } satisfies Record<string, { name: string; description: string }>,
    signedInAs: (username: string) => `You are signed in as ${username}.`,
    allow: 'Allow',
    cancel: 'Do not allow',
  },
  phone: {
    title: (client: string) => `Confirm for ${client}`,
    contested: 'Somebody just asked for another call to you, from another place. If that was not you, choose “This was not me”.',
    gateHeading: 'Key these digits on your phone',
    codeHeading: 'Key this code on your phone',
    modes,
    steps: 'Steps',
    stepNames,
    stepDone: 'done',
    called: 'Your phone',
    callFrom: 'We call from',
    timeLeft: 'Time left',
    /** The script fills it in too. */
    timeFormat: '{minutes} min {seconds} s',
    timeWarning: 'Less than 20 seconds left. If you need more time, ask for another call.',
    endingIn: (digits: string) => `ending in ${digits}`,
    code: (digits: number) => `Your ${digits}-digit code`,
    codeFormat: (digits: number) => `${digits} digits`,
    codeHelp: 'Type it only here. Nobody of ours will ever ask you for it.',
    triesLeft: (left: number) => `You have ${tries(left)} left.`,
    verify: 'Confirm',
    whichPhone: 'Which phone?',
    whichMode: 'How do you want to confirm?',
    otherWays: 'Another phone, another way',
    notHeard: 'Did you not hear it?',
    call: 'Call me',
    callAgain: 'Call again',
    notNow: 'We cannot call you right now',
    notNowNext: 'No calls are possible for your account at the moment.',
    mayCall: (wait: string) => `You can ask for a call again ${wait}.`,
    refresh: 'Refresh this page',
    continue: 'Continue',
    giveUp: (client: string) => `Give up and return to ${client}`,
    leave: (client: string) => `Return to ${client}`,
    notMe: 'This was not me',
    notMeHelp: '“This was not me” stops the sign-in and blocks confirming by phone for a while.',
  },
  noPhone: {
    title: 'There is no phone on your account',
    text: (client: string) => `${client} asks us to confirm you by a phone call, and we have no number of yours to call.`,
    next: 'Ask whoever looks after your account to add your phone.',
  },
  finished,
  continueTo: (client: string) => `Continue to ${client}`,
  returnTo: (client: string) => `Return to ${client}`,
  alreadyFinished: {
    title: 'This sign-in is already finished',
    text: 'It has done its work, and cannot be used a second time.',
    next: 'You can close this page, or go back to where you started.',
  },
  sessionNotFound: {
    title: 'We cannot find this sign-in',
    text: 'It may have expired, or it was started in another browser.',
    next: 'Go back to where you started, and sign in again.',
  },
  error: {
    title: 'Something went wrong on our side',
    text: 'It was not your doing, and nothing was confirmed.',
    next: 'Go back to where you started, and try again. If it happens again, tell us this number:',
  },
  oidcError: {
    title: 'This request cannot be answered',
    text: 'The application that sent you here asked for something it may not have, or asked in a way we do not understand.',
    next: 'Go back to the application. Whoever looks after it will want to know this:',
  },
  logout: {
    title: (brand: string) => `Sign out of ${brand}?`,
    text: (client: string | undefined) =>
      client ? `${client} asks to sign you out. Other applications will ask you to sign in again.` : 'Applications will ask you to sign in again.',
    yes: 'Sign out',
    no: 'Stay signed in',
  },
  loggedOut: {
    title: 'You are signed out',
    text: (client: string | undefined) => (client ? `You have left ${client}.` : 'You can close this page.'),
  },
  notFound: {
    title: 'There is nothing here',
    text: 'The address may have been mistyped, or the page has moved.',
    next: 'Go back to where you started.',
  },
  home: {
    title: (brand: string) => `This is ${brand}`,
    text: 'An OpenID Connect provider that calls you: where it matters, we ring the phone on an account before we say that it is you.',
    next: 'There is nothing to do on this page. Start at the application you want to use.',
    issuer: 'Issuer',
    discovery: 'Discovery document',
    links: 'Try it',
  },
}

/** In the largest unit that says it well, never too short. */
function duration(seconds: number): string {
  if (seconds < 100) return count(Math.max(1, seconds), 'second')
  if (seconds < 100 * 60) return count(Math.ceil(seconds / 60), 'minute')
  return count(Math.ceil(seconds / 3600), 'hour')
}

function tries(left: number): string {
  return left === 1 ? 'one try' : `${left} tries`
}

function count(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

export type PageWords = typeof en

/** The languages the pages can be shown in. */
export const pageWords = { en } satisfies Record<string, PageWords>

export type PageLanguage = keyof typeof pageWords
