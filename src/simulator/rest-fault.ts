// The errors of Twilio's REST API that this carrier gives, with Twilio's codes, statuses and form.

const faults = {
  20001: { status: 400, message: 'A parameter is missing or has a value that it cannot have.' },
  20003: { status: 401, message: 'Authenticate' },
  20404: { status: 404, message: 'The requested resource was not found' },
  20500: { status: 500, message: 'An internal server error has occurred' },
  21201: { status: 400, message: "No 'To' number is specified" },
  21205: { status: 400, message: 'Url is not a valid URL: this carrier calls back to localhost, 127.0.0.1 and [::1] only' },
  21206: { status: 400, message: 'SendDigits is not valid' },
  21208: { status: 400, message: 'Timeout is not valid' },
  21209: { status: 400, message: 'Method is not valid: it is GET or POST' },
  21211: { status: 400, message: "The 'To' number is not a valid phone number" },
  21212: { status: 400, message: "The 'From' number is not a valid phone number" },
  21213: { status: 400, message: "No 'From' number is specified" },
  21215: { status: 400, message: 'Account not authorized to call this number: its country is not among the geographic permissions' },
  21220: { status: 400, message: 'Call is not in-progress. Cannot redirect.' },
} as const

export type RestFaultCode = keyof typeof faults

export class RestFault extends Error {
  override readonly name = 'RestFault'
  readonly code: RestFaultCode
  readonly status: number
  constructor(code: RestFaultCode, message: string = faults[code].message) {
    super(message)
    this.code = code
    this.status = faults[code].status
  }
}

export function restFaultBody(fault: RestFault): { code: number; message: string; more_info: string; status: number } {
  return { code: fault.code, message: fault.message, more_info: `https://www.twilio.com/docs/errors/${fault.code}`, status: fault.status }
}
