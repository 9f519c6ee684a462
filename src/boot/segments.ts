/**
 * Parts of a file that go to fixed guest-physical addresses.
 *
 * @module
 */

import type { GuestRam } from "../memory/guest_memory.ts";
import type { ImageFile } from "./image_file.ts";
import type { Placement } from "./placement.ts";

/** One part: file bytes, then zeros. */
export interface LoadSegment {
  /** For messages: `ELF segment 2`. */
  readonly name: string;
  readonly gpa: number;
  /** Bytes in memory, at least `fileSize`. */
  readonly memorySize: number;
  readonly fileOffset: number;
  readonly fileSize: number;
}

/** The address behind the last byte of all segments. */
export function segmentsEnd(segments: readonly LoadSegment[]): number {
  return segments.reduce((end, segment) => Math.max(end, segment.gpa + segment.memorySize), 0);
}

/** Whether an address lies in one of the segments. */
export function inSegments(segments: readonly LoadSegment[], gpa: number): boolean {
  return segments.some((segment) => gpa >= segment.gpa && gpa < segment.gpa + segment.memorySize);
}

/**
 * Claims the memory of all segments.
 *
 * @throws {UserError} if one is outside of RAM or overlaps something.
 */
export function claimSegments(placement: Placement, file: ImageFile, segments: readonly LoadSegment[]): void {
  for (const { name, gpa, memorySize } of segments) {
    placement.claim(`${name} of ${file.name}`, gpa, memorySize);
  }
}

/** Reads segments straight into guest memory and zeroes their rest. */
export function readSegments(ram: GuestRam, file: ImageFile, segments: readonly LoadSegment[]): void {
  for (const { gpa, memorySize, fileOffset, fileSize } of segments) {
    if (fileSize > 0) file.read(fileOffset, ram.view(gpa, fileSize));
    // Not left to fresh memory: after a reboot it holds what the last kernel wrote.
    if (memorySize > fileSize) ram.view(gpa + fileSize, memorySize - fileSize).fill(0);
  }
}
