import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ERRNO, KernelError } from "../../../ffi/errno.ts";

Deno.test("errno: an error names the call, the errno and what it means", () => {
  const error = new KernelError("ioctl KVM_CREATE_VM", ERRNO.EINVAL);
  assertInstanceOf(error, Error);
  assertEquals([error.call, error.errno, error.code, error.name], [
    "ioctl KVM_CREATE_VM",
    22,
    "EINVAL",
    "KernelError",
  ]);
  assertEquals(error.message, "ioctl KVM_CREATE_VM: EINVAL (invalid argument)");
});

Deno.test("errno: the meaning at a place replaces the general one", () => {
  const error = new KernelError("open /dev/kvm", ERRNO.ENOENT, "this host has no KVM");
  assertEquals(error.message, "open /dev/kvm: ENOENT (this host has no KVM)");
});

Deno.test("errno: a rare errno keeps its number", () => {
  const error = new KernelError("ioctl", 123);
  assertEquals([error.code, error.message], ["errno 123", "ioctl: errno 123"]);
  assertEquals(new KernelError("ioctl", 123, "rare").message, "ioctl: errno 123 (rare)");
});

Deno.test("errno: each errno of the table has a meaning and its own number", () => {
  const numbers = new Set<number>();
  for (const [name, errno] of Object.entries(ERRNO)) {
    const error = new KernelError("call", errno);
    assertEquals(error.code, name);
    assertMatch(error.message, /^call: E[A-Z0-9]+ \([^()]{5,}\)$/);
    assert(!numbers.has(errno), `${name} repeats ${errno}`);
    numbers.add(errno);
  }
});
