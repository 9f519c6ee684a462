/**
 * What a UART needs of the host: somewhere to put bytes, somewhere to take them, and somebody to wake.
 *
 * @module
 */

/** Where transmitted bytes go. A `ByteRing` fits as it is. */
export interface TransmitSink {
  /** Bytes that it holds at most; 16 or more. */
  readonly capacity: number;
  /** Bytes not yet taken. */
  readonly length: number;
  /** Takes a byte; false when full. */
  push(byte: number): boolean;
}

/** Where received bytes wait until the guest has room. A `ByteRing` fits as it is. */
export interface ReceiveSource {
  /** Bytes waiting. */
  readonly length: number;
  /** The next byte; −1 when there is none. */
  shift(): number;
}

/** Wakes the threads at the far ends of the rings. Called under the device's lock: it must not block. */
export interface SerialHost {
  /** The sink was empty and has a byte now, or is nearly full: its consumer should run. */
  transmitReady(): void;
  /** The source ran empty: a feeder that found it full may go on. */
  receiveDrained(): void;
}

/** The far end of a port with nothing plugged in: swallows everything, says nothing, wakes nobody. */
export const UNPLUGGED: TransmitSink & ReceiveSource & SerialHost = {
  capacity: Infinity,
  length: 0,
  push: () => true,
  shift: () => -1,
  transmitReady() {},
  receiveDrained() {},
};
