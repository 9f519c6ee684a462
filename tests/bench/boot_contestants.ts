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
export type ContestantName = "denovisor" | "microvm" | "pc";

/** The boots of each, round by round; missing for one that is not installed. */
export type BootSamples = Partial<Record<ContestantName, BootSample[]>>;

/** A way to boot. */
export interface BootContestant {
  /** For the table. */
  readonly than: string;
  /** Program and arguments. */
  command(kernel: string, initrd: string): readonly string[];
}

const CLI = new URL("../../cli.ts", import.meta.url).pathname;
const MEMORY = "512M";
/** The same for all; the console says nothing until user space does. */
const CMDLINE = "console=ttyS0 quiet panic=-1 denovisor.poweroff";

/** All of them. */
export const CONTESTANTS: Readonly<Record<ContestantName, BootContestant>> = {
  denovisor: {
    than: "Denovisor",
    command: (kernel, initrd) => [
      ...[Deno.execPath(), "run", "-A", CLI, "run", kernel],
      ...["--initrd", initrd, "--cmdline", CMDLINE, "--memory", MEMORY],
    ],
  },
  microvm: qemu("microvm"),
  pc: qemu("pc"),
};

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
