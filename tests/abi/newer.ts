/**
 * What is used of interfaces newer than the oldest kernel headers that the project is built with (Debian 12's, Linux
 * 6.1). The compiler cannot speak for these where the headers lack them: each is listed with its source, and any
 * compiler that has newer headers checks it all the same.
 *
 * @module
 */

/** A constant that Linux 6.1's headers lack. */
export interface NewerConstant {
  readonly value: number;
  /** The first release that has it. */
  readonly since: string;
  /** Where in that release. */
  readonly source: string;
}

/** Constants by C name. */
export const NEWER_CONSTANTS: Readonly<Record<string, NewerConstant>> = {
  KVM_EXIT_MEMORY_FAULT: { value: 39, since: "6.8", source: "include/uapi/linux/kvm.h" },
};

/** A struct or member that Linux 6.1's headers lack; it is there if the macro `guard` is. */
export interface NewerLayout {
  readonly guard: string;
  readonly since: string;
  readonly source: string;
  /** The struct's size, or the member's. */
  readonly size: number;
  /** Offsets of the fields, or of the member itself under its own name. */
  readonly offsets: Readonly<Record<string, number>>;
}

/** Structs, and members as `struct.member`. */
export const NEWER_LAYOUTS: Readonly<Record<string, NewerLayout>> = {
  kvm_run_memory_fault: {
    guard: "KVM_EXIT_MEMORY_FAULT",
    since: "6.8",
    source: "include/uapi/linux/kvm.h",
    size: 24,
    offsets: { flags: 0, gpa: 8, size: 16 },
  },
  "kvm_run_exit.memory_fault": {
    guard: "KVM_EXIT_MEMORY_FAULT",
    since: "6.8",
    source: "include/uapi/linux/kvm.h",
    size: 24,
    offsets: { memory_fault: 0 },
  },
};
