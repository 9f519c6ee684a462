/**
 * Who boots the kernel, and with which command line.
 *
 * @module
 */

/** One boot: seconds from the exec to user space's first line, and the guest's uptime then. */
export interface BootSample {
  readonly wall: number;
  readonly guest: number;
}

/** Names of the contestants. */
export type ContestantName = "denovisor" | "smallPages" | "microvm" | "pc";

/** The boots of each, round by round; missing for one that is not installed or cannot be had here. */
export type BootSamples = Partial<Record<ContestantName, BootSample[]>>;

/** What `boot_rounds.ts` leaves behind. */
export interface BootResults {
  readonly samples: BootSamples;
  /** The host's setting of {@linkcode SHARED_HUGE_PAGES}. */
  readonly setting: string;
}

/**
 * Whether memfds, which our guests' memory is, get huge pages: `advise`, as in the lab and as `denovisor doctor` advises,
 * gives them to who asks; stock hosts have `never`. QEMU's anonymous memory gets them anyway.
 */
export const SHARED_HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";

/** A way to boot. */
export interface BootContestant {
  /** For the table. */
  readonly than: string;
  /** What {@linkcode SHARED_HUGE_PAGES} is set to for it: in the lab only, where the setting is ours to change. */
  readonly setting?: string;
  /** Program and arguments; `tree` is the directory of our own files. */
  command(kernel: string, initrd: string, tree: string): readonly string[];
}

const MEMORY = "512M";
/** The same for all; the console says nothing until user space does. */
const CMDLINE = "console=ttyS0 quiet panic=-1 denovisor.poweroff";

/** All of them. */
export const CONTESTANTS: Readonly<Record<ContestantName, BootContestant>> = {
  denovisor: { than: "Denovisor", command: denovisor },
  smallPages: { than: "Denovisor on small pages", command: denovisor, setting: "never" },
  microvm: qemu("microvm"),
  pc: qemu("pc"),
};

function denovisor(kernel: string, initrd: string, tree: string): readonly string[] {
  return [
    ...[Deno.execPath(), "run", "-A", `${tree}/cli.ts`, "run", kernel],
    ...["--initrd", initrd, "--cmdline", CMDLINE, "--memory", MEMORY],
  ];
}

function qemu(machine: string): BootContestant {
  return {
    than: `QEMU ${machine}`,
    command: (kernel, initrd) => [
      ...["qemu-system-x86_64", "-M", machine, "-enable-kvm", "-cpu", "host", "-m", MEMORY],
      ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
      ...["-kernel", kernel, "-initrd", initrd, "-append", CMDLINE],
    ],
  };
}
