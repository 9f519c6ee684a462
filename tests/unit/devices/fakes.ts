/** The machine around a device under test: a wire, requests and clocks that a test can look at and turn. */
import type { GuestRequest, GuestRequests, IoDevice, IrqPin } from "../../../src/bus/device.ts";

/** An interrupt wire that counts its rising edges. */
export class FakePin implements IrqPin {
  high = false;
  edges = 0;

  set(high: boolean): void {
    if (high && !this.high) this.edges++;
    this.high = high;
  }
}

/** Remembers what a guest asked for. */
export class FakeRequests implements GuestRequests {
  readonly seen: [GuestRequest, number?][] = [];

  request(what: GuestRequest, detail?: number): void {
    this.seen.push(detail === undefined ? [what] : [what, detail]);
  }
}

/** A clock that stands until it is moved. */
export class FakeClock {
  constructor(public ms = 0) {}

  nowMs(): number {
    return this.ms;
  }
}

/** Byte accesses as a driver's inb and outb, offsets for ports. */
export function ports(device: IoDevice) {
  return {
    inb: (offset: number) => device.read(offset, 1),
    outb: (offset: number, value: number) => device.write(offset, 1, value),
  };
}

/** Asserts that two times or counts differ by at most `tolerance`. */
export function assertNear(actual: number, expected: number, tolerance: number): void {
  if (!(Math.abs(actual - expected) <= tolerance)) {
    throw new Error(`${actual} is not within ${tolerance} of ${expected}`);
  }
}
