/**
 * What a device sees of the machine, and the machine of a device.
 *
 * @module
 */

/**
 * A device behind a range of ports or addresses. It sees offsets from its own base, never an address.
 *
 * Values are unsigned (0 to 2^32 − 1). Both methods are called with the device's lock held, by whichever vCPU trapped;
 * they must neither block nor throw (one that throws is taken out of service: see `Attachment`).
 */
export interface IoDevice {
  /** The widest access it takes, in bytes; wider ones arrive as consecutive accesses, lowest offset first. */
  readonly maxWidth: 1 | 2 | 4;
  /** The guest reads `width` (1, 2 or 4) bytes at `offset`. */
  read(offset: number, width: number): number;
  /** The guest writes `width` (1, 2 or 4) bytes at `offset`. */
  write(offset: number, width: number, value: number): void;
}

/** A level-triggered wire to the interrupt controllers. Set it only under the device's lock. */
export interface IrqPin {
  /** Raises or lowers the wire; does nothing when it already has that level. */
  set(high: boolean): void;
}

/** Delivers message-signalled interrupts. Callable from any worker, under any lock: it does not block. */
export interface MsiSender {
  /** The write of `data` to the address that the guest chose for a vector. Each is an unsigned word of 32 bits. */
  send(addressLow: number, addressHigh: number, data: number): void;
}

/** What a guest may ask of its machine through a device. */
export type GuestRequest = "poweroff" | "reset" | "panic" | "crash-loaded" | "debug-exit";

/** Takes requests from devices. The first one that ends the machine wins. */
export interface GuestRequests {
  /** @param detail of a "debug-exit": the value written. */
  request(what: GuestRequest, detail?: number): void;
}
