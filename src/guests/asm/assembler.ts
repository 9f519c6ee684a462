/**
 * A small x86 assembler: the instructions that the project's own guests use, as methods.
 *
 * Encodings follow the Intel SDM volume 2, whose opcode notation (`/r`, `/0`, `ib`, `+rd`) the comments use.
 * One pass: a jump back is short where it can be, a jump forward is always near.
 *
 * @module
 */

import { type Bits, Encoder, type Opcode } from "./encoder.ts";
import {
  type Condition,
  CONDITIONS,
  type ControlReg,
  type Imm,
  type Mem,
  type Reg,
  type SegmentReg,
  type Size,
} from "./operands.ts";

/** Registers that IN and OUT can use. */
type Accumulator = Reg<8 | 16 | 32>;
/** String instructions by element size. */
type Element = 8 | 16 | 32 | 64;

/**
 * Assembles one image.
 *
 * ```ts
 * import { Assembler } from "./assembler.ts";
 * import { al, dx } from "./operands.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const a = new Assembler(0x1000, 16);
 * a.mov(dx, 0x3f8);
 * a.bind("again");
 * a.out(dx, al);
 * a.jmp("again");
 * assertEquals([...a.finish()], [0xba, 0xf8, 0x03, 0xee, 0xeb, 0xfd]);
 * ```
 */
export class Assembler extends Encoder {
  constructor(origin: number, bits: Bits) {
    super(origin, bits);
  }

  // Moves ---------------------------------------------------------------------------------------------------------

  /**
   * MOV between registers, memory and constants of one size. A label as source is its address.
   * A 64-bit register takes the shortest form that gives the value.
   */
  mov<S extends Size>(to: Reg<S> | Mem<S>, from: Reg<S> | Mem<S> | Imm | string): void {
    if (typeof from === "object") return this.#pair(0x88, to, from);
    if (to.kind === "mem") {
      this.modrm(to.size, [to.size === 8 ? 0xc6 : 0xc7], 0, to, Math.min(to.size, 32) / 8);
      return this.immediate(to.size, from);
    }
    if (to.size === 64) return this.#mov64(to.code, from);
    this.operandPrefix(to.size);
    this.rex(false, 0, 0, to.code >> 3);
    this.db((to.size === 8 ? 0xb0 : 0xb8) | (to.code & 7)); // B0+rb ib, B8+rd id
    this.immediate(to.size, from);
  }

