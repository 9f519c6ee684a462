/** The other end of the two-thread test of the ring: pushes 0, 1, 2 … and waits by yielding when it is full. */
import { ByteRing } from "../../../src/state/ring.ts";

interface Job {
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  readonly total: number;
}

const scope = self as unknown as { onmessage: (event: MessageEvent<Job>) => void };
scope.onmessage = async ({ data }) => {
  const ring = new ByteRing(data.buffer, 0, data.capacity);
  for (let sent = 0; sent < data.total;) {
    if (ring.push(sent & 0xff)) sent++;
    else await new Promise((resolve) => setTimeout(resolve, 0));
  }
};
