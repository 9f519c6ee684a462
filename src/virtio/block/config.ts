/**
 * What a virtio block device says of itself (virtio 1.3, 5.2.3 and 5.2.4).
 *
 * @module
 */

import { array, packed, u16, u32, u64, u8, type View } from "../../../ffi/layout.ts";
import { type Features, features } from "../features.ts";
import { DEVICE_ID, type VirtioModel } from "../model.ts";

/** Feature bits. */
export const BLOCK_FEATURE = {
  SEG_MAX: 2,
  RO: 5,
  BLK_SIZE: 6,
  FLUSH: 9,
  TOPOLOGY: 10,
  CONFIG_WCE: 11,
  MQ: 12,
  DISCARD: 13,
  WRITE_ZEROES: 14,
} as const;

/** Bytes of a sector, whatever the block size is. */
export const SECTOR = 512;

/** Buffers in one request beside its header and its status. */
const MAX_SEGMENTS = 254;
/** Sectors of one discard or write-zeroes range, 1 GiB, and ranges of one request. */
export const MAX_ERASED_SECTORS = 2 ** 21, MAX_RANGES = 16;
/** Entries of each queue. */
const QUEUE_SIZE = 256;

/** `struct virtio_blk_config`, in place in the machine state. */
export const BlockConfig = packed("virtio_blk_config", {
  capacity: u64,
  size_max: u32,
  seg_max: u32,
  cylinders: u16,
  heads: u8,
  sectors: u8,
  blk_size: u32,
  physical_block_exp: u8,
  alignment_offset: u8,
  min_io_size: u16,
  opt_io_size: u32,
  writeback: u8,
  unused0: u8,
  num_queues: u16,
  max_discard_sectors: u32,
  max_discard_seg: u32,
  discard_sector_alignment: u32,
  max_write_zeroes_sectors: u32,
  max_write_zeroes_seg: u32,
  write_zeroes_may_unmap: u8,
  unused1: array(u8, 3),
});

/** A view of {@linkcode BlockConfig}. */
export type BlockConfigView = View<typeof BlockConfig>;

/** A disk as its device presents it. */
export interface BlockSettings {
  /** Bytes, a multiple of 512. */
  readonly size: number;
  readonly readOnly: boolean;
  readonly queues: number;
}

/** Fills a fresh configuration. */
export function initializeBlock(config: BlockConfigView, { size, queues }: BlockSettings): void {
  config.$bytes.fill(0);
  config.capacity_num = size / SECTOR;
  config.seg_max = MAX_SEGMENTS;
  config.blk_size = SECTOR;
  config.physical_block_exp = 3; // what host file systems and disks are best at: 4 KiB
  config.min_io_size = 8;
  config.writeback = 1;
  config.num_queues = queues;
  config.max_discard_sectors = config.max_write_zeroes_sectors = MAX_ERASED_SECTORS;
  config.max_discard_seg = config.max_write_zeroes_seg = MAX_RANGES;
  config.discard_sector_alignment = 8;
  config.write_zeroes_may_unmap = 1;
}

const WRITEBACK = BlockConfig.offset("writeback");

/** The block device as its transport sees it. */
export class BlockModel implements VirtioModel {
  readonly id = DEVICE_ID.BLOCK;
  readonly features: Features;
  readonly queueSizes: readonly number[];
  readonly #bytes: Uint8Array;

  constructor(config: BlockConfigView, { readOnly, queues }: BlockSettings) {
    const F = BLOCK_FEATURE;
    this.features = features(
      F.SEG_MAX,
      F.BLK_SIZE,
      F.TOPOLOGY,
      ...(queues > 1 ? [F.MQ] : []),
      ...(readOnly ? [F.RO] : [F.FLUSH, F.CONFIG_WCE, F.DISCARD, F.WRITE_ZEROES]),
    );
    this.queueSizes = Array.from({ length: queues }, () => QUEUE_SIZE);
    this.#bytes = config.$bytes;
  }

  readConfig(offset: number): number {
    return this.#bytes[offset] ?? 0;
  }

  /** Only the cache mode can be written (5.2.5). */
  writeConfig(offset: number, value: number): void {
    if (offset === WRITEBACK) this.#bytes[offset] = value & 1;
  }
}
