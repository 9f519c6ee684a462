import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { nextAlarm, storeTime } from "../../../src/devices/rtc/time_registers.ts";
import { assertNear } from "./fakes.ts";
import { rtcRig } from "./rtc_rig.ts";

const SET = 0x80, PERIODIC = 0x40, ALARM = 0x20, UPDATE = 0x10, HOURS_24 = 0x02, BINARY = 0x04;

Deno.test("rtc interrupt: flags are there without anybody ticking, and reading C clears them", () => {
  const r = rtcRig();
  assertEquals(r.get(0x0c), 0);
  r.clock.ms += 600;
  assertEquals(r.get(0x0c), UPDATE | PERIODIC);
  assertEquals(r.get(0x0c), 0);
  assertEquals([r.timer.rearms, r.rtc.nextEvent()], [0, -1], "nothing enabled: no timer");
});

Deno.test("rtc interrupt: once a second when updates are enabled", () => {
  const r = rtcRig("2026-01-01T00:00:00.250Z");
  const start = r.clock.ms;
  r.set(0x0b, HOURS_24 | UPDATE);
  assertEquals([r.timer.rearms, r.pin.high], [1, false]);
  for (const second of [1, 2, 3]) {
    r.sleepToEvent();
    assertNear(r.clock.ms - start, second * 1000 - 250, 0.001);
    assert(r.pin.high);
    assertEquals(r.rtc.nextEvent(), -1, "raised already");
    assertEquals(r.get(0x0c) & ~PERIODIC, 0x80 | UPDATE);
    assertEquals([r.pin.high, r.timer.rearms], [false, 1 + second], "the host is to ask for the next");
  }
});

Deno.test("rtc interrupt: every periodic rate, in number and in time", () => {
  for (let select = 1; select < 16; select++) {
    const hertz = [0, 256, 128][select] ?? 65536 >> select;
    const r = rtcRig("2026-01-01T00:00:00.000Z");
    r.set(0x0a, 0x20 | select);
    r.set(0x0b, HOURS_24 | PERIODIC);
    const start = r.clock.ms;
    for (let i = 1; i <= hertz + 1; i++) {
      r.sleepToEvent();
      assert(r.pin.high, `rate ${select}, tick ${i}`);
      r.get(0x0c);
    }
    assertNear(r.clock.ms - start, 1000 + 1000 / hertz, 0.01);
  }
});

Deno.test("rtc interrupt: rate 0 and a divider in reset are silent", () => {
  const r = rtcRig();
  r.set(0x0b, HOURS_24 | PERIODIC | UPDATE);
  r.set(0x0a, 0x70);
  assertEquals(r.rtc.nextEvent(), -1);
  r.clock.ms += 5000;
  assertEquals(r.get(0x0c), 0);
  r.set(0x0a, 0x20);
  r.set(0x0b, HOURS_24 | PERIODIC);
  assertEquals(r.rtc.nextEvent(), -1);
});

Deno.test("rtc interrupt: the alarm, once, at its time", () => {
  const r = rtcRig("2026-01-01T23:59:00.000Z");
  [[5, 0x00], [3, 0x01], [1, 0x30]].forEach(([index, value]) => r.set(index!, value!));
  r.set(0x0b, HOURS_24 | ALARM);
  r.sleepToEvent();
  assertEquals(new Date(r.clock.ms).toISOString(), "2026-01-02T00:01:30.000Z");
  assertEquals(r.get(0x0c) & (0x80 | ALARM), 0x80 | ALARM);
  assertNear(r.rtc.nextEvent() - r.clock.ms, 86_400_000, 0.001);
});

Deno.test("rtc interrupt: an alarm set to a time that has passed waits for tomorrow", () => {
  const r = rtcRig("2026-01-01T10:00:00.000Z");
  r.clock.ms += 2 * 3600_000;
  [[5, 0x11], [3, 0x00], [1, 0x00]].forEach(([index, value]) => r.set(index!, value!));
  assertEquals(r.get(0x0c) & ALARM, 0);
});

Deno.test("rtc interrupt: an alarm that no time matches never comes", () => {
  const r = rtcRig();
  r.set(5, 0x7a);
  r.set(0x0b, HOURS_24 | ALARM);
  assertEquals(r.rtc.nextEvent(), -1);
  r.clock.ms += 3 * 86_400_000;
  assertEquals(r.get(0x0c) & ALARM, 0);
});

Deno.test("rtc interrupt: setting the time clears the update enable and skips no alarm into being", () => {
  const r = rtcRig("2026-01-01T10:00:00.000Z");
  [[5, 0x12], [3, 0x00], [1, 0x00]].forEach(([index, value]) => r.set(index!, value!));
  r.set(0x0b, HOURS_24 | SET | UPDATE | ALARM);
  assertEquals(r.get(0x0b), HOURS_24 | SET | ALARM);
  r.set(4, 0x13);
  r.set(0x0b, HOURS_24 | ALARM);
  r.clock.ms += 1000;
  assertEquals(r.get(0x0c) & ALARM, 0, "the clock jumped over 12:00");
});

Deno.test("rtc interrupt: a host clock set back neither raises nor loses the next update", () => {
  const r = rtcRig("2026-01-01T10:00:00.500Z");
  r.set(0x0b, HOURS_24 | UPDATE);
  r.clock.ms -= 3600_000;
  r.rtc.tick(r.clock.ms);
  assert(!r.pin.high);
  r.sleepToEvent();
  assert(r.pin.high);
  assertEquals(new Date(r.clock.ms).toISOString(), "2026-01-01T09:00:01.000Z");
});

Deno.test("rtc interrupt: the alarm search goes from the middle of a minute to the start of the next", () => {
  const cmos = new Uint8Array(128);
  cmos[0x0b] = HOURS_24 | BINARY;
  [cmos[5], cmos[3], cmos[1]] = [0xff, 30, 5];
  const at = (time: string) => Date.parse(`2026-01-01T${time}Z`) / 1000;
  assertEquals(nextAlarm(cmos, at("10:20:40")), at("10:30:05"));
  assertEquals(nextAlarm(cmos, at("10:30:05")), at("11:30:05"));
});

Deno.test("rtc interrupt: the alarm search finds the first match, as a walk by seconds does", () => {
  const byte = (max: number) =>
    fc.oneof(fc.nat(max), fc.constantFrom(0xc0, 0xff), fc.constant(0x3f), fc.nat(max).map((v) => v | 0x80));
  const formats = fc.constantFrom(0, BINARY, HOURS_24, BINARY | HOURS_24);
  const property = fc.property(
    formats,
    fc.integer({ min: 0, max: 4e9 }),
    byte(23),
    byte(59),
    byte(59),
    (format, after, hour, minute, second) => {
      const cmos = new Uint8Array(128), walk = new Uint8Array(128);
      cmos[0x0b] = walk[0x0b] = format;
      [cmos[5], cmos[3], cmos[1]] = [hour, minute, second];
      const any = (index: number, time: number) => cmos[index]! >= 0xc0 || cmos[index] === walk[time];
      let expected = -1;
      for (let time = after + 1; time <= after + 86_400; time++) {
        storeTime(walk, time);
        if (any(5, 4) && any(3, 2) && any(1, 0)) {
          expected = time;
          break;
        }
      }
      assertEquals(nextAlarm(cmos, after), expected);
    },
  );
  fc.assert(property, { numRuns: 60 });
});
