// What the bank tells a person when something did not work: what happened, and what to do next.
import type { TransferFailure } from './transfer.ts'

export interface Notice {
  heading: string
  happened: string
  next: string
}

/** Words for an error that the provider answered a sign-in or a step-up with (OAuth 2.0, OpenID Connect, and `unmet_authentication_requirements`). */
export function refusalNotice(error: string): Notice {
  switch (error) {
    case 'access_denied':
      return {
        heading: 'You ended the confirmation',
        happened: 'It was stopped on the sign-in page or on the phone before it was complete.',
        next: 'If that was not you, do not try again: tell the bank. Otherwise you can start over whenever you are ready.',
      }
    case 'unmet_authentication_requirements':
      return {
        heading: 'Your phone could not confirm this',
        happened:
          'The sign-in service could not give the confirmation by phone that we asked for. Perhaps no phone belongs to your account, or it is blocked for now.',
        next: 'Check with the sign-in service which phone it may call, then try again.',
      }
    case 'login_required':
    case 'interaction_required':
      return {
        heading: 'You have to sign in again',
        happened: 'The sign-in service no longer knows you, or needs to ask you something first.',
        next: 'Try again, and sign in when you are asked to.',
      }
    case 'temporarily_unavailable':
    case 'server_error':
      return {
        heading: 'The sign-in service is having trouble',
        happened: 'It reported a fault of its own, so nothing was confirmed.',
        next: 'Wait a minute, then try again.',
      }
    default:
      return {
        heading: 'The confirmation did not work',
        happened: 'The sign-in service answered with something we cannot accept, so nothing was confirmed.',
        next: 'Try again. If it happens once more, tell the bank what stands under "Technical detail".',
      }
  }
}

/** Words for a transfer that was not made. */
export function failureNotice(failure: TransferFailure): Notice {
  switch (failure.reason) {
    case 'not-confirmed':
      return refusalNotice(failure.error)
    case 'someone-else':
      return {
        heading: 'Somebody else came back',
        happened: 'The account that confirmed at the sign-in service is not the one that ordered this transfer.',
        next: 'Try again and sign in with your own account, or sign out here first.',
      }
    case 'not-enough':
      return {
        heading: 'That confirmation was not enough',
        happened: 'You came back from the sign-in service, but without the recent confirmation by phone that a transfer needs.',
        next: 'Try again, and let the sign-in service call you.',
      }
    case 'provider-unreachable':
      return {
        heading: 'The sign-in service did not answer',
        happened: 'You came back to us, but the sign-in service could not be reached to check your confirmation.',
        next: 'Check that it is running, then try again.',
      }
    case 'sign-in-expired':
      return {
        heading: 'Your sign-in has expired',
        happened: 'You have been signed in for a long time.',
        next: 'Sign in again, then order the transfer anew.',
      }
    case 'rejected':
      return { heading: 'The bank did not take this transfer', happened: failure.message, next: 'Change the transfer, or try again later.' }
  }
}

/** Words for a provider that is not there. */
export function unreachableNotice(issuer: string): Notice {
  return {
    heading: 'The sign-in service is not there',
    happened: `The provider is not reachable at ${issuer}.`,
    next: 'Start it, then reload this page.',
  }
}

/** Words for an HTTP status. */
export function statusNotice(status: number): Notice {
  if (status === 404) return { heading: 'No such page', happened: 'There is nothing under this address.', next: 'Go on from the home page.' }
  if (status === 403)
    return {
      heading: 'That came from somewhere else',
      happened: 'We take forms only from our own pages, and this one came from another site.',
      next: 'Nothing was done. Use the form on our page.',
    }
  if (status === 405)
    return { heading: 'That cannot be done here', happened: 'This address does not take that kind of request.', next: 'Go on from the home page.' }
  if (status < 500)
    return {
      heading: 'We could not read that',
      happened: 'The request was malformed or too long, and nothing was done.',
      next: 'Go back and try again.',
    }
  return {
    heading: 'Something broke on our side',
    happened: 'This is a fault of the bank, not of yours.',
    next: 'Try again. If it happens once more, tell us the number of the fault.',
  }
}
