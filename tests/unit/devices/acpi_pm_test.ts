import { assert, assertEquals } from "@std/assert";
import { AcpiPm } from "../../../src/devices/acpi_pm/acpi_pm.ts";
import { PM_TIMER_HALF, PM_TIMER_PER_MS } from "../../../src/devices/acpi_pm/registers.ts";
import { AcpiPmState, resetAcpiPm, setPmTimer } from "../../../src/devices/acpi_pm/state.ts";
import { assertNear, FakeClock, FakePin, FakeRequests } from "./fakes.ts";

const HALF_PERIOD_MS = PM_TIMER_HALF / PM_TIMER_PER_MS;

function rig(startMs = 5000) {
  const state = AcpiPmState.create();
  const sci = new FakePin(), requests = new FakeRequests(), clock = new FakeClock(startMs);
  resetAcpiPm(state, clock.ms);
  const pm = new AcpiPm(state, { sci, requests, clock, timer: { rearm: () => {} }, s5SleepType: 5 });
  return { state, sci, requests, clock, pm };
}

Deno.test("acpi pm: the power button raises SCI when enabled, and writing a one clears it", () => {
  const { pm, sci } = rig();
  pm.pressPowerButton();
  assert(!sci.high);
  assertEquals(pm.read(0, 2), 0x0100);
  pm.write(2, 2, 0x0100);
  assert(sci.high);
  pm.write(0, 2, 0x0001);
  assert(sci.high, "another bit's one does not clear it");
  pm.write(0, 2, 0x0100);
  assertEquals([sci.high, pm.read(0, 2)], [false, 0]);
});

Deno.test("acpi pm: status and enable in one 32-bit access, and in bytes", () => {
  const { pm, sci } = rig();
  pm.write(0, 4, 0x0100_0000);
  assertEquals(pm.read(0, 4), 0x0100_0000);
  pm.pressPowerButton();
  assertEquals([pm.read(1, 1), pm.read(3, 1), sci.high], [1, 1, true]);
  pm.write(1, 1, 1);
  assertEquals([pm.read(0, 4), sci.high], [0x0100_0000, false]);
  pm.write(2, 2, 0xffff);
  assertEquals(pm.read(2, 2), 0x0721, "only events that exist can be enabled");
});

Deno.test("acpi pm: S5 powers off, in one write or in two, and no other state does", () => {
  const { pm, requests } = rig();
  assertEquals(pm.read(4, 2), 0x0001, "SCI_EN is always set");
  pm.write(4, 2, (5 << 10) | 1); // Linux writes the type first …
  assertEquals(requests.seen, []);
  pm.write(4, 2, (5 << 10) | (1 << 13) | 1); // … then the type with SLP_EN.
  assertEquals(requests.seen, [["poweroff"]]);
  assertEquals(pm.read(4, 2), (5 << 10) | 1, "SLP_EN reads 0");
  pm.write(4, 2, (3 << 10) | (1 << 13));
  assertEquals(requests.seen.length, 1);
  pm.write(5, 1, (5 << 2) | (1 << 5));
  assertEquals(requests.seen.length, 2);
});

Deno.test("acpi pm: the timer counts at 3.579545 MHz and wraps at 32 bits", () => {
  const { pm, clock } = rig();
  assertEquals(pm.read(8, 4), 0);
  clock.ms += 1000;
  assertNear(pm.read(8, 4), 3_579_545, 1);
  clock.ms += 2 * HALF_PERIOD_MS;
  assertNear(pm.read(8, 4), 3_579_545, 2);
  const whole = pm.read(8, 4);
  assertEquals([pm.read(8, 2), pm.read(11, 1)], [whole & 0xffff, whole >>> 24]);
  pm.write(8, 4, 0);
  assertEquals(pm.read(8, 4), whole, "read-only");
});

Deno.test("acpi pm: the timer of a resumed guest continues under another clock", () => {
  const { pm, state, clock } = rig();
  clock.ms = 17;
  setPmTimer(state, 0xffff_fff0, clock.ms);
  assertEquals([pm.read(8, 4), pm.read(0, 2)], [0xffff_fff0, 0]);
});

Deno.test("acpi pm: TMR_STS follows the timer's top bit, and SCI if enabled", () => {
  const { pm, clock, sci } = rig();
  const start = clock.ms;
  assertEquals([pm.read(0, 2), pm.nextEvent()], [0, -1]);
  pm.write(2, 2, 1);
  for (const half of [1, 2]) {
    assertNear(pm.nextEvent(), start + half * HALF_PERIOD_MS, 0.001);
    clock.ms = pm.nextEvent() - 1;
    pm.tick();
    assert(!sci.high);
    clock.ms = pm.nextEvent();
    pm.tick();
    assertEquals([sci.high, pm.nextEvent(), pm.read(0, 2)], [true, -1, 1]);
    pm.write(0, 2, 1);
    assert(!sci.high);
  }
});

Deno.test("acpi pm: the next event is neither too early nor too late, whatever the clock", () => {
  for (let startMs = 0.1; startMs < 1e9; startMs *= 1.11) {
    const { pm, clock, sci } = rig(startMs);
    pm.write(2, 2, 1);
    clock.ms = pm.nextEvent() - 0.001;
    pm.tick();
    assert(!sci.high, `early from ${startMs}`);
    clock.ms = pm.nextEvent();
    pm.tick();
    assert(sci.high, `late from ${startMs}`);
  }
});

Deno.test("acpi pm: clearing TMR_STS clears what nobody has looked at yet", () => {
  const { pm, clock } = rig();
  clock.ms += HALF_PERIOD_MS + 1;
  pm.write(0, 2, 1);
  assertEquals(pm.read(0, 2), 0);
});

Deno.test("acpi pm: a guest that polls TMR_STS with the timer enabled gets SCI with it", () => {
  const { pm, clock, sci } = rig();
  pm.write(2, 2, 1);
  clock.ms += HALF_PERIOD_MS + 1;
  assertEquals([pm.read(0, 2), sci.high], [1, true]);
});

Deno.test("acpi pm: general-purpose events", () => {
  const { pm, sci } = rig();
  pm.raiseGpe(9);
  assert(!sci.high);
  pm.write(0x22, 2, 0x0200);
  assert(sci.high);
  assertEquals([pm.read(0x20, 4), pm.read(0x21, 1)], [0x0200_0200, 2]);
  pm.write(0x20, 2, 0xffff);
  assert(!sci.high);
});
