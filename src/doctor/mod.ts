/**
 * What other parts use of the doctor.
 *
 * @module
 */

export { type DoctorOptions, runDoctor } from "./doctor.ts";
export { formatDoctor, type FormatOptions } from "./format.ts";
export type {
  Ability,
  DoctorReport,
  Finding,
  Json,
  KvmVerdict,
  NextCommand,
  Section,
  Status,
} from "./report.ts";
export { reportText, saveReport } from "./share.ts";
export { probeKvm } from "./verdict.ts";
