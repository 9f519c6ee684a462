/**
 * What a kernel complains of in its log.
 *
 * @module
 */

/** Level 4 is KERN_WARNING; below it are the graver ones (include/linux/kern_levels.h). */
const WARNING = 4;

/** Lines that say, at whatever level, that something of the machine's is wrong. */
const GRAVE: readonly RegExp[] = [
  /ACPI (BIOS )?(Error|Warning|Exception)/,
  /\[Firmware (Bug|Warn|Info)\]/,
  /nobody cared|[Ss]purious|unexpected IRQ|no IRQ handler|stuck/,
  /WARNING:|BUG:|Oops|Call Trace|stall|lockup|hung task/,
  /timer doesn't work|not connected to IO-APIC|MP-BIOS|broken|bogus/,
];

/** A machine without PCI: Linux says so once at the level of a warning and once at that of an error. */
const NO_PCI: readonly RegExp[] = [
  /PCI: Fatal: No config space access function found$/,
  /PCI: System does not support PCI$/,
];

/**
 * An artefact of the lab's emulated processor, whose CPUID and XCR0 disagree on the size of AMX's state: Linux says
 * the same in any machine there, QEMU's `-M microvm` included.
 */
const LAB_BEGIN = /XSAVE consistency problem: size \d+ != kernel_size \d+$/;
const CUT = /-+\[ cut here \]-+$/;
const TRACE_END = /---\[ end trace [0-9a-f]+ \]---$/;

/** The log without the lab's artefact, which is one whole trace. */
function withoutLabTrace(lines: readonly string[]): string[] {
  const begin = lines.findIndex((line) => LAB_BEGIN.test(line));
  if (begin < 1 || !CUT.test(lines[begin - 1]!)) return [...lines];
  const end = lines.findIndex((line, index) => index > begin && TRACE_END.test(line));
  return [
    ...lines.slice(0, begin - 1),
    ...lines.slice(end + 1).filter((line) => !/\] CPUID\[0d, /.test(line)),
  ];
}

/** Lines of `dmesg -r` at the level of a warning or above, or that tell of something wrong; known ones left out. */
export function complaints(raw: string): string[] {
  return withoutLabTrace(raw.split("\n")).filter((line) => {
    const level = /^<(\d+)>/.exec(line)?.[1];
    const grave = level !== undefined && (Number(level) & 7) <= WARNING ||
      GRAVE.some((pattern) => pattern.test(line));
    return grave && !NO_PCI.some((pattern) => pattern.test(line));
  });
}
