import { assertEquals } from "@std/assert";
import { ERRNO } from "../../../ffi/errno.ts";
import { EXIT, SYSTEM_EVENT } from "../../../ffi/uapi/kvm_constants.ts";
import { WANT } from "../../../src/vcpu/control.ts";
import { dispatch, runLoop } from "../../../src/vcpu/run_loop.ts";
import { attached, Recorder } from "../bus/fakes.ts";
import { exit, failure, FakeVcpu, memory, port, type Step } from "./fake_vcpu.ts";

/** What a loop over these steps logs, the exits' counting left out. */
function logOf(...steps: Step[]): string[] {
  const fake = new FakeVcpu(steps);
  runLoop(fake.around);
  return fake.take().filter((entry) => !entry.startsWith("exit "));
}

Deno.test("run loop: exits are handled one after the other until the owner wants the end", () => {
  const fake = new FakeVcpu([port(0x80, 1, [7]), memory(0xd000_0000, 4)]), device = new Recorder(4);
  fake.ports.attach(0x80, 1, attached("post", device));
  runLoop(fake.around);
  assertEquals(device.take(), ["w1 0 7"]);
  assertEquals(fake.take(), ["run", `exit ${EXIT.IO}`, "run", `exit ${EXIT.MMIO}`, "run", "ended"]);
});

Deno.test("run loop: an order that came before the first run is followed first", () => {
  const fake = new FakeVcpu([]);
  fake.want = WANT.END;
  runLoop(fake.around);
  assertEquals(fake.take(), ["ended"]);
});

Deno.test("run loop: EINTR clears immediate_exit before the order is read again", () => {
  const fake = new FakeVcpu([(kvm) => {
    kvm.immediate_exit = 1; // as the kicker does
    return ERRNO.EINTR;
  }]);
  runLoop(fake.around);
  assertEquals(fake.take(), ["run", "run", "ended"], "the second run is one without the flag");
});

Deno.test("run loop: EAGAIN, a processor between INIT and SIPI, is tried again", () => {
  // The fake's sleep lasts until somebody wants something else; a nap ends by itself.
  assertEquals(logOf(failure(ERRNO.EAGAIN), failure(ERRNO.EAGAIN)), ["run", "run", "run", "ended"]);
});

Deno.test("run loop: any other errno is a fault of the guest's, told once", () => {
  assertEquals(logOf(failure(ERRNO.EFAULT)), ["run", `fault ${ERRNO.EFAULT}`, "ended"]);
});

Deno.test("run loop: endings", () => {
  const event = (type: number): Step => (kvm) => {
    kvm.exit_reason = EXIT.SYSTEM_EVENT;
    kvm.exit.system_event.type = type;
  };
  assertEquals(logOf(exit(EXIT.SHUTDOWN)), ["run", "triple-fault", "ended"]);
  assertEquals(logOf(event(SYSTEM_EVENT.SHUTDOWN)), ["run", "poweroff", "ended"]);
  assertEquals(logOf(event(SYSTEM_EVENT.RESET)), ["run", "reset", "ended"]);
  assertEquals(logOf(event(SYSTEM_EVENT.CRASH)), ["run", "panic", "ended"]);
  assertEquals(logOf(event(77)), ["run", "fault 0", "ended"]);
});

Deno.test("run loop: every exit reason there is or may come is handled, harmless, or a fault with a report", () => {
  const harmless = [
    ...[EXIT.IO, EXIT.MMIO, EXIT.INTR, EXIT.IRQ_WINDOW_OPEN, EXIT.SET_TPR, EXIT.TPR_ACCESS, EXIT.IOAPIC_EOI],
    ...[EXIT.X86_BUS_LOCK, EXIT.NOTIFY, EXIT.X86_RDMSR, EXIT.X86_WRMSR],
  ] as number[];
  for (let reason = 0; reason < 64; reason++) {
    if (reason === EXIT.SHUTDOWN || reason === EXIT.SYSTEM_EVENT) continue;
    const expected = harmless.includes(reason) ? [] : ["fault 0"];
    const fake = new FakeVcpu([]);
    fake.kvm.exit_reason = reason;
    dispatch(fake.around);
    assertEquals(fake.take(), [`exit ${reason}`, ...expected], `exit reason ${reason}`);
  }
});

Deno.test("run loop: an MSR that nobody has gives the guest a general protection fault", () => {
  for (const reason of [EXIT.X86_RDMSR, EXIT.X86_WRMSR]) {
    const fake = new FakeVcpu([exit(reason)]);
    runLoop(fake.around);
    assertEquals(fake.kvm.exit.msr.error, 1);
  }
});

Deno.test("run loop: every exit can be traced, those on the way to a stop included", () => {
  const seen: number[] = [];
  const fake = new FakeVcpu([memory(0xd000_0000, 1), port(0x80, 1, 1), failure(ERRNO.EINTR)]);
  fake.want = WANT.PARK;
  runLoop({ ...fake.around, trace: (run) => void seen.push(run.reason) });
  assertEquals(seen, [EXIT.MMIO, EXIT.IO]);
});

Deno.test("run loop: a read is completed by KVM before the vCPU parks, and then it stands", () => {
  const fake = new FakeVcpu([port(0x80, 1, 1), failure(ERRNO.EINTR)]);
  const device = new Recorder(1);
  fake.ports.attach(
    0x80,
    1,
    attached("post", {
      maxWidth: 1,
      read: (offset, width) => (fake.want = WANT.PARK, device.read(offset, width)), // the order comes meanwhile
      write() {},
    }),
  );
  let asleep = 0;
  fake.whileAsleep = () => {
    asleep++;
    assertEquals(fake.log.slice(-2), ["run, immediate exit", "parked"]);
    assertEquals(fake.kvm.immediate_exit, 0, "left clear for whoever kicks next");
    fake.want = WANT.RUN;
  };
  runLoop(fake.around);
  assertEquals([asleep, device.take()], [1, ["r1 0"]]);
  assertEquals(fake.take().slice(-3), ["running", "run", "ended"]);
});

Deno.test("run loop: an instruction of several accesses is finished before the vCPU parks", () => {
  const fake = new FakeVcpu([
    memory(0xd000_0000, 4),
    memory(0xd000_0004, [1, 2, 3, 4]),
    port(0x80, 1, [9]),
    failure(ERRNO.EINTR),
  ]);
  const device = new Recorder(4);
  fake.mmio.attach(0xd000_0000, 8, attached("toy", device));
  fake.want = WANT.PARK;
  runLoop(fake.around);
  assertEquals(device.take(), ["r4 0", "w4 4 4030201"]);
  assertEquals(fake.take().at(-1), "ended");
});

Deno.test("run loop: what ends a guest while it is on its way to a stop is not lost", () => {
  for (
    const [step, expected] of [
      [exit(EXIT.SHUTDOWN), "triple-fault"],
      [exit(EXIT.INTERNAL_ERROR), "fault 0"],
      [failure(ERRNO.EFAULT), `fault ${ERRNO.EFAULT}`],
    ] as const
  ) {
    const fake = new FakeVcpu([step]);
    fake.want = WANT.PARK;
    let slept = false;
    fake.whileAsleep = () => void (slept = true);
    runLoop(fake.around);
    assertEquals([fake.log.includes(expected), fake.log.at(-1), slept], [true, "ended", false], expected);
  }
});

Deno.test("run loop: an order to end wakes a parked vCPU, which does not run again", () => {
  const fake = new FakeVcpu([]);
  fake.want = WANT.PARK;
  runLoop(fake.around);
  assertEquals(fake.take(), ["run, immediate exit", "parked", "ended"]);
});
