/**
 * A UART as its far end uses it.
 *
 * @module
 */

import type { Attachment } from "../bus/attachment.ts";
import type { Uart16550 } from "../devices/uart16550/uart.ts";

/** The device's side: called after the queues changed, to move bytes on and set interrupts. */
export interface CharDevice {
  /** Input was added. */
  receive(): void;
  /** Output was taken. */
  transmitDrained(): void;
}

/** Takes the port's lock for each call. */
export function charDevice({ uart }: { readonly uart: Attachment<Uart16550> }): CharDevice {
  return {
    receive: () => uart.locked((device) => device.receive()),
    transmitDrained: () => uart.locked((device) => device.transmitDrained()),
  };
}
