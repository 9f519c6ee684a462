import { assertEquals } from "@std/assert";
import { EXIT } from "../../../ffi/uapi/kvm_constants.ts";
import { ExitTracer } from "../../../src/vcpu/trace.ts";
import { exit, FakeVcpu, memory, port, type Step } from "./fake_vcpu.ts";

/** An owner who takes nothing until it is told to. */
class Flow {
  tracesUnderWay = 0;

  countTraces(by: 1 | -1): void {
    this.tracesUnderWay += by;
  }
}

/** The batches of lines that these exits give. */
function trace(steps: readonly Step[]): string[][] {
  const fake = new FakeVcpu([]), batches: string[][] = [];
  const tracer = new ExitTracer(3, new Flow(), (lines) => batches.push(lines));
  for (const step of steps) {
    step(fake.kvm, fake.page);
    tracer.record(fake.around.run);
  }
  tracer.flush();
  tracer.flush(); // nothing is left, and nothing is sent
  return batches;
}

Deno.test("trace: one line an exit, with port, width, count and value", () => {
  assertEquals(
    trace([
      port(0x3f8, 1, [0x41]),
      port(0x600, 2, [0x34, 0x12]),
      port(0x80, 4, [0xef, 0xbe, 0xad, 0xde]),
      port(0x3f8, 1, [0x68, 0x69]),
      port(0x3fd, 1, 1),
      port(0x1f0, 2, 256),
      memory(0xfed0_0000, 4),
      memory(0x12_3456_7890, [1]),
      exit(EXIT.INTERNAL_ERROR),
      exit(61),
    ]),
    [[
      "vcpu3 out port 0x3f8, 1 B ← 0x41",
      "vcpu3 out port 0x600, 2 B ← 0x1234",
      "vcpu3 out port 0x80, 4 B ← 0xdeadbeef",
      "vcpu3 out port 0x3f8, 1 B × 2 ← 0x68",
      "vcpu3 in  port 0x3fd, 1 B",
      "vcpu3 in  port 0x1f0, 2 B × 256",
      "vcpu3 mmio read  0xfed00000, 4 B",
      "vcpu3 mmio write 0x1234567890, 1 B",
      "vcpu3 KVM_EXIT_INTERNAL_ERROR",
      "vcpu3 KVM_EXIT reason 61",
    ]],
  );
});

Deno.test("trace: lines come in batches, and the last ones of a triple fault at once", () => {
  const steps = Array.from({ length: 300 }, () => port(0x80, 1, [0]));
  assertEquals(trace(steps).map((lines) => lines.length), [256, 44]);
  assertEquals(trace([...steps.slice(0, 5), exit(EXIT.SHUTDOWN)]).map((lines) => lines.length), [6]);
});

Deno.test("trace: what nobody takes is counted and not kept", () => {
  const fake = new FakeVcpu([]), flow = new Flow();
  let lines: string[] = [], batches = 0;
  const tracer = new ExitTracer(0, flow, (sent) => (batches++, lines = sent));
  port(0x80, 1, [0])(fake.kvm, fake.page);
  for (let i = 0; i < 100_000; i++) tracer.record(fake.around.run);
  assertEquals(batches, 8);
  flow.tracesUnderWay = 0; // the owner has caught up
  tracer.flush();
  assertEquals(lines.length, 257);
  assertEquals(lines.at(-1), `vcpu0 … ${100_000 - 9 * 256} exits not shown`);
  for (let i = 0; i < 100_000; i++) tracer.record(fake.around.run);
  lines = [];
  tracer.flush();
  assertEquals(lines, []);
  tracer.flush(true); // the vCPU has ended: these are its last
  assertEquals(lines.length, 257);
});
