/**
 * What a PCI function is made of, as its device's code declares it.
 *
 * @module
 */

/** A range of memory that the guest can move. */
export interface BarSpec {
  /** Its register, 0 to 5; a wide one takes the next register too. */
  readonly index: number;
  /** Bytes: a power of two, 16 at least; 4096 and more for all that is to be mapped alone. */
  readonly size: number;
  /** Its address has 64 bits. */
  readonly wide?: boolean;
  /** Reads have no side effects. */
  readonly prefetchable?: boolean;
}

/** An entry of the capabilities list. */
export interface CapabilitySpec {
  /** Its identifier, for example `CAPABILITY.VENDOR`. */
  readonly id: number;
  /** What follows the identifier and the link to the next one, at power-on. */
  readonly body: Uint8Array;
  /** Which bits of the body the guest may write: none unless given. As long as the body. */
  readonly writable?: Uint8Array;
}

/** MSI-X (PCI 3.0 §6.8.2). */
export interface MsixSpec {
  /** 1 to `MAX_VECTORS`. */
  readonly vectors: number;
  /** Index of the BAR with the table and the pending bits; their offsets in it are multiples of 8. */
  readonly bar: number;
  readonly tableOffset: number;
  readonly pendingOffset: number;
}

/** A function: its identity and its resources. */
export interface FunctionSpec {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revision?: number;
  /** 24 bits: base class, subclass, programming interface. */
  readonly classCode: number;
  readonly subsystemVendorId?: number;
  readonly subsystemId?: number;
  readonly bars?: readonly BarSpec[];
  readonly capabilities?: readonly CapabilitySpec[];
  readonly msix?: MsixSpec;
  /** It has an interrupt pin, INTA#. */
  readonly intx?: boolean;
}

/** Configuration space, not yet anybody's. */
export interface ConfigImage {
  /** Its bytes at power-on. */
  readonly initial: Uint8Array;
  /** For each byte, the bits that a write changes. */
  readonly writable: Uint8Array;
}
