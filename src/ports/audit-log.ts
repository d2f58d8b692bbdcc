// What an auditor reads later: every decision and every event of a call, without codes and full numbers.

/** One line of the audit trail. `type` is dotted and past tense where it can be: `call.requested`, `code.wrong`, `acr.achieved`. */
export interface AuditEntry {
  type: string
  accountId?: string
  clientId?: string
  challenge?: string
  call?: string
  /** Anything else worth keeping: flat, and never a code, a key press or a full telephone number. */
  [detail: string]: string | number | boolean | undefined
}

export interface AuditLog {
  /** Keeps the entry. A sink that cannot write must throw: what cannot be audited must not happen. */
  write(entry: AuditEntry): void
}
