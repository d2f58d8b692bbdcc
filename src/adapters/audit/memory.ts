// The audit trail in memory: for tests, which read what was written as it was given.
import type { AuditEntry, AuditLog } from '../../ports/audit-log.ts'

export interface MemoryAuditLog extends AuditLog {
  /** What was written, oldest first. */
  readonly entries: readonly AuditEntry[]
}

export function memoryAuditLog(): MemoryAuditLog {
  const entries: AuditEntry[] = []
  return { entries, write: (entry) => void entries.push({ ...entry }) }
}
