/**
 * Hosts that do not exist, and a `/dev/kvm` that answers as a test wants.
 *
 * @module
 */

import { KernelError } from "../../../ffi/errno.ts";
import { CpuidTable } from "../../../ffi/kvm/cpuid_table.ts";
import type { FileFacts, Host } from "../../../src/doctor/host.ts";
import type { KvmDevice } from "../../../src/doctor/probe/machine.ts";

/** What differs from a Linux host on x86-64 that has nothing, as an ordinary user with all permissions. */
export interface FakeHost extends Partial<Omit<Host, "text" | "stat" | "hasTool" | "tryOpen">> {
  readonly files?: Readonly<Record<string, string>>;
  readonly nodes?: Readonly<Record<string, Partial<FileFacts>>>;
  readonly tools?: readonly string[];
  /** errno of opening a path; ENOENT for the others. 0 opens. */
  readonly opens?: Readonly<Record<string, number>>;
}

export function fakeHost({ files = {}, nodes = {}, tools = [], opens = {}, ...rest }: FakeHost = {}): Host {
  return {
    os: "linux",
    arch: "x86_64",
    release: "6.12.0",
    uid: 1000,
    processors: 4,
    versions: { deno: "2.9.6", v8: "15", typescript: "6" },
    libc: () => "glibc 2.41",
    permitted: () => true,
    text: (path) => files[path],
    stat: (path) => nodes[path] && { kind: "character device", mode: 0o660, uid: 0, gid: 0, ...nodes[path] },
    hasTool: (name) => Promise.resolve(tools.includes(name)),
    tryOpen: (path) => {
      const errno = opens[path] ?? 2;
      return errno === 0 ? undefined : new KernelError(`open ${path}`, errno);
    },
    ...rest,
  };
}

/** `/proc/cpuinfo` of a processor with these flags. */
export function cpuinfo(...flags: string[]): string {
  return `processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Some CPU\nflags\t\t: fpu ${
    flags.join(" ")
  } sse2\n`;
}

/** A device that opens with an errno. */
export function refuses(errno: number): (path: string) => KvmDevice {
  return (path) => {
    throw new KernelError(`open ${path}`, errno);
  };
}

/** A KVM without virtual machines; `disposed` tells whether it was let go. */
export class FakeKvm implements KvmDevice {
  disposed = false;

  constructor(
    readonly version: number | KernelError = 12,
    readonly capabilities: (capability: number) => number = () => 1,
  ) {}

  apiVersion(): number {
    if (typeof this.version === "number") return this.version;
    throw this.version;
  }
  checkExtension(capability: number): number {
    return this.capabilities(capability);
  }
  vcpuMmapSize(): number {
    return 12288;
  }
  supportedCpuid(): CpuidTable {
    const table = new CpuidTable(1);
    table.add(0x8000_0008).eax = 46;
    return table;
  }
  createVm(): never {
    throw new KernelError("ioctl KVM_CREATE_VM", 16, "another hypervisor holds the processor");
  }
  [Symbol.dispose](): void {
    this.disposed = true;
  }
}
