/**
 * What the exports of `ffi/` are called in C. An export that no rule here covers stops the generator: nothing is left
 * unproved by forgetting it.
 *
 * @module
 */

/** The headers that declare everything, in the order of inclusion. */
export const HEADERS = [
  "errno.h",
  "fcntl.h",
  "poll.h",
  "signal.h",
  "stddef.h",
  "stdio.h",
  "sys/eventfd.h",
  "sys/epoll.h",
  "sys/ioctl.h",
  "sys/mman.h",
  "sys/socket.h",
  "sys/stat.h",
  "sys/types.h",
  "sys/uio.h",
  "sys/un.h",
  "termios.h",
  "time.h",
  "linux/fs.h",
  "linux/ioctl.h",
  "linux/kvm.h",
  "linux/memfd.h",
  "linux/version.h",
] as const;

/** Prefix of each exported table's keys; "" where the keys are the C names themselves. */
export const TABLE_PREFIX: Readonly<Record<string, string>> = {
  CAP: "KVM_CAP_",
  CLOCK: "CLOCK_",
  ERRNO: "",
  EPOLL: "EPOLL",
  EPOLL_CTL: "EPOLL_CTL_",
  EXIT: "KVM_EXIT_",
  FALLOC_FL: "FALLOC_FL_",
  FLUSH: "TC",
  F_OFD: "F_OFD_",
  INTERNAL_ERROR: "KVM_INTERNAL_ERROR_",
  IOEVENTFD_FLAG: "KVM_IOEVENTFD_FLAG_",
  IRQCHIP: "KVM_IRQCHIP_",
  IRQFD_FLAG: "KVM_IRQFD_FLAG_",
  IRQ_ROUTING: "KVM_IRQ_ROUTING_",
  LOCK_TYPE: "F_",
  MADV: "MADV_",
  MAP: "MAP_",
  MP_STATE: "KVM_MP_STATE_",
  MSG: "MSG_",
  POLL: "POLL",
  SOCK: "SOCK_",
  S_IF: "S_IF",
  SYSTEM_EVENT: "KVM_SYSTEM_EVENT_",
  SYSTEM_IOCTL: "",
  TTY_IOCTL: "",
  VCPU_IOCTL: "",
  VM_IOCTL: "",
};

/** Exported numbers whose C name, or expression in parentheses, differs from their own. */
export const CONSTANT_NAME: Readonly<Record<string, string>> = {
  CPUID_SIGNIFICANT_INDEX: "KVM_CPUID_FLAG_SIGNIFCANT_INDEX",
  EFD_FLAGS: "(EFD_CLOEXEC | EFD_NONBLOCK)",
  EMULATION_FLAG_INSTRUCTION_BYTES: "KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES",
  IO_OUT: "KVM_EXIT_IO_OUT",
  KICK_SIGNAL: "(SIGRTMIN + 6)",
  PIT_SPEAKER_DUMMY: "KVM_PIT_SPEAKER_DUMMY",
  PROT_READ_WRITE: "(PROT_READ | PROT_WRITE)",
  SOCKET_PATH_MAX: "(sizeof(((struct sockaddr_un *)0)->sun_path) - 1)",
};

/**
 * Numbers of `ffi/` that need no proof of their own: no interface of the kernel or of libc, or a part of every ioctl
 * request, which are proved.
 */
export const NOT_ABI: ReadonlySet<string> = new Set([
  ...["BACKLOG", "SET_CAPACITY", "WAIT_CAPACITY", "TERMIOS_ROOM"],
  ...["KVM", "MAX_CPUID_ENTRIES", "READ", "WRITE"],
  ...["ALIGNMENT_BITS", "HIGH", "STAT_BLOCK"],
]);

/** Members of `kvm_run` that our struct's name does not tell by itself. */
const KVM_RUN_MEMBER: Readonly<Record<string, string>> = { kvm_run_exception: "ex" };

/** Those of our aggregates that are unions by name in C too. */
const UNIONS: ReadonlySet<string> = new Set(["epoll_data"]);

/** The C type of a struct: our name is its tag, except for the members of `kvm_run`, which have none. */
export function cType(name: string): string {
  if (UNIONS.has(name)) return `union ${name}`;
  if (!name.startsWith("kvm_run_")) return `struct ${name}`;
  return `__typeof__(((struct kvm_run *)0)->${KVM_RUN_MEMBER[name] ?? name.slice("kvm_run_".length)})`;
}

/** Fields with another C name: anonymous unions named here, and members that C wraps once more. */
export const FIELD_NAME: Readonly<Record<string, string>> = {
  "kvm_run.s": "s.padding",
  "sigaction.sa_mask": "sa_mask.__val",
};

/**
 * The anonymous union of `kvm_run`, which has no type to take the size of: its size is that of `padding`, the member
 * that fixes it, its start that of any member.
 */
export const ANONYMOUS = {
  struct: "kvm_run_exit",
  owner: "kvm_run",
  field: "exit",
  padding: "padding",
} as const;
