/**
 * Bytes with labels: data directives, alignment, and references that are filled in at the end.
 *
 * @module
 */

/** How a reference to a label is written: relative to the end of its instruction, or as an address. */
type FixupKind = "rel16" | "rel32" | "abs16" | "abs32" | "abs64";

interface Fixup {
  readonly kind: FixupKind;
  readonly at: number;
  /** Offset that a relative reference counts from: the end of the instruction. */
  readonly from: number;
  readonly label: string;
  readonly addend: number;
}

/** Growing byte buffer that will be loaded at `origin`. */
export class CodeBuffer {
  /** Address of the first byte. */
  readonly origin: number;
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #scope = "";
  readonly #labels = new Map<string, number>();
  readonly #fixups: Fixup[] = [];

  constructor(origin: number) {
    this.origin = origin;
  }

  /** Number of bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Address of the next byte. */
  get here(): number {
    return this.origin + this.#length;
  }

  /**
   * Names the next byte. A name that starts with a dot belongs to the last name without one, so every routine
   * can have its own `.loop`.
   */
  bind(name: string): void {
    const full = this.scoped(name);
    if (this.#labels.has(full)) throw new Error(`label ${full} is bound twice`);
    if (!name.startsWith(".")) this.#scope = name;
    this.#labels.set(full, this.here);
  }

  /** Address of a label bound earlier, or undefined. */
  bound(name: string): number | undefined {
    return this.#labels.get(this.scoped(name));
  }

  /** Address of a label bound earlier. Throws if it is not. */
  addressOf(name: string): number {
    const address = this.bound(name);
    if (address === undefined) throw new Error(`label ${this.scoped(name)} is not bound here`);
    return address;
  }

  /** Appends bytes, each 0–255 or −128–−1. */
  db(...values: readonly number[]): void {
    for (const value of values) {
      const at = this.#claim(1); // may replace #bytes
      this.#bytes[at] = value;
    }
  }

  /** Appends a little-endian 16-bit word: a value, or the low half of a label's address. */
  dw(value: number | string): void {
    const at = this.#claim(2);
    if (typeof value === "string") this.#fixups.push(this.#absolute("abs16", at, value, 0));
    else this.#view.setUint16(at, value, true);
  }

  /** Appends a little-endian 32-bit word: a value, or a label's address. */
  dd(value: number | string, addend = 0): void {
    const at = this.#claim(4);
    if (typeof value === "string") this.#fixups.push(this.#absolute("abs32", at, value, addend));
    else this.#view.setUint32(at, value, true);
  }

  /** Appends a little-endian 64-bit word: a value, or a label's address. */
  dq(value: number | bigint | string): void {
    const at = this.#claim(8);
    if (typeof value === "string") this.#fixups.push(this.#absolute("abs64", at, value, 0));
    else if (typeof value === "bigint") this.#view.setBigUint64(at, value, true);
    else {
      this.#view.setUint32(at, value, true);
      this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
    }
  }

  /** Appends a relative reference of 16 or 32 bits; `tail` bytes of the instruction follow it. */
  relative(width: 16 | 32, label: string, addend = 0, tail = 0): void {
    const at = this.#claim(width / 8);
    const kind = width === 16 ? "rel16" : "rel32";
    this.#fixups.push({ kind, at, from: at + width / 8 + tail, label: this.scoped(label), addend });
  }

  /** Appends text as Latin-1 bytes, without a terminator. */
  text(value: string): void {
    for (let i = 0; i < value.length; i++) this.db(value.charCodeAt(i));
  }

  /** Appends raw bytes. */
  bytes(value: Uint8Array): void {
    const at = this.#claim(value.length);
    this.#bytes.set(value, at);
  }

  /** Fills up to the next multiple of `boundary` (of the address, not the offset). */
  align(boundary: number, fill = 0): void {
    const count = (boundary - this.here % boundary) % boundary;
    const at = this.#claim(count);
    this.#bytes.fill(fill, at, at + count);
  }

  /** Appends `count` zero bytes. */
  space(count: number): void {
    this.#claim(count);
  }

  /** The finished bytes with all references filled in. Throws for labels that nothing binds and for overflow. */
  finish(): Uint8Array {
    for (const fixup of this.#fixups) this.#apply(fixup);
    return this.#bytes.slice(0, this.#length);
  }

  /** The full name of a label as seen from here. */
  protected scoped(name: string): string {
    return name.startsWith(".") ? this.#scope + name : name;
  }

  #absolute(kind: FixupKind, at: number, label: string, addend: number): Fixup {
    return { kind, at, from: 0, label: this.scoped(label), addend };
  }

  #apply({ kind, at, from, label, addend }: Fixup): void {
    const address = this.#labels.get(label);
    if (address === undefined) throw new Error(`label ${label} is never bound`);
    const target = address + addend;
    const distance = target - (this.origin + from);
    const bits = kind === "abs16" || kind === "rel16" ? 16 : 32;
    const [value, limit] = kind.startsWith("rel") ? [distance, 2 ** (bits - 1)] : [target, 2 ** bits];
    if (kind !== "abs64" && (value >= limit || value < -limit)) {
      throw new Error(`${kind} reference to ${label} is out of range: ${value}`);
    }
    if (kind === "abs64") this.#view.setBigUint64(at, BigInt(target), true);
    else if (bits === 16) this.#view.setUint16(at, value, true);
    else this.#view.setUint32(at, value, true);
  }

  #claim(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
