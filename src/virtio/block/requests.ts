/**
 * Requests of a virtio block device (virtio 1.3, 5.2.6).
 *
 * @module
 */

import type { IoVector } from "../../../ffi/iovec.ts";
import type { DiskImage } from "../../disk/disk_image.ts";
import type { RequestHandler } from "../device_queues.ts";
import type { DescriptorChain } from "../queue/chain.ts";
import { QueueError } from "../queue/errors.ts";
import type { VirtioRegisters } from "../registers.ts";
import { BLOCK_FEATURE, type BlockConfigView, MAX_ERASED_SECTORS, MAX_RANGES, SECTOR } from "./config.ts";

/** Request types and answers. */
export const REQUEST = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8, DISCARD: 11, WRITE_ZEROES: 13 } as const;
export const ANSWER = { OK: 0, IOERR: 1, UNSUPPORTED: 2 } as const;

/** Type, reserved, sector. */
const HEADER_BYTES = 16;
const ID_BYTES = 20;
/** Sector, count, flags: `struct virtio_blk_discard_write_zeroes`. */
const RANGE_BYTES = 16;
const UNMAP = 1;

/** Serves one disk's requests, each wholly before the next. */
export class BlockRequests implements RequestHandler {
  readonly #header = new Uint8Array(HEADER_BYTES);
  readonly #fields = new DataView(this.#header.buffer);
  readonly #range = new Uint8Array(RANGE_BYTES);
  readonly #rangeFields = new DataView(this.#range.buffer);
  readonly #answer = new Uint8Array(1);
  readonly #id = new Uint8Array(ID_BYTES);
  /** The driver knows of no cache (it did not take FLUSH or CONFIG_WCE): every write is kept at once (5.2.5.2). */
  #mayCache = true;
  #configurable = false;

  /**
   * @param config in the machine state: its cache mode is the driver's to change
   * @param serial at most 20 bytes; longer ones are cut
   */
  constructor(
    private readonly image: DiskImage,
    private readonly ranges: IoVector,
    private readonly config: BlockConfigView,
    serial: string,
  ) {
    new TextEncoder().encodeInto(serial, this.#id);
  }

  started(registers: VirtioRegisters): void {
    this.#configurable = registers.negotiated(BLOCK_FEATURE.CONFIG_WCE);
    this.#mayCache = registers.negotiated(BLOCK_FEATURE.FLUSH) || this.#configurable;
  }

  handle(_queue: number, request: DescriptorChain): number {
    if (request.readableBytes < HEADER_BYTES || request.writableBytes < 1) {
      throw new QueueError("a block request without its header or its status");
    }
    request.read(0, this.#header);
    const written = request.writableBytes - 1;
    const answer = this.#serve(this.#fields.getUint32(0, true), request, written);
    this.#answer[0] = answer;
    request.write(written, this.#answer);
    return answer === ANSWER.OK ? written + 1 : 1;
  }

  #serve(type: number, request: DescriptorChain, writable: number): number {
    switch (type) {
      case REQUEST.IN:
        return this.#transfer(request, true, writable);
      case REQUEST.OUT:
        return this.#transfer(request, false, request.readableBytes - HEADER_BYTES);
      case REQUEST.FLUSH:
        return answerTo(this.image.flush());
      case REQUEST.GET_ID:
        request.write(0, this.#id, 0, Math.min(ID_BYTES, writable));
        return ANSWER.OK;
      case REQUEST.DISCARD:
      case REQUEST.WRITE_ZEROES:
        return this.#erase(type, request);
      default:
        return ANSWER.UNSUPPORTED;
    }
  }

  #transfer(request: DescriptorChain, toGuest: boolean, length: number): number {
    const { image, ranges } = this;
    const sector = this.#fields.getUint32(8, true) + this.#fields.getUint32(12, true) * 0x1_0000_0000;
    const offset = sector * SECTOR;
    // Sectors past 2^53 / 512 are past the end of any image, though their offset is not exact.
    if (length % SECTOR !== 0 || offset + length > image.size) return ANSWER.IOERR;
    if (!toGuest && image.readOnly) return ANSWER.IOERR;
    ranges.clear();
    request.hostRanges(toGuest, toGuest ? 0 : HEADER_BYTES, length, ranges);
    if (toGuest) return answerTo(image.read(offset, ranges));
    return answerTo(image.write(offset, ranges) || this.#kept());
  }

  /** After a write: what a driver without a cache in mind takes for kept is kept. */
  #kept(): number {
    const cached = this.#configurable ? this.config.writeback !== 0 : this.#mayCache;
    return cached ? 0 : this.image.flush();
  }

  #erase(type: number, request: DescriptorChain): number {
    const { image } = this;
    const bytes = request.readableBytes - HEADER_BYTES;
    if (image.readOnly || bytes % RANGE_BYTES !== 0 || bytes > MAX_RANGES * RANGE_BYTES) return ANSWER.IOERR;
    for (let at = 0; at < bytes; at += RANGE_BYTES) {
      request.read(HEADER_BYTES + at, this.#range);
      const fields = this.#rangeFields;
      const sector = fields.getUint32(0, true) + fields.getUint32(4, true) * 0x1_0000_0000;
      const count = fields.getUint32(8, true), flags = fields.getUint32(12, true);
      if (flags & ~UNMAP || (type === REQUEST.DISCARD && flags !== 0)) return ANSWER.UNSUPPORTED;
      const offset = sector * SECTOR, length = count * SECTOR;
      if (count > MAX_ERASED_SECTORS || offset + length > image.size) return ANSWER.IOERR;
      const errno = type === REQUEST.DISCARD
        ? image.discard(offset, length)
        : image.writeZeroes(offset, length, (flags & UNMAP) !== 0);
      if (errno !== 0) return ANSWER.IOERR;
    }
    return type === REQUEST.WRITE_ZEROES ? answerTo(this.#kept()) : ANSWER.OK;
  }
}

/** An errno as an answer: a full disk, a failing one and a vanished one are all errors of this request. */
function answerTo(errno: number): number {
  return errno === 0 ? ANSWER.OK : ANSWER.IOERR;
}
