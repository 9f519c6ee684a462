import { assertEquals } from "@std/assert";
import { clearEventFd, createEventFd, signalEventFd } from "../../../ffi/eventfd.ts";
import { ERRNO } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";

function count(fd: number): bigint | undefined {
  const value = new BigUint64Array(1);
  return libc().read(fd, value, 8n) === 8 ? value[0] : undefined;
}

Deno.test("eventfd: counts signals until it is read, and is never waited for", () => {
  using event = createEventFd();
  assertEquals([count(event.number), libc().errno()], [undefined, ERRNO.EAGAIN]);
  for (let i = 0; i < 3; i++) signalEventFd(event.number);
  assertEquals(count(event.number), 3n);
  signalEventFd(event.number);
  clearEventFd(event.number);
  clearEventFd(event.number);
  assertEquals(count(event.number), undefined);
});
