// What the operating system calls a failure.

/** `ENOENT`, `EACCES`, …; 'unknown error' for anything that is not the system's. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
