import { assert, assertEquals, assertThrows } from "@std/assert";
import { ERRNO, KernelError } from "../../../ffi/errno.ts";
import { OwnedFd } from "../../../ffi/fd.ts";
import { check, cString, libc } from "../../../ffi/libc.ts";
import { borrow, MAP, Mapping } from "../../../ffi/mapping.ts";

const ANONYMOUS = MAP.PRIVATE | MAP.ANONYMOUS | MAP.NORESERVE;

/** Whether all of that range is mapped: the kernel lists it as one with a neighbour of the same kind. */
function isMapped(address: bigint, length: number): boolean {
  return Deno.readTextFileSync("/proc/self/maps").split("\n").some((line) => {
    const [start, end] = (/^[0-9a-f]+-[0-9a-f]+/.exec(line)?.[0] ?? "0-0").split("-");
    return BigInt(`0x${start}`) <= address && BigInt(`0x${end}`) >= address + BigInt(length);
  });
}

Deno.test("mapping: bytes are zero at first, kept, and the same through a borrowed view", () => {
  using mapping = Mapping.map(-1, 8192, ANONYMOUS);
  const bytes = new Uint8Array(mapping.buffer);
  assertEquals([bytes.length, mapping.length], [8192, 8192]);
  assert(bytes.every((byte) => byte === 0));
  bytes[8191] = 7;
  const borrowed = new Uint8Array(borrow(mapping.address, mapping.length));
  assertEquals(borrowed[8191], 7);
  borrowed[0] = 9;
  assertEquals(bytes[0], 9);
});

Deno.test("mapping: two mappings of a file show each other's writes, from their offsets, after its fd is closed", () => {
  const fd = new OwnedFd(check(libc().memfd_create(cString("test"), 0), "memfd_create"));
  check(libc().ftruncate(fd.number, 8192n), "ftruncate");
  using whole = Mapping.map(fd.number, 8192, MAP.SHARED);
  using second = Mapping.map(fd.number, 4096, MAP.SHARED, 4096);
  fd[Symbol.dispose]();
  new Uint8Array(whole.buffer)[4096] = 5;
  assertEquals(new Uint8Array(second.buffer)[0], 5);
});

Deno.test("mapping: dispose unmaps, and leaves this thread nothing to fault on", () => {
  const length = 2 ** 36 + 4096; // a size that nothing else maps
  const mapping = Mapping.map(-1, length, ANONYMOUS);
  const last = new Uint32Array(mapping.buffer, length - 4, 1);
  last[0] = 1;
  assert(isMapped(mapping.address, length));
  mapping[Symbol.dispose]();
  assert(!isMapped(mapping.address, length));
  assertEquals([mapping.buffer.byteLength, last.length, last[0]], [0, 0, undefined]);
  assertThrows(() => new Uint8Array(mapping.buffer), TypeError);
});

Deno.test("mapping: a second dispose does not unmap what lies there since", () => {
  const length = 2 ** 36 + 8192;
  // The kernel fills the gap that the first left, unless another thread of the test runner was quicker: then again.
  for (let again = true; again;) {
    const first = Mapping.map(-1, length, ANONYMOUS);
    first[Symbol.dispose]();
    using second = Mapping.map(-1, length, ANONYMOUS);
    again = second.address !== first.address;
    first[Symbol.dispose]();
    assert(isMapped(second.address, length));
  }
});

Deno.test("mapping: what cannot be mapped is an error with its size, and the caller's meaning", () => {
  const bad = assertThrows(() => Mapping.map(-1, 4096, MAP.SHARED), KernelError);
  assertEquals(bad.message, "mmap of 4096 bytes: EBADF (bad file descriptor)");
  const meaning = { [ERRNO.ENOMEM]: "more than this process can map" };
  const large = assertThrows(() => Mapping.map(-1, 2 ** 47, ANONYMOUS, 0, meaning), KernelError);
  assertEquals(large.message, "mmap of 140737488355328 bytes: ENOMEM (more than this process can map)");
});
