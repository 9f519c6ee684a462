import { assert, assertEquals, assertThrows } from "@std/assert";
import { ERRNO, KernelError } from "../../../ffi/errno.ts";
import { O_CLOEXEC, O_RDWR, OwnedFd } from "../../../ffi/fd.ts";
import { check, libc } from "../../../ffi/libc.ts";

/** Whether any fd of this process is that file. */
function isOpenHere(path: string): boolean {
  return [...Deno.readDirSync("/proc/self/fd")].some(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false; // closed since it was listed
    }
  });
}

const writeByte = (fd: OwnedFd) => check(libc().write(fd.number, new Uint8Array(1), 1n), "write");

Deno.test("fd: an open file is read and written by number, and closed on exec", () => {
  using fd = OwnedFd.open("/dev/null", O_RDWR);
  assertEquals(writeByte(fd), 1);
  const flags = /^flags:\s*([0-7]+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd.number}`))?.[1];
  assert((parseInt(flags!, 8) & O_CLOEXEC) !== 0, `flags are ${flags}`);
});

Deno.test("fd: after dispose the file is closed and the number is useless", () => {
  const path = Deno.makeTempFileSync();
  try {
    const fd = OwnedFd.open(path, O_RDWR);
    assert(isOpenHere(path));
    fd[Symbol.dispose]();
    assert(!isOpenHere(path));
    assertEquals(fd.number, -1);
    const error = assertThrows(() => writeByte(fd), KernelError);
    assertEquals([error.code, error.errno], ["EBADF", ERRNO.EBADF]);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("fd: a second dispose does not close another file that got the number since", () => {
  // The kernel gives the lowest free number, unless another thread of the test runner was quicker: then again.
  for (let again = true; again;) {
    const first = OwnedFd.open("/dev/null", O_RDWR), number = first.number;
    first[Symbol.dispose]();
    using second = OwnedFd.open("/dev/null", O_RDWR);
    again = second.number !== number;
    first[Symbol.dispose]();
    assertEquals(writeByte(second), 1);
  }
});

Deno.test("fd: a file that cannot be opened is an error with its path", () => {
  const missing = assertThrows(() => OwnedFd.open("/nowhere/at all", O_RDWR), KernelError);
  assertEquals(missing.message, "open /nowhere/at all: ENOENT (no such file or directory)");
});

Deno.test("fd: a path with characters beyond ASCII arrives as UTF-8", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/größe €.img`, "x");
    using fd = OwnedFd.open(`${folder}/größe €.img`, O_RDWR);
    const byte = new Uint8Array(1);
    assertEquals([libc().read(fd.number, byte, 1n), byte[0]], [1, 0x78]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