  #mov64(code: number, value: Imm | string): void {
    const zeroExtends = typeof value === "string" || (value >= 0 && value < 2 ** 32);
    const signExtends = !zeroExtends && value < 0 && value >= -(2 ** 31);
    this.rex(!zeroExtends, 0, 0, code >> 3);
    if (zeroExtends) {
      this.db(0xb8 | (code & 7));
      this.immediate(32, value);
    } else if (signExtends) {
      this.db(0xc7, 0xc0 | (code & 7)); // REX.W C7 /0 id
      this.immediate(64, value);
    } else {
      this.db(0xb8 | (code & 7)); // REX.W B8+rd io
      this.dq(BigInt.asUintN(64, BigInt(value)));
    }
  }

  /** MOV to a segment register; only the low 16 bits of the source count. */
  movToSegment(to: SegmentReg, from: Reg<16 | 32>): void {
    this.modrm(0, [0x8e], to.code, from);
  }

  /** MOV from a control register; 32 bits outside 64-bit code. */
  movFromControl(to: Reg<32 | 64>, from: ControlReg): void {
    this.modrm(0, [0x0f, 0x20], from.code, to);
  }

  /** MOV to a control register. */
  movToControl(to: ControlReg, from: Reg<32 | 64>): void {
    this.modrm(0, [0x0f, 0x22], to.code, from);
  }

  /** MOVZX: a byte or word, zero-extended. */
  movzx(to: Reg<16 | 32 | 64>, from: Reg<8 | 16> | Mem<8 | 16>): void {
    this.modrm(to.size, [0x0f, from.size === 8 ? 0xb6 : 0xb7], to.code, from);
  }

  /** LEA: the address of a memory operand; its size does not matter. */
  lea(to: Reg<16 | 32 | 64>, from: Mem): void {
    this.modrm(to.size, [0x8d], to.code, from);
  }

  /** XCHG, atomic when one side is memory. */
  xchg<S extends Size>(to: Mem<S>, from: Reg<S>): void {
    this.modrm(to.size, [to.size === 8 ? 0x86 : 0x87], from.code, to);
  }

  /** PUSH a full-width register or a sign-extended constant. */
  push(value: Reg<16 | 32 | 64> | number): void {
    if (typeof value !== "number") return this.#stack(0x50, value);
    if (value >= -128 && value < 128) return this.db(0x6a, value);
    this.db(0x68);
    if (this.bits === 16) this.dw(value);
    else this.immediate(this.bits, value);
  }

  /** POP a full-width register. */
  pop(to: Reg<16 | 32 | 64>): void {
    this.#stack(0x58, to);
  }

  #stack(opcode: number, r: Reg): void {
    if (r.size !== this.bits) throw new Error(`PUSH and POP take ${this.bits}-bit registers here`);
    this.rex(false, 0, 0, r.code >> 3); // 64 bits are the default: no REX.W
    this.db(opcode | (r.code & 7));
  }

  // Arithmetic and logic -------------------------------------------------------------------------------------------

  add<S extends Size>(to: Reg<S> | Mem<S>, from: Reg<S> | Mem<S> | Imm): void {
    this.#alu(0, to, from);
  }
  or<S extends Size>(to: Reg<S> | Mem<S>, from: Reg<S> | Mem<S> | Imm): void {
    this.#alu(1, to, from);
  }
  and<S extends Size>(to: Reg<S> | Mem<S>, from: Reg<S> | Mem<S> | Imm): void {
    this.#alu(4, to, from);
  }
  sub<S extends Size>(to: Reg<S> | Mem<S>, from: Reg<S> | Mem<S> | Imm): void {
    this.#alu(5, to, from);
  }
  xor<S extends Size>(to: Reg<S> | Mem<S>, from: Reg<S> | Mem<S> | Imm): void {
    this.#alu(6, to, from);
  }
  cmp<S extends Size>(to: Reg<S> | Mem<S>, from: Reg<S> | Mem<S> | Imm): void {
    this.#alu(7, to, from);
  }

  /** TEST: AND that only sets flags. */
  test<S extends Size>(to: Reg<S> | Mem<S>, from: Reg<S> | Imm): void {
    if (typeof from === "object") return this.modrm(to.size, [to.size === 8 ? 0x84 : 0x85], from.code, to);
    this.modrm(to.size, [to.size === 8 ? 0xf6 : 0xf7], 0, to, Math.min(to.size, 32) / 8);
    this.immediate(to.size, from);
  }

  inc(to: Reg | Mem): void {
    this.#unary(0xfe, 0, to);
  }
  dec(to: Reg | Mem): void {
    this.#unary(0xfe, 1, to);
  }
  not(to: Reg | Mem): void {
    this.#unary(0xf6, 2, to);
  }
  neg(to: Reg | Mem): void {
    this.#unary(0xf6, 3, to);
  }
  /** MUL: rDX:rAX = rAX × operand, unsigned. */
  mul(by: Reg | Mem): void {
    this.#unary(0xf6, 4, by);
  }
  /** DIV: rDX:rAX ÷ operand, unsigned; quotient to rAX, remainder to rDX. */
  div(by: Reg | Mem): void {
    this.#unary(0xf6, 6, by);
  }

  /** SHL by a constant or by CL. */
  shl(to: Reg | Mem, by: number | "cl"): void {
    this.#shift(4, to, by);
  }
  /** SHR (unsigned) by a constant or by CL. */
  shr(to: Reg | Mem, by: number | "cl"): void {
    this.#shift(5, to, by);
  }

  /** The 0x00–0x3f block: `op r/m, r`, `op r, r/m`, and group 1 with an immediate. */
  #alu(n: number, to: Reg | Mem, from: Reg | Mem | Imm): void {
    if (typeof from === "object") return this.#pair(n << 3, to, from);
    if (to.size === 8 || (from >= -128 && from < 128)) {
      this.modrm(to.size, [to.size === 8 ? 0x80 : 0x83], n, to, 1); // 83 /n ib sign-extends
      return this.immediate(8, from);
    }
    this.modrm(to.size, [0x81], n, to, to.size === 16 ? 2 : 4);
    this.immediate(to.size, from);
  }

  /** Opcode + 0/1 stores a register, + 2/3 loads one; the odd one is the wide form. */
  #pair(opcode: number, to: Reg | Mem, from: Reg | Mem): void {
    const wide = to.size === 8 ? 0 : 1;
    if (from.kind === "reg") this.modrm(to.size, [opcode | wide], from.code, to);
    else if (to.kind === "reg") this.modrm(to.size, [opcode | 2 | wide], to.code, from);
    else throw new Error("two memory operands");
  }

  #unary(opcode: number, n: number, to: Reg | Mem): void {
    if (this.bits !== 64 && to.kind === "reg" && to.size !== 8 && opcode === 0xfe) {
      this.operandPrefix(to.size);
      return this.db(0x40 | n << 3 | to.code); // 40+rd / 48+rd: REX prefixes in 64-bit code
    }
    this.modrm(to.size, [to.size === 8 ? opcode : opcode | 1], n, to);
  }

  #shift(n: number, to: Reg | Mem, by: number | "cl"): void {
    const wide = to.size === 8 ? 0 : 1;
    if (by === "cl") return this.modrm(to.size, [0xd2 | wide], n, to);
    if (by === 1) return this.modrm(to.size, [0xd0 | wide], n, to);
    this.modrm(to.size, [0xc0 | wide], n, to, 1);
    this.db(by);
  }

  // Atomics --------------------------------------------------------------------------------------------------------

  /** LOCK prefix for the next instruction. */
  lock(): void {
    this.db(0xf0);
  }
  /** XADD: adds and gives the old value back in the register. */
  xadd<S extends Size>(to: Mem<S>, from: Reg<S>): void {
    this.modrm(to.size, [0x0f, to.size === 8 ? 0xc0 : 0xc1], from.code, to);
  }

  // Control flow ---------------------------------------------------------------------------------------------------

  /** JMP to a label, or through a register or memory. */
  jmp(to: string | Reg<16 | 32 | 64> | Mem<16 | 32 | 64>): void {
    if (typeof to === "string") this.#branch([0xeb], [0xe9], to);
    else this.modrm(0, [0xff], 4, to);
  }
  /** Jcc: `j("nz", ".loop")`. */
  j(condition: Condition, to: string): void {
    this.#branch([0x70 | CONDITIONS[condition]], [0x0f, 0x80 | CONDITIONS[condition]], to);
  }
  /** CALL a label, or through a register or memory. */
  call(to: string | Reg<16 | 32 | 64> | Mem<16 | 32 | 64>): void {
    if (typeof to === "string") this.#branch(undefined, [0xe8], to);
    else this.modrm(0, [0xff], 2, to);
  }
  ret(): void {
    this.db(0xc3);
  }
  /** Far JMP to `selector:target` with a 32-bit offset (`EA cd` or `EA cp`), in 16- and 32-bit code. */
  jmpFar(selector: number, to: string | number): void {
    if (this.bits === 64) throw new Error("64-bit code has no direct far jump");
    this.operandPrefix(32);
    this.db(0xea);
    this.dd(to);
    this.dw(selector);
  }

  #branch(short: Opcode | undefined, near: Opcode, to: string): void {
    const target = this.bound(to);
    if (short !== undefined && target !== undefined) {
      const distance = target - (this.here + short.length + 1);
      if (distance >= -128) return this.db(...short, distance);
    }
    this.db(...near);
    this.relative(this.bits === 16 ? 16 : 32, to);
  }

  // Input, output, strings -----------------------------------------------------------------------------------------

  /** IN from the port in DX or a port below 256. */
  in(to: Accumulator, port: Reg<16> | number): void {
    this.#io(0xe4, to, port);
  }
  /** OUT to the port in DX or a port below 256. */
  out(port: Reg<16> | number, from: Accumulator): void {
    this.#io(0xe6, from, port);
  }

  #io(opcode: number, accumulator: Accumulator, port: Reg<16> | number): void {
    if (accumulator.code !== 0) throw new Error("IN and OUT take AL, AX or EAX");
    const wide = accumulator.size === 8 ? 0 : 1;
    this.operandPrefix(accumulator.size);
    if (typeof port !== "number") return this.db(opcode | 8 | wide);
    if (port > 0xff) throw new Error(`port ${port} needs DX`);
    this.db(opcode | wide, port);
  }

  /** REP prefix for the next string instruction. */
  rep(): void {
    this.db(0xf3);
  }
  ins(size: 8 | 16 | 32): void {
    this.#string(0x6c, size);
  }
  outs(size: 8 | 16 | 32): void {
    this.#string(0x6e, size);
  }
  movs(size: Element): void {
    this.#string(0xa4, size);
  }
  stos(size: Element): void {
    this.#string(0xaa, size);
  }
  lods(size: Element): void {
    this.#string(0xac, size);
  }

  #string(opcode: number, size: Element): void {
    this.operandPrefix(size);
    this.rex(size === 64, 0, 0, 0);
    this.db(size === 8 ? opcode : opcode | 1);
  }

  // System ---------------------------------------------------------------------------------------------------------

  lgdt(table: Mem): void {
    this.modrm(0, [0x0f, 0x01], 2, table);
  }
  lidt(table: Mem): void {
    this.modrm(0, [0x0f, 0x01], 3, table);
  }
  ltr(selector: Reg<16 | 32>): void {
    this.modrm(0, [0x0f, 0x00], 3, selector);
  }
  /** INT n. */
  int(vector: number): void {
    this.db(0xcd, vector);
  }
  int3(): void {
    this.db(0xcc);
  }
  /** IRET with 64-bit operands. */
  iretq(): void {
    this.db(0x48, 0xcf);
  }
  ud2(): void {
    this.db(0x0f, 0x0b);
  }
  hlt(): void {
    this.db(0xf4);
  }
  cli(): void {
    this.db(0xfa);
  }
  sti(): void {
    this.db(0xfb);
  }
  cld(): void {
    this.db(0xfc);
  }
  nop(): void {
    this.db(0x90);
  }
  pause(): void {
    this.db(0xf3, 0x90);
  }
  cpuid(): void {
    this.db(0x0f, 0xa2);
  }
  rdtsc(): void {
    this.db(0x0f, 0x31);
  }
  rdmsr(): void {
    this.db(0x0f, 0x32);
  }
  wrmsr(): void {
    this.db(0x0f, 0x30);
  }
}
