/**
 * What the doctor found, as plain data: it can be printed, shared as JSON, or asked by a program.
 *
 * Findings name no user, no host and no directory of a person, since reports are made to be shared.
 *
 * @module
 */

/** Plain data that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * How much a finding matters: `ok` (good), `note` (good to know), `warning` (something is lost), `problem` (a guest
 * cannot run, or not a stock one).
 */
export type Status = "ok" | "note" | "warning" | "problem";

/** One thing looked at. */
export interface Finding {
  /** Name for programs, such as `kvm.device`; it does not change between releases. */
  readonly id: string;
  /** Name for people. */
  readonly title: string;
  /** How much it matters. */
  readonly status: Status;
  /** What was found. */
  readonly found: string;
  /** What to do about it; may have several lines. */
  readonly remedy?: string;
  /** The figures behind the words. */
  readonly data?: Json;
}

/** Findings that belong together. */
export interface Section {
  /** Heading for people. */
  readonly title: string;
  /** In the order in which they are told. */
  readonly findings: readonly Finding[];
}

/** What this host's KVM can do for us. */
export interface KvmVerdict {
  /** There is a `/dev/kvm` that this process can use. */
  readonly available: boolean;
  /** Why it is not available, in one sentence. */
  readonly reason?: string;
  /** What to do to make it available. */
  readonly remedy?: string;
  /** Unmodified kernels run; false also when there is no KVM, or when it could not be tried. */
  readonly runsStockKernels: boolean;
  /** Kernel-mode code is interpreted by KVM (`kvm_pvm`): slow, and not complete. */
  readonly interpretsKernelMode: boolean;
}

/** What {@linkcode KvmVerdict} means in one word. */
export type Ability = "stock-kernels" | "payloads" | "nothing";

/** A command to type, and what it does here. */
export interface NextCommand {
  /** The command line. */
  readonly command: string;
  /** A few words. */
  readonly does: string;
}

/** Everything that the doctor found. */
export interface DoctorReport {
  /** Version of this shape. */
  readonly format: "denovisor-doctor/1";
  /** What this host's KVM can do. */
  readonly verdict: KvmVerdict;
  /** The same in one word. */
  readonly ability: Ability;
  /** One sentence: what this host can do. */
  readonly summary: string;
  /** What to type next, the likeliest first. */
  readonly next: readonly NextCommand[];
  /** All findings. */
  readonly sections: readonly Section[];
  /** Milliseconds that the examination took. */
  readonly tookMs: number;
}

type Extra = Pick<Finding, "remedy" | "data">;

/** Makes findings of one section: `const { ok, problem } = findings("kvm")`. */
export function findings(
  section: string,
): Record<Status, (id: string, title: string, found: string, extra?: Extra) => Finding> {
  const make = (status: Status) => (id: string, title: string, found: string, extra: Extra = {}): Finding => (
    { id: `${section}.${id}`, title, status, found, ...extra }
  );
  return { ok: make("ok"), note: make("note"), warning: make("warning"), problem: make("problem") };
}

/** What a verdict means in one word. */
export function abilityOf(verdict: KvmVerdict): Ability {
  if (!verdict.available) return "nothing";
  return verdict.runsStockKernels ? "stock-kernels" : "payloads";
}

const CONCLUSIONS: Readonly<Record<Ability, Pick<DoctorReport, "summary" | "next">>> = {
  "stock-kernels": {
    summary: "This host can: run stock kernels.",
    next: [{ command: "denovisor demo", does: "boots Debian's kernel to a shell" }],
  },
  "payloads": {
    summary:
      "This host can: run payloads and the embedded guest only. Stock kernels run in the lab, a nested machine.",
    next: [
      { command: "denovisor demo", does: "boots Debian's kernel to a shell, in the lab" },
      { command: "denovisor run", does: "starts the embedded guest, on this host" },
    ],
  },
  "nothing": {
    summary: "This host can: run nothing without the lab, a nested machine that has a KVM of its own.",
    next: [{ command: "denovisor demo", does: "boots Debian's kernel to a shell, in the lab" }],
  },
};

/** The summary line and the next commands. */
export function conclude(verdict: KvmVerdict): Pick<DoctorReport, "ability" | "summary" | "next"> {
  const ability = abilityOf(verdict);
  return { ability, ...CONCLUSIONS[ability] };
}
