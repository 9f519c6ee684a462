/** A UART between a fake guest and two rings. */
import { UNPLUGGED } from "../../../src/devices/uart16550/link.ts";
import { resetUart16550, Uart16550State } from "../../../src/devices/uart16550/state.ts";
import { Uart16550 } from "../../../src/devices/uart16550/uart.ts";
import { ByteRing } from "../../../src/state/ring.ts";
import { FakePin, ports } from "./fakes.ts";

export function uartRig(capacity = 256) {
  const memory = new SharedArrayBuffer(1024 + 2 * ByteRing.bytes(capacity));
  const state = Uart16550State.at(memory, 0);
  const tx = new ByteRing(memory, 1024, capacity);
  const rx = new ByteRing(memory, 1024 + ByteRing.bytes(capacity), capacity);
  const pin = new FakePin();
  const wakes = { transmit: 0, receive: 0 };
  const host = { transmitReady: () => void wakes.transmit++, receiveDrained: () => void wakes.receive++ };
  resetUart16550(state);
  const uart = new Uart16550(state, pin, tx, rx, host);
  return {
    state,
    tx,
    rx,
    pin,
    wakes,
    uart,
    ...ports(uart),
    /** The host types. */
    type(text: string) {
      rx.write(new TextEncoder().encode(text));
      uart.receive();
    },
    /** The host takes everything, as the consumer's thread does. */
    drain(): string {
      const bytes = new Uint8Array(capacity);
      const count = tx.read(bytes);
      uart.transmitDrained();
      return new TextDecoder().decode(bytes.subarray(0, count));
    },
    /** Another worker's UART over the same bytes. */
    twin: () => ports(new Uart16550(state, pin, tx, rx, UNPLUGGED)),
  };
}
