/**
 * Prefixes, REX, ModRM, SIB and displacements: the part of an encoding that all instructions share.
 *
 * @module
 */

import { CodeBuffer } from "./buffer.ts";
import type { Imm, Mem, Reg, Size } from "./operands.ts";

/** The processor mode that code is assembled for. */
export type Bits = 16 | 32 | 64;

/** Opcode bytes; an 8-bit form is usually the wider form's opcode minus one, but each caller says so itself. */
export type Opcode = readonly number[];

/** 16-bit addressing knows only these bases (SDM 2A table 2-1). */
const BASES_16: ReadonlyMap<number, number> = new Map([[6, 4], [7, 5], [5, 6], [3, 7]]);

/** A code buffer that can write encoded instructions. */
export class Encoder extends CodeBuffer {
  #bits: Bits;

  constructor(origin: number, bits: Bits) {
    super(origin);
    this.#bits = bits;
  }

  /** The mode of the code that follows. */
  get bits(): Bits {
    return this.#bits;
  }

  set bits(bits: Bits) {
    this.#bits = bits;
  }

  /**
   * Writes `[66] [REX] opcode ModRM [SIB] [disp]` for an instruction with a register field and a register or
   * memory operand.
   *
   * @param size Operand size: decides the 0x66 prefix and REX.W; 0 for neither (default-64 and fixed-size instructions).
   * @param field The ModRM reg field: a register's code or an opcode extension (`/n`).
   * @param tail Bytes of immediate that follow, which a RIP-relative displacement must count in.
   */
  protected modrm(size: Size | 0, opcode: Opcode, field: number, rm: Reg | Mem, tail = 0): void {
    this.operandPrefix(size);
    const high = (r: Reg | undefined): number => (r?.code ?? 0) >> 3;
    const [x, b] = rm.kind === "reg" ? [0, high(rm)] : [high(rm.index), high(rm.base)];
    this.rex(size === 64, field >> 3, x, b);
    this.db(...opcode);
    if (rm.kind === "reg") this.db(0xc0 | (field & 7) << 3 | (rm.code & 7));
    else this.#memory(field & 7, rm, tail);
  }

  /** The 0x66 prefix, where the mode's default size is the other one. */
  protected operandPrefix(size: Size | 0): void {
    if (size === 64 && this.#bits !== 64) throw new Error(`64-bit operand in ${this.#bits}-bit code`);
    if (size === (this.#bits === 16 ? 32 : 16)) this.db(0x66);
  }

  /** A REX prefix if any bit of it is needed (SDM 2A §2.2.1). */
  protected rex(w: boolean, r: number, x: number, b: number): void {
    const bits = (w ? 8 : 0) | r << 2 | x << 1 | b;
    if (bits === 0) return;
    if (this.#bits !== 64) throw new Error(`extended register in ${this.#bits}-bit code`);
    this.db(0x40 | bits);
  }

  /** An immediate of the operand's size, 64-bit operands taking a sign-extended 32-bit one; a label gives its address. */
  protected immediate(size: Size, value: Imm | string): void {
    if (typeof value === "string") {
      if (size === 8) throw new Error(`an address does not fit 8 bits: ${value}`);
      return size === 16 ? this.dw(value) : this.dd(value);
    }
    const bits = size === 64 ? 32 : size;
    const [low, high] = size === 64 ? [-(2 ** 31), 2 ** 31] : [-(2 ** (bits - 1)), 2 ** bits];
    if (value < low || value >= high) throw new Error(`immediate ${value} does not fit ${size} bits`);
    if (bits === 8) this.db(Number(value));
    else if (bits === 16) this.dw(Number(value));
    else this.dd(Number(value));
  }

  #memory(field: number, m: Mem, tail: number): void {
    if (m.base?.size === 16 || (this.#bits === 16 && m.base === undefined)) return this.#memory16(field, m);
    const wanted = this.#bits === 64 ? 64 : 32;
    if ((m.base ?? m.index)?.size !== wanted && (m.base ?? m.index) !== undefined) {
      throw new Error(`${this.#bits}-bit code addresses memory with ${wanted}-bit registers`);
    }
    if (m.label !== undefined && m.base === undefined && m.index === undefined) {
      this.db(field << 3 | 5);
      // mod 00 rm 101 is [RIP + disp32] in 64-bit code and [disp32] in 32-bit code (SDM 2A §2.2.1.6).
      return this.#bits === 64 ? this.relative(32, m.label, m.disp, tail) : this.dd(m.label, m.disp);
    }
    if (m.base === undefined) return this.#noBase(field, m);
    const low = m.base.code & 7;
    // rBP and r13 have no form without displacement; rSP and r12 as base need a SIB byte (SDM 2A table 2-5).
    const mod = m.disp === 0 && low !== 5 ? 0 : m.disp >= -128 && m.disp < 128 ? 1 : 2;
    if (m.index !== undefined || low === 4) {
      this.db(mod << 6 | field << 3 | 4, sib(m.scale, m.index, low));
    } else this.db(mod << 6 | field << 3 | low);
    if (mod === 1) this.db(m.disp);
    if (mod === 2) this.dd(m.disp);
  }

  /** `[disp32]` or `[index * scale + disp32]`: SIB without a base, as a plain disp32 would be RIP-relative. */
  #noBase(field: number, m: Mem): void {
    if (m.disp >= 2 ** 31) {
      throw new Error(`address ${m.disp.toString(16)} would be sign-extended: use a register`);
    }
    if (this.#bits === 32 && m.index === undefined) this.db(field << 3 | 5);
    else this.db(field << 3 | 4, sib(m.scale, m.index, 5));
    this.dd(m.disp);
  }

  #memory16(field: number, m: Mem): void {
    if (m.base === undefined) {
      this.db(field << 3 | 6);
      return this.dw(m.label ?? m.disp);
    }
    const rm = BASES_16.get(m.base.code);
    if (this.#bits !== 16 || rm === undefined || m.index !== undefined) {
      throw new Error("16-bit addressing takes [si], [di], [bp] or [bx] plus a displacement, in 16-bit code");
    }
    const mod = m.disp === 0 && rm !== 6 ? 0 : m.disp >= -128 && m.disp < 128 ? 1 : 2;
    this.db(mod << 6 | field << 3 | rm);
    if (mod === 1) this.db(m.disp);
    if (mod === 2) this.dw(m.disp);
  }
}

function sib(scale: 1 | 2 | 4 | 8, index: Reg | undefined, base: number): number {
  if (index?.code === 4) throw new Error("rSP cannot be an index register");
  return Math.log2(scale) << 6 | (index === undefined ? 4 : index.code & 7) << 3 | base;
}
