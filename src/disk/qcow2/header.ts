/**
 * The header of a qcow2 image: read, and checked before anything is allocated or looked up by it.
 *
 * @module
 */

import { UserError } from "../../errors.ts";
import type { HostFile } from "../host_file.ts";
import {
  BACKING_NAME_MAX,
  ENTRY,
  EXTENSION,
  HEADER,
  HEADER_BYTES,
  INCOMPATIBLE,
  LIMIT,
  MAGIC,
  readWord,
} from "./format.ts";

/** What the header says. Sizes and offsets in bytes. */
export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly clusterSize: number;
  /** Of the virtual disk. */
  readonly size: number;
  readonly l1Entries: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** 2^refcountOrder bits for each refcount. */
  readonly refcountOrder: number;
  readonly snapshots: number;
  readonly dirty: boolean;
  readonly corrupt: boolean;
  /** Some autoclear feature is on, which a writer that does not keep it up must switch off. */
  readonly autoclear: boolean;
  readonly compression: "zlib" | "zstd";
  /** As the image has it; relative to the image's folder. */
  readonly backing: string | undefined;
  readonly backingFormat: string | undefined;
}

/** True if the bytes begin as a qcow2 image does. */
export function hasMagic(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === MAGIC;
}

/**
 * Reads and checks the header of an image.
 *
 * @throws {UserError} for another format or version, a feature that is not known or not supported, a value that no image
 * can have, a table that is not wholly inside the file.
 */
export function readHeader(file: HostFile, field: string): Qcow2Header {
  const reader = new HeaderReader(file, field);
  return reader.read();
}

class HeaderReader {
  constructor(private readonly file: HostFile, private readonly field: string) {}

  read(): Qcow2Header {
    const start = this.bytes(HEADER_BYTES.V3);
    if (!hasMagic(start.subarray(0, this.file.size))) {
      throw this.refuse(
        "it does not begin with qcow2's magic number",
        "Say `format=raw` if it is a raw disk.",
      );
    }
    const fixed = new DataView(start.buffer);
    const version = fixed.getUint32(HEADER.VERSION);
    if (version !== 2 && version !== 3) throw this.refuse(`version ${version} is neither 2 nor 3`);
    const clusterBits = fixed.getUint32(HEADER.CLUSTER_BITS);
    if (clusterBits < LIMIT.CLUSTER_BITS_LEAST || clusterBits > LIMIT.CLUSTER_BITS_MOST) {
      throw this.refuse(`clusters of 2^${clusterBits} bytes: from 2^9 to 2^21 are possible`);
    }
    const clusterSize = 2 ** clusterBits;
    const view = new DataView(this.bytes(clusterSize).buffer); // its whole cluster, which has the extensions too
    const length = version === 2 ? HEADER_BYTES.V2 : view.getUint32(HEADER.LENGTH);
    if (version === 3 && (length < HEADER_BYTES.V3_LEAST || length > clusterSize || length % 8 !== 0)) {
      throw this.refuse(`a header of ${length} bytes`);
    }
    const features = this.features(view, version, length);
    const refcountOrder = version === 2 ? 4 : view.getUint32(HEADER.REFCOUNT_ORDER);
    if (refcountOrder > 6) throw this.refuse(`refcounts of 2^${refcountOrder} bits: 64 is the most`);
    const header = {
      version,
      clusterBits,
      clusterSize,
      refcountOrder,
      ...features,
      size: this.word(view, HEADER.SIZE, "virtual size"),
      l1Entries: view.getUint32(HEADER.L1_SIZE),
      l1Offset: this.word(view, HEADER.L1_OFFSET, "L1 table's offset"),
      refcountTableOffset: this.word(view, HEADER.REFCOUNT_TABLE_OFFSET, "refcount table's offset"),
      refcountTableClusters: view.getUint32(HEADER.REFCOUNT_TABLE_CLUSTERS),
      snapshots: view.getUint32(HEADER.SNAPSHOTS),
      backing: this.backing(view, clusterSize),
      backingFormat: this.backingFormat(view, length),
    } as const;
    this.checkTables(header);
    return header;
  }

