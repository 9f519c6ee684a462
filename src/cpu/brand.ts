/**
 * The processor's brand string, which KVM does not report among the leaves that it supports.
 *
 * @module
 */

/** Enough of `/proc/cpuinfo` for its first processor's name. */
const HEAD_BYTES = 1024;

/** The host processor's name, or an empty string where the kernel does not tell it. */
export function hostCpuBrand(): string {
  try {
    using file = Deno.openSync("/proc/cpuinfo");
    const head = new Uint8Array(HEAD_BYTES);
    const length = file.readSync(head) ?? 0;
    return /^model name\s*:\s*(.*)$/m.exec(new TextDecoder().decode(head.subarray(0, length)))?.[1] ?? "";
  } catch {
    return ""; // without --allow-read the guest gets no name, and runs as well
  }
}
