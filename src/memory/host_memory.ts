/**
 * Guest RAM on the host: one memfd, mapped once, lent to every worker.
 *
 * @module
 */

import { ERRNO } from "../../ffi/errno.ts";
import { OwnedFd } from "../../ffi/fd.ts";
import { check, cString, libc } from "../../ffi/libc.ts";
import { borrow, MADV, MAP, type MappedRange, Mapping } from "../../ffi/mapping.ts";
import { HostError } from "../errors.ts";
import { type BackedRegion, MappedRam } from "./guest_memory.ts";
import { ramRegions } from "./layout.ts";

/** MFD_CLOEXEC, `linux/memfd.h`. */
const MFD_CLOEXEC = 1;

/**
 * Owns a machine's RAM. Pages come into being when they are first touched, so a large guest costs what it uses.
 *
 * It must outlive every worker that borrowed it.
 */
export class HostMemory implements Disposable {
  /** RAM as loaders and devices see it. */
  readonly ram: MappedRam;

  private constructor(private readonly memfd: OwnedFd, private readonly mapping: Mapping) {
    this.ram = new MappedRam(ramRegionsOver(mapping.buffer));
  }

  /** Reserves `size` bytes (a multiple of 4096). Throws HostError when the host cannot map as much. */
  static allocate(size: number): HostMemory {
    using opened = new DisposableStack();
    try {
      const memfd = opened.use(
        new OwnedFd(check(libc().memfd_create(cString("denovisor-ram"), MFD_CLOEXEC), "memfd_create")),
      );
      check(libc().ftruncate(memfd.number, BigInt(size)), `ftruncate to ${size} bytes`);
      const mapping = Mapping.map(memfd.number, size, MAP.SHARED | MAP.NORESERVE, 0, {
        [ERRNO.ENOMEM]: "more than this process can map",
      });
      // Where the host lets shared memory have huge pages (shmem_enabled), a guest's page tables need one step less
      // and its memory comes 2 MiB at a time: a booting kernel faults some 60 times and not 28,000.
      mapping.advise(MADV.HUGEPAGE);
      opened.move();
      return new HostMemory(memfd, mapping);
    } catch (cause) {
      throw new HostError(`memory: this host cannot map ${Math.round(size / 2 ** 20)} MiB for a guest`, {
        field: "memory",
        hint: "Give the guest less memory, or raise the process's limit (`ulimit -v`).",
        cause,
      });
    }
  }

  /** Gives it up to whoever gets the result. */
  release(): { memfd: number; range: MappedRange } {
    return { memfd: this.memfd.release(), range: this.mapping.release() };
  }

  /** Host address of guest-physical `gpa`, for KVM's memory slots. */
  addressOf(gpa: number): bigint {
    const region = this.ram.regions.find((r) => gpa >= r.gpa && gpa < r.gpa + r.size);
    if (region === undefined) throw new RangeError(`guest-physical 0x${gpa.toString(16)} is not RAM`);
    return this.mapping.address + BigInt(region.bufferOffset + gpa - region.gpa);
  }

  /** Unmaps and frees it. */
  [Symbol.dispose](): void {
    this.mapping[Symbol.dispose]();
    this.memfd[Symbol.dispose]();
  }
}

/** RAM that another thread owns. SAFETY: see {@link borrow}; the owner ends all workers before it unmaps. */
export function borrowRam({ address, length }: MappedRange): MappedRam {
  return new MappedRam(ramRegionsOver(borrow(address, length)));
}

/** The regions over one buffer that holds them back to back. */
export function ramRegionsOver(buffer: ArrayBuffer): BackedRegion[] {
  let bufferOffset = 0;
  return ramRegions(buffer.byteLength).map((region) => {
    const placed = { ...region, buffer, bufferOffset };
    bufferOffset += region.size;
    return placed;
  });
}
