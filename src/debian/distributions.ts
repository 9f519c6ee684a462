/**
 * How a program is had on hosts without Debian's package manager: one line for each common family.
 *
 * @module
 */

/** A thing that the host may lack. */
export type Need = "kernel" | "busybox" | "qemu";

/** The kernel's modules must lie in /lib/modules/RELEASE; installing the package does that. */
const COMMANDS: Readonly<Record<string, Readonly<Record<Need, string>>>> = {
  "Fedora, RHEL": {
    kernel: "dnf install kernel-core kernel-modules",
    busybox: "dnf install busybox",
    qemu: "dnf install qemu-system-x86-core",
  },
  "Arch": { kernel: "pacman -S linux", busybox: "pacman -S busybox", qemu: "pacman -S qemu-system-x86" },
  "openSUSE": {
    kernel: "zypper install kernel-default",
    busybox: "zypper install busybox-static",
    qemu: "zypper install qemu-x86",
  },
  "Alpine": {
    kernel: "apk add linux-virt",
    busybox: "apk add busybox-static",
    qemu: "apk add qemu-system-x86_64",
  },
  "Gentoo": {
    kernel: "emerge gentoo-kernel-bin",
    busybox: "USE=static emerge busybox",
    qemu: "emerge qemu",
  },
  "NixOS": {
    kernel: "(the running kernel: /run/current-system/kernel)",
    busybox: "nix-shell -p pkgsStatic.busybox",
    qemu: "nix-shell -p qemu",
  },
  "Debian, Ubuntu": {
    kernel: "apt-get install linux-image-amd64",
    busybox: "apt-get install busybox-static",
    qemu: "apt-get install qemu-system-x86",
  },
};

/** A hint of several lines: what to type on which distribution. */
export function howToInstall(need: Need): string {
  const lines = Object.entries(COMMANDS).map(([family, commands]) => `  ${family}: ${commands[need]}`);
  return lines.join("\n");
}
