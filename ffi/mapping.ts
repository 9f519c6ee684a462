/**
 * Memory mappings with an owner.
 *
 * @module
 */

import { KernelError } from "./errno.ts";
import { libc } from "./libc.ts";

/** PROT_READ | PROT_WRITE. */
export const PROT_READ_WRITE = 3;
/** Flags of mmap(2), `asm-generic/mman-common.h` and `mman.h`. */
export const MAP = { SHARED: 1, PRIVATE: 2, ANONYMOUS: 0x20, NORESERVE: 0x4000 } as const;

/** Advice of madvise(2), `asm-generic/mman-common.h`. */
export const MADV = { HUGEPAGE: 14 } as const;

/** Where a mapping is, as plain data for another thread. */
export interface MappedRange {
  readonly address: bigint;
  /** Bytes. */
  readonly length: number;
}

/** A mapping of a file or of nothing, readable and writable. */
export class Mapping implements Disposable {
  #mapped = true;

  private constructor(
    /** Where it is in this process. */
    readonly pointer: Deno.PointerObject,
    /** Size in bytes. */
    readonly length: number,
    /** The same bytes for JavaScript; shared with every thread that maps or views them. */
    readonly buffer: ArrayBuffer,
  ) {}

  /**
   * Maps `length` bytes of `fd` (or of nothing with {@link MAP}.ANONYMOUS and −1) from `offset`. Throws KernelError,
   * with `meaning` by errno where the caller knows more.
   */
  static map(
    fd: number,
    length: number,
    flags: number,
    offset = 0,
    meaning?: Readonly<Record<number, string>>,
  ): Mapping {
    const c = libc();
    const pointer = c.mmap(0n, BigInt(length), PROT_READ_WRITE, flags, fd, BigInt(offset));
    // MAP_FAILED is (void *) -1; page 0 is never mapped.
    if (pointer === null || Deno.UnsafePointer.value(pointer) === 0xffff_ffff_ffff_ffffn) {
      const errno = c.errno();
      throw new KernelError(`mmap of ${length} bytes`, errno, meaning?.[errno]);
    }
    try {
      return new Mapping(pointer, length, viewOf(pointer, length));
    } catch (error) { // more bytes than an ArrayBuffer can have
      c.munmap(pointer, BigInt(length));
      throw error;
    }
  }

  /** Takes over a mapping that another thread has {@link release}d. SAFETY: nobody else may unmap it. */
  static adopt({ address, length }: MappedRange): Mapping {
    const pointer = Deno.UnsafePointer.create(address)!;
    return new Mapping(pointer, length, viewOf(pointer, length));
  }

  /** Gives it up: the range is the receiver's to unmap. {@link buffer} stays as good as the range is. */
  release(): MappedRange {
    this.#mapped = false;
    return { address: this.address, length: this.length };
  }

  /** Tells the kernel how the memory will be used. Returns false where it does not listen. */
  advise(advice: number): boolean {
    return libc().madvise(this.pointer, BigInt(this.length), advice) === 0;
  }

  /** The address as a number for another thread: see {@link borrow}. */
  get address(): bigint {
    return BigInt(Deno.UnsafePointer.value(this.pointer));
  }

  /**
   * Unmaps it; more than once is no error. {@link buffer} and this thread's views of it end up empty. Views that others
   * made by {@link borrow} do not: a later access through one is a segmentation fault.
   */
  [Symbol.dispose](): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    if (!this.buffer.detached) this.buffer.transfer(0); // detaches
    libc().munmap(this.pointer, BigInt(this.length));
  }
}

/**
 * The bytes at an address that another thread's {@link Mapping} owns.
 *
 * SAFETY: the caller guarantees that the owner keeps the mapping for as long as the view is used; a machine's owner
 * unmaps only after its workers ended.
 */
export function borrow(address: bigint, length: number): ArrayBuffer {
  return viewOf(Deno.UnsafePointer.create(address)!, length);
}

function viewOf(pointer: Deno.PointerObject, length: number): ArrayBuffer {
  return Deno.UnsafePointerView.getArrayBuffer(pointer, length);
}
