import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { dateOf, dayOf, daysOf, monthOf, weekdayOf, yearOf } from "../../../src/devices/rtc/calendar.ts";
import { loadTime, storeTime } from "../../../src/devices/rtc/time_registers.ts";
import { GIB, MIB, rtcRig } from "./rtc_rig.ts";

const SET = 0x80, BINARY = 0x04, HOURS_24 = 0x02;

Deno.test("rtc: the host's time in BCD and 24 hours, over the end of February", () => {
  const r = rtcRig();
  assertEquals(r.time(), [0x20, 0x26, 0x02, 0x28, 7, 0x23, 0x59, 0x58]);
  r.clock.ms += 1500;
  assertEquals(r.time(), [0x20, 0x26, 0x03, 0x01, 1, 0x00, 0x00, 0x00]);
});

Deno.test("rtc: binary and 12 hours", () => {
  const r = rtcRig("2026-07-04T13:45:09Z");
  r.set(0x0b, BINARY);
  assertEquals(r.time(), [20, 26, 7, 4, 7, 0x81, 45, 9]);
  r.clock.ms -= 13 * 3600_000;
  assertEquals(r.get(4), 12, "midnight is 12 am");
  r.clock.ms += 12 * 3600_000;
  assertEquals(r.get(4), 0x8c, "noon is 12 pm");
});

Deno.test("rtc: set as Linux sets it, the first update half a second later", () => {
  const r = rtcRig();
  const control = r.get(0x0b), frequency = r.get(0x0a) & 0x7f;
  r.set(0x0b, control | SET);
  r.set(0x0a, frequency | 0x70);
  for (const [index, value] of [[9, 0x24], [8, 0x02], [7, 0x29], [4, 0x12], [2, 0x34], [0, 0x56]] as const) {
    r.set(index, value);
  }
  r.clock.ms += 10_000;
  assertEquals(r.get(0), 0x56, "the clock stands");
  r.set(0x0b, control);
  r.set(0x0a, frequency);
  assertEquals(r.time(), [0x20, 0x24, 0x02, 0x29, 5, 0x12, 0x34, 0x56]);
  r.clock.ms += 499;
  assertEquals(r.get(0), 0x56);
  r.clock.ms += 1;
  assertEquals(r.get(0), 0x57);
  r.clock.ms += 86_400_000;
  assertEquals(r.time(), [0x20, 0x24, 0x03, 0x01, 6, 0x12, 0x34, 0x57]);
});

Deno.test("rtc: written without SET the time runs on from there, its fraction kept", () => {
  const r = rtcRig();
  r.set(4, 0x05);
  r.clock.ms += 499;
  assertEquals([r.get(4), r.get(0)], [0x05, 0x58]);
  r.clock.ms += 1;
  assertEquals(r.get(0), 0x59);
});

Deno.test("rtc: update in progress shows before each second and never stays", () => {
  const r = rtcRig("2026-01-01T00:00:00.000Z");
  const seen: number[] = [];
  for (let ms = 0; ms < 2000; ms++, r.clock.ms++) if ((r.get(0x0a) & 0x80) !== 0) seen.push(ms);
  assertEquals(seen, [998, 999, 1998, 1999]);
  r.clock.ms += 999;
  assertEquals(r.get(0x0a), 0xa6);
  r.set(0x0b, SET | HOURS_24);
  assertEquals(r.get(0x0a), 0x26, "not while the time is being set");
});

Deno.test("rtc: registers that cannot be written", () => {
  const r = rtcRig();
  for (const index of [0x0c, 0x0d]) r.set(index, 0xff);
  assertEquals([r.get(0x0c), r.get(0x0d)], [0, 0x80]);
  r.set(0x0a, 0xff);
  assertEquals(r.get(0x0a), 0x7f);
  assertEquals(r.inb(0), 0xff, "the index port is write-only");
});

Deno.test("rtc: NVRAM keeps what is written, bit 7 of the index is the NMI mask", () => {
  const r = rtcRig();
  for (let index = 0x0e; index < 0x80; index++) if (index !== 0x32) r.set(index | 0x80, index ^ 0xff);
  for (let index = 0x0e; index < 0x80; index++) if (index !== 0x32) assertEquals(r.get(index), index ^ 0xff);
});

Deno.test("rtc: memory sizes as BIOSes leave them", () => {
  const words = (r: ReturnType<typeof rtcRig>) =>
    [0x15, 0x17, 0x30, 0x34, 0x5b].map((i) => r.get(i) | (r.get(i + 1) << 8));
  assertEquals(words(rtcRig(undefined, 16 * MIB)), [640, 15 * 1024, 15 * 1024, 0, 0]);
  const big = rtcRig(undefined, 3 * GIB, 61 * GIB);
  assertEquals(words(big), [640, 0xffff, 0xffff, (3 * GIB - 16 * MIB) / 65536, (61 * GIB / 65536) & 0xffff]);
  assertEquals(big.get(0x5d), 61 * GIB / 65536 >> 16);
  let sum = 0;
  for (let i = 0x10; i <= 0x2d; i++) sum += big.get(i);
  assertEquals((big.get(0x2e) << 8) | big.get(0x2f), sum);
});

Deno.test("rtc: the calendar agrees with Date for eight thousand years", () => {
  fc.assert(fc.property(fc.integer({ min: -719_000, max: 2_200_000 }), (days) => {
    const date = new Date(days * 86_400_000);
    const packed = dateOf(days);
    assertEquals([yearOf(packed), monthOf(packed), dayOf(packed), weekdayOf(days)], [
      date.getUTCFullYear(),
      date.getUTCMonth() + 1,
      date.getUTCDate(),
      date.getUTCDay(),
    ]);
    assertEquals(daysOf(yearOf(packed), monthOf(packed), dayOf(packed)), days);
  }));
});

Deno.test("rtc: a time stored in any format is the time loaded", () => {
  const formats = fc.constantFrom(0, BINARY, HOURS_24, BINARY | HOURS_24);
  fc.assert(fc.property(formats, fc.integer({ min: 0, max: 250_000_000_000 }), (format, seconds) => {
    const cmos = new Uint8Array(128);
    cmos[0x0b] = format;
    storeTime(cmos, seconds);
    assertEquals(loadTime(cmos), seconds);
  }));
});

Deno.test("rtc: any bytes as a time leave a clock that runs", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat(7), (bytes, format) => {
    const r = rtcRig();
    r.set(0x0b, SET | format);
    [0x32, 9, 8, 7, 6, 4, 2, 0].forEach((index, i) => r.set(index, bytes[i]!));
    r.set(0x0b, format);
    const seconds = () => {
      r.time();
      return loadTime(r.state.cmos);
    };
    const before = seconds();
    r.clock.ms += 3000;
    assert(Number.isSafeInteger(before));
    assertEquals(seconds(), before + 3);
  }));
});
