// What the program tells its operators. pino's loggers fit.

type Write = (details: Record<string, unknown>, message: string) => void

export interface Log {
  info: Write
  warn: Write
  error: Write
}

/** For embedding without a log. */
export const silentLog: Log = { info() {}, warn() {}, error() {} }
