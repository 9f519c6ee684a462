import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { checkConfig } from "../../../src/config/check.ts";
import { formatMemorySize, parseMemorySize } from "../../../src/config/memory_size.ts";
import { suggest } from "../../../src/config/suggest.ts";
import { UserError } from "../../../src/errors.ts";

Deno.test("config: nothing given is a machine with every default", () => {
  assertEquals(checkConfig({}), {
    cmdline: "",
    protocol: "auto",
    modules: [],
    memory: 256 * 2 ** 20,
    cpus: 1,
    serial: ["stream"],
    disks: [],
    transport: "pci",
    debugConsole: false,
    debugExit: false,
    trace: [],
  });
});

Deno.test("config: every setting is taken as it is, memory in bytes and whole pages", () => {
  const config = {
    kernel: "vmlinuz",
    initrd: "initrd",
    cmdline: "console=ttyS0",
    protocol: "linux" as const,
    modules: [{ path: "m", cmdline: "a b" }],
    cpus: 254,
    serial: ["stdio", "null", "file:/tmp/x y", "unix:/run/s"],
    disks: [{
      path: "d.qcow2",
      readOnly: true,
      format: "qcow2" as const,
      cache: "none" as const,
      serial: "s-1",
      queues: 4,
    }],
    transport: "mmio" as const,
    debugConsole: true,
    debugExit: true,
    trace: ["exits" as const],
  };
  assertEquals(checkConfig({ ...config, memory: "1.00001G" }), { ...config, memory: 1_073_754_112 });
});

Deno.test("config: what is wrong is said with the setting, the value and what would be right", () => {
  const cases: readonly (readonly [unknown, RegExp, string])[] = [
    [{ memory: "0M" }, /^memory: "0M" is too little: the least is 16 MiB$/, "memory"],
    [{ memory: "1" }, /write a number and a unit/, "memory"],
    [{ memory: -1 }, /^memory: -1 must be a text with a unit/, "memory"],
    [{ cpus: 255 }, /^cpus: 255 .* the most is 254$/, "cpus"],
    [{ cpus: "2" }, /^cpus: "2" must be of type number$/, "cpus"],
    [{ cpus: NaN }, /^cpus: NaN must be/, "cpus"],
    [{ kernel: "" }, /^kernel: "" must not be empty$/, "kernel"],
    [
      { protocol: "efi" },
      /^protocol: "efi" must be one of auto, linux, elf, pvh, multiboot, flat$/,
      "protocol",
    ],
    [{ modules: [{ path: "m" }, { cmdline: "x" }] }, /^modules\.1\.path: /, "modules.1.path"],
    [{ serial: ["null", "file:"] }, /^serial\.1: "file:" must be stdio, stream, null, pty/, "serial.1"],
    [{ serial: "stdio" }, /^serial: "stdio" must be of type array$/, "serial"],
    [{ transport: "ccw" }, /^transport: "ccw" must be one of pci, mmio$/, "transport"],
    [{ disks: [{}] }, /^disks\.0\.path: /, "disks.0.path"],
    [{ disks: [{ path: "x", ro: true }] }, /^disks\.0\.ro: there is no setting "[a-z]+"$/, "disks.0.ro"],
    [
      { disks: [{ path: "x", serial: "s".repeat(21) }] },
      /must have at most 20 characters$/,
      "disks.0.serial",
    ],
    [{ disks: [{ path: "x", queues: 17 }] }, /^disks\.0\.queues: 17 .* the most is 16$/, "disks.0.queues"],
    [{ disks: Array.from({ length: 17 }, () => ({ path: "x" })) }, /the most is 16$/, "disks"],
    [{ trace: ["all"] }, /^trace\.0: "all" must be one of exits$/, "trace.0"],
    [{ debugExit: 1 }, /^debugExit: 1 must be of type boolean$/, "debugExit"],
    [
      { modules: [{ path: "m", name: "x" }] },
      /^modules\.0\.name: there is no setting "[a-z]+"$/,
      "modules.0.name",
    ],
    [undefined, /^the configuration: /, "the configuration"],
  ];
  for (const [config, says, field] of cases) {
    const error = assertThrows(() => checkConfig(config as never), UserError);
    assertMatch(error.message, says);
    assertEquals(error.field, field);
  }
});

Deno.test("config: anything at all gives a machine or one UserError", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const odd = fc.oneof(fc.anything({ withBigInt: true, withDate: true, withMap: true }), fc.constant(circle));
  const keys = ["kernel", "memory", "cpus", "serial", "modules", "trace", "protocol", "debugExit"];
  fc.assert(fc.property(fc.constantFrom(...keys), odd, (key, value) => {
    try {
      checkConfig({ [key]: value } as never);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }));
});

Deno.test("config: a mistyped setting gets a suggestion, a strange one the list", () => {
  const hint = (key: string) => assertThrows(() => checkConfig({ [key]: 1 } as never), UserError).hint;
  assertEquals(hint("memroy"), 'Did you mean "memory"?');
  assertEquals(hint("CPUs"), 'Did you mean "cpus"?');
  assertMatch(hint("network")!, /^Known are kernel, initrd, /);
});

Deno.test("memory size: units, fractions, spaces; a number alone is none", () => {
  const sizes = ["16M", "16 MiB", "0.5g", "1GB", "1.5T", " 64 kib "].map(parseMemorySize);
  assertEquals(sizes, [2 ** 24, 2 ** 24, 2 ** 29, 2 ** 30, 1.5 * 2 ** 40, 2 ** 16]);
  for (const text of ["", "16", "M", "-1M", "1e3M", "1..5G", "0x10M", "1 G B", "12PB", "١M"]) {
    assertEquals(parseMemorySize(text), undefined, text);
  }
});

Deno.test("memory size: what is written can be read", () => {
  assertEquals([2 ** 28, 3 * 2 ** 30, 1536, 2 ** 41, 5].map(formatMemorySize), [
    "256 MiB",
    "3 GiB",
    "1536 bytes",
    "2 TiB",
    "5 bytes",
  ]);
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (kib) => {
    assertEquals(parseMemorySize(formatMemorySize(kib * 1024)), kib * 1024);
  }));
});

Deno.test("suggest: the nearest within reach, or none", () => {
  const words = ["run", "doctor", "demo", "lab", "completions", "--memory", "--config"];
  for (
    const [typed, meant] of [
      ["rnu", "run"],
      ["docter", "doctor"],
      ["comp", "completions"],
      ["--memmory", "--memory"],
      ["LAB", "lab"],
      ["boot", undefined],
      ["", undefined],
    ] as const
  ) assertEquals(suggest(typed, words), meant, typed);
});
