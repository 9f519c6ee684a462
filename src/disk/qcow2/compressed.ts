/**
 * Compressed clusters (section "Cluster mapping", "Compressed Clusters Descriptor").
 *
 * @module
 */

import { constants, inflateRawSync, zstdDecompressSync } from "node:zlib";
import type { HostFile } from "../host_file.ts";
import { SECTOR } from "../disk_image.ts";
import { WORD } from "./format.ts";
import { zstdFrameLength } from "./zstd_frame.ts";

/** Where compressed data is in the file, up to the end of its last sector. Bytes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** The place that a compressed cluster's entry names: at most two clusters long, whatever the entry. */
export function compressedExtent(hi: number, lo: number, clusterBits: number): Extent {
  const split = 62 - (clusterBits - 8) - 32; // bits of the upper half that belong to the offset: 17 to 29
  const offset = (hi & ((1 << split) - 1)) * WORD + lo;
  const sectors = ((hi & 0x3fff_ffff) >>> split) + 1;
  return { offset, length: sectors * SECTOR - offset % SECTOR };
}

/** Reads compressed clusters. Keeps the last one, since a guest reads a cluster piece by piece. */
export class Decompressor {
  readonly #file: HostFile;
  readonly #clusterBits: number;
  readonly #compression: "zlib" | "zstd";
  #kept: Uint8Array<ArrayBuffer> | undefined;
  #keptHi = 0;
  #keptLo = 0;

  constructor(file: HostFile, clusterBits: number, compression: "zlib" | "zstd") {
    this.#file = file;
    this.#clusterBits = clusterBits;
    this.#compression = compression;
  }

  /** The cluster that an entry describes; undefined if it cannot be read or is damaged. */
  read(hi: number, lo: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.#kept !== undefined && this.#keptHi === hi && this.#keptLo === lo) return this.#kept;
    const { offset, length } = compressedExtent(hi, lo, this.#clusterBits);
    if (offset >= this.#file.size) return undefined;
    const packed = new Uint8Array(length);
    if (this.#file.readBytes(offset, packed) !== 0) return undefined;
    const plain = this.#unpack(packed);
    if (plain?.length !== 2 ** this.#clusterBits) return undefined;
    [this.#kept, this.#keptHi, this.#keptLo] = [plain, hi, lo];
    return plain;
  }

  /** Forgets the last one: its place may have other data soon. */
  forget(): void {
    this.#kept = undefined;
  }

  #unpack(packed: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
    const maxOutputLength = 2 ** this.#clusterBits;
    try {
      if (this.#compression === "zlib") {
        // What follows the stream in its last sector is ignored. A stream may lack its end, if the cluster is whole.
        return new Uint8Array(
          inflateRawSync(packed, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH }),
        );
      }
      const frame = zstdFrameLength(packed);
      return frame === undefined
        ? undefined
        : new Uint8Array(zstdDecompressSync(packed.subarray(0, frame), { maxOutputLength }));
    } catch {
      return undefined;
    }
  }
}
