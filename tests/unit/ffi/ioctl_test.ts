import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { io, ior, iow, iowr } from "../../../ffi/ioctl.ts";
import { array, struct, u32, u64, u8 } from "../../../ffi/layout.ts";

Deno.test("ioctl: direction, size, type and number lie where asm-generic/ioctl.h puts them", () => {
  const type = fc.nat(255), number = fc.nat(255), size = fc.nat((1 << 14) - 1);
  fc.assert(fc.property(type, number, size, (type, number, size) => {
    const directions = [io(type, number), iow(type, number, { size }), ior(type, number, { size })];
    for (const [direction, request] of [...directions, iowr(type, number, { size })].entries()) {
      const bits = BigInt(request);
      assertEquals(
        [bits >> 30n, (bits >> 16n) & 0x3fffn, (bits >> 8n) & 0xffn, bits & 0xffn].map(Number),
        [direction, direction === 0 ? 0 : size, type, number],
      );
    }
  }));
});

Deno.test("ioctl: known requests of other subsystems come out as everyone knows them", () => {
  assertEquals(ior(0x12, 114, u64), 0x8008_1272); // BLKGETSIZE64, linux/fs.h
  assertEquals(iow("T".charCodeAt(0), 202, u32), 0x4004_54ca); // TUNSETIFF, linux/if_tun.h
  assertEquals(ior("T".charCodeAt(0), 0x30, u32), 0x8004_5430); // TIOCGPTN, asm-generic/ioctls.h
  assertEquals(io(0x12, 94), 0x125e); // BLKROGET, linux/fs.h
});

Deno.test("ioctl: an argument whose size does not fit its 14 bits is refused", () => {
  const fits = struct("fits", { bytes: array(u8, (1 << 14) - 1) });
  const large = struct("large", { bytes: array(u8, 1 << 14) });
  assertEquals(iowr(0, 0, fits), 0xffff_0000);
  for (const request of [iow, ior, iowr]) assertThrows(() => request(0, 0, large), RangeError, "16384 bytes");
});