  features(view: DataView, version: number, length: number) {
    if (view.getUint32(HEADER.CRYPT_METHOD) !== 0) {
      throw this.refuse("it is encrypted, which is not supported", "Decrypt it with `qemu-img convert`.");
    }
    const low = version === 2 ? 0 : view.getUint32(HEADER.INCOMPATIBLE + 4);
    const high = version === 2 ? 0 : view.getUint32(HEADER.INCOMPATIBLE);
    const convert = "Convert it with `qemu-img convert -O qcow2`.";
    if ((low & INCOMPATIBLE.EXTERNAL_DATA) !== 0) {
      throw this.refuse("its data is in an external data file, which is not supported", convert);
    }
    if ((low & INCOMPATIBLE.EXTENDED_L2) !== 0) {
      throw this.refuse("it has extended L2 entries (subclusters), which are not supported", convert);
    }
    const known = Object.values(INCOMPATIBLE).reduce((all, bit) => all | bit, 0);
    if ((low & ~known) !== 0 || high !== 0) {
      const bit = high === 0 ? 31 - Math.clz32(low & ~known) : 63 - Math.clz32(high);
      throw this.refuse(`it needs a feature that is not known here (incompatible feature bit ${bit})`);
    }
    const type = version === 3 && length > HEADER.COMPRESSION ? view.getUint8(HEADER.COMPRESSION) : 0;
    if (type > 1 || ((low & INCOMPATIBLE.COMPRESSION) !== 0) !== (type !== 0)) {
      throw this.refuse(`compression type ${type} is not known here`);
    }
    return {
      dirty: (low & INCOMPATIBLE.DIRTY) !== 0,
      corrupt: (low & INCOMPATIBLE.CORRUPT) !== 0,
      autoclear: version === 3 && readWord(view, HEADER.AUTOCLEAR) !== 0,
      compression: type === 0 ? "zlib" : "zstd",
    } as const;
  }

  checkTables(header: Omit<Qcow2Header, "backing" | "backingFormat">): void {
    const { clusterSize, l1Entries, size } = header;
    const needed = l1EntriesFor(size, clusterSize);
    if (l1Entries * ENTRY > LIMIT.L1_BYTES || needed * ENTRY > LIMIT.L1_BYTES) {
      throw this.refuse(`an L1 table of ${Math.max(l1Entries, needed)} entries: 32 MiB is the most`);
    }
    if (l1Entries < needed) throw this.refuse(`its L1 table is too small for ${size} bytes`);
    const refcountBytes = header.refcountTableClusters * clusterSize;
    if (refcountBytes === 0 || refcountBytes > LIMIT.REFCOUNT_TABLE_BYTES) {
      throw this.refuse(`a refcount table of ${header.refcountTableClusters} clusters: 8 MiB is the most`);
    }
    this.checkPlace("L1 table", header.l1Offset, l1Entries * ENTRY, clusterSize);
    this.checkPlace("refcount table", header.refcountTableOffset, refcountBytes, clusterSize);
  }

  checkPlace(name: string, offset: number, bytes: number, clusterSize: number): void {
    if (bytes === 0) return;
    if (offset === 0 || offset % clusterSize !== 0) throw this.refuse(`its ${name} is at ${offset}`);
    if (offset + bytes > this.file.size) {
      throw this.refuse(`its ${name} ends at ${offset + bytes}, and the file at ${this.file.size}`);
    }
  }

  backing(view: DataView, clusterSize: number): string | undefined {
    const offset = this.word(view, HEADER.BACKING_OFFSET, "backing file name's offset");
    if (offset === 0) return undefined;
    const length = view.getUint32(HEADER.BACKING_LENGTH);
    if (length === 0) return undefined;
    if (length > BACKING_NAME_MAX || offset + length > clusterSize) {
      throw this.refuse(`its backing file's name has ${length} bytes at ${offset}`);
    }
    return text(view, offset, length);
  }

  backingFormat(view: DataView, start: number): string | undefined {
    const named = readWord(view, HEADER.BACKING_OFFSET);
    const end = named === 0 ? view.byteLength : Math.min(named, view.byteLength); // the name follows them
    for (let at = start; at + 8 <= end;) {
      const type = view.getUint32(at), length = view.getUint32(at + 4);
      if (type === EXTENSION.END) return undefined;
      if (at + 8 + length > end) throw this.refuse(`a header extension of ${length} bytes`);
      if (type === EXTENSION.BACKING_FORMAT) return text(view, at + 8, length);
      at += 8 + Math.ceil(length / 8) * 8;
    }
    return undefined;
  }

  word(view: DataView, at: number, name: string): number {
    const value = readWord(view, at);
    if (!Number.isSafeInteger(value)) throw this.refuse(`its ${name} is ${value}`);
    return value;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    const errno = this.file.readBytes(0, bytes);
    if (errno !== 0) throw this.refuse(`its header cannot be read (errno ${errno})`);
    return bytes;
  }

  refuse(why: string, hint = "Look at it with `qemu-img check`."): UserError {
    return new UserError(`${this.file.path} is no usable qcow2 image: ${why}`, { field: this.field, hint });
  }
}

/** L1 entries that a virtual disk needs. */
export function l1EntriesFor(size: number, clusterSize: number): number {
  return Math.ceil(size / (clusterSize * (clusterSize / ENTRY)));
}

function text(view: DataView, at: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
}
