/**
 * Operands of x86 instructions: registers, memory, condition names.
 *
 * Every operand carries its size in its type, so `mov(eax, bl)` is a compile error and a memory operand
 * never needs a size prefix word.
 *
 * @module
 */

/** Operand width in bits. */
export type Size = 8 | 16 | 32 | 64;

/** A general-purpose register; `code` is its number in ModRM, REX and opcode bytes (Intel SDM 2A table 3-1). */
export interface Reg<S extends Size = Size> {
  readonly kind: "reg";
  readonly size: S;
  readonly code: number;
}

/** A segment register (SDM 2A §2.1.5, table 2-1, "Sreg"). */
export interface SegmentReg {
  readonly kind: "segment";
  readonly code: number;
}

/** A control register CR0–CR4. */
export interface ControlReg {
  readonly kind: "control";
  readonly code: number;
}

/** A memory operand: `[base + index * scale + disp]`, or `[label + disp]`. */
export interface Mem<S extends Size = Size> {
  readonly kind: "mem";
  readonly size: S;
  readonly base?: Reg<16 | 32 | 64>;
  readonly index?: Reg<32 | 64>;
  readonly scale: 1 | 2 | 4 | 8;
  readonly disp: number;
  readonly label?: string;
}

/** A signed or unsigned constant. Bigint only where 53 bits do not do. */
export type Imm = number | bigint;

const reg = <S extends Size>(size: S, code: number): Reg<S> => ({ kind: "reg", size, code });

export const [al, cl, dl, bl] = [reg(8, 0), reg(8, 1), reg(8, 2), reg(8, 3)];
export const [ax, cx, dx, bx] = [reg(16, 0), reg(16, 1), reg(16, 2), reg(16, 3)];
export const [sp, bp, si, di] = [reg(16, 4), reg(16, 5), reg(16, 6), reg(16, 7)];
export const [eax, ecx, edx, ebx] = [reg(32, 0), reg(32, 1), reg(32, 2), reg(32, 3)];
export const [esp, ebp, esi, edi] = [reg(32, 4), reg(32, 5), reg(32, 6), reg(32, 7)];
export const [r8d, r9d, r10d, r11d] = [reg(32, 8), reg(32, 9), reg(32, 10), reg(32, 11)];
export const [r12d, r13d, r14d, r15d] = [reg(32, 12), reg(32, 13), reg(32, 14), reg(32, 15)];
export const [rax, rcx, rdx, rbx] = [reg(64, 0), reg(64, 1), reg(64, 2), reg(64, 3)];
export const [rsp, rbp, rsi, rdi] = [reg(64, 4), reg(64, 5), reg(64, 6), reg(64, 7)];
export const [r8, r9, r10, r11] = [reg(64, 8), reg(64, 9), reg(64, 10), reg(64, 11)];
export const [r12, r13, r14, r15] = [reg(64, 12), reg(64, 13), reg(64, 14), reg(64, 15)];

export const es: SegmentReg = { kind: "segment", code: 0 };
export const ss: SegmentReg = { kind: "segment", code: 2 };
export const ds: SegmentReg = { kind: "segment", code: 3 };
export const fs: SegmentReg = { kind: "segment", code: 4 };
export const gs: SegmentReg = { kind: "segment", code: 5 };

export const cr0: ControlReg = { kind: "control", code: 0 };
export const cr2: ControlReg = { kind: "control", code: 2 };
export const cr3: ControlReg = { kind: "control", code: 3 };
export const cr4: ControlReg = { kind: "control", code: 4 };

/** What a memory operand starts from: a base register, a label, or an absolute address. */
export type Origin = Reg<16 | 32 | 64> | string | number;

function mem<S extends Size>(
  size: S,
  from: Origin,
  disp: number,
  index: Reg<32 | 64> | undefined,
  scale: 1 | 2 | 4 | 8,
): Mem<S> {
  const common = { kind: "mem" as const, size, scale, ...(index === undefined ? {} : { index }) };
  if (typeof from === "number") return { ...common, disp: from + disp };
  return typeof from === "string" ? { ...common, label: from, disp } : { ...common, base: from, disp };
}

/** A byte in memory: `m8(rdi, 4)` is `byte [rdi + 4]`, `m8("flag")` the byte at a label, `m8(0x400)` an address. */
export const m8 = (from: Origin, disp = 0, index?: Reg<32 | 64>, scale: 1 | 2 | 4 | 8 = 1): Mem<8> =>
  mem(8, from, disp, index, scale);
/** Two bytes in memory; see {@linkcode m8}. */
export const m16 = (from: Origin, disp = 0, index?: Reg<32 | 64>, scale: 1 | 2 | 4 | 8 = 1): Mem<16> =>
  mem(16, from, disp, index, scale);
/** Four bytes in memory; see {@linkcode m8}. */
export const m32 = (from: Origin, disp = 0, index?: Reg<32 | 64>, scale: 1 | 2 | 4 | 8 = 1): Mem<32> =>
  mem(32, from, disp, index, scale);
/** Eight bytes in memory; see {@linkcode m8}. */
export const m64 = (from: Origin, disp = 0, index?: Reg<32 | 64>, scale: 1 | 2 | 4 | 8 = 1): Mem<64> =>
  mem(64, from, disp, index, scale);

/** Condition codes by their number in Jcc (SDM 2A appendix B.1.4.7). */
export const CONDITIONS = {
  o: 0x0,
  no: 0x1,
  b: 0x2,
  ae: 0x3,
  z: 0x4,
  nz: 0x5,
  be: 0x6,
  a: 0x7,
  s: 0x8,
  ns: 0x9,
  l: 0xc,
  ge: 0xd,
  le: 0xe,
  g: 0xf,
} as const;
/** Name of a condition: `z`, `nz`, `b` (below, unsigned), `l` (less, signed)… */
export type Condition = keyof typeof CONDITIONS;
