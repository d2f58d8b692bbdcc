// What the package offers to somebody who runs an oidc-provider of his own.

export { jsonLinesAuditLog } from './adapters/audit/json-lines.ts'
export { memoryAuditLog } from './adapters/audit/memory.ts'
export { memoryRecords } from './adapters/records/memory.ts'
export { sqliteRecords } from './adapters/records/sqlite.ts'
export { type Database, openDatabase } from './adapters/sqlite-database.ts'
export { type TwilioGatewayOptions, twilioGateway } from './adapters/voice/twilio/gateway.ts'
export type { CallStep, CarrierOutcome, Utterance } from './domain/call-script.ts'
export type { CodeKey, Mode } from './domain/code.ts'
export { defaultLimits, type Limits } from './domain/guard.ts'
export type { PhoneBinding } from './domain/phone-binding.ts'
export { defaultStepUpPolicy, type Level, levelAcr, type StepUpPolicy } from './domain/policy.ts'
export type { Refusal, RefusalReason } from './domain/refusal.ts'
export type { PhoneFactor } from './phone-factor.ts'
export { type PhoneStepUp, type PhoneStepUpOptions, phoneStepUp } from './plugin.ts'
export type { AuditEntry, AuditLog } from './ports/audit-log.ts'
export { type Clock, systemClock } from './ports/clock.ts'
export type { Log } from './ports/log.ts'
export type { Phones } from './ports/phones.ts'
export type { Next, OpenRecords, Records } from './ports/records.ts'
export {
  CallRefused,
  type GatewayHealth,
  type OutgoingCall,
  type PlacedCall,
  type ReportVoiceEvent,
  type VoiceEvent,
  type VoiceGateway,
  type VoiceWebhooks,
  type WebhookAnswer,
  type WebhookRequest,
} from './ports/voice-gateway.ts'
export { type Simulator, type SimulatorOptions, startSimulator } from './simulator/server.ts'
