import { assert, assertEquals, assertThrows } from "@std/assert";
import { Assembler } from "../../../src/guests/asm/assembler.ts";
import { ax, dx, eax, ebx, m32, m8, rax, rcx, rsp, si } from "../../../src/guests/asm/operands.ts";
import { ENCODINGS } from "./encodings.ts";

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

Deno.test("guests: every encoding is what GNU as gives", () => {
  for (const [bits, text, expected, emit] of ENCODINGS) {
    const a = new Assembler(0, bits);
    emit(a);
    assertEquals(hex(a.finish()), expected, `${bits}-bit: ${text}`);
  }
});

const hasAs = await new Deno.Command("sh", { args: ["-c", "command -v as objcopy"], stdout: "null" }).output()
  .then((run) => run.success, () => false);

Deno.test({
  name: "guests: the committed encodings are what the installed GNU as gives",
  ignore: !hasAs,
  fn: async () => {
    const dir = await Deno.makeTempDir();
    try {
      // Each entry in 64 bytes of its own, so that one flat file tells them apart.
      const slot = 64;
      const source = ENCODINGS.map(([bits, text], i) => `.code${bits}\n.org ${i * slot}\n${text}\n`).join("");
      await Deno.writeTextFile(
        `${dir}/t.s`,
        `.intel_syntax noprefix\n${source}.org ${ENCODINGS.length * slot}\n`,
      );
      for (
        const [tool, args] of [["as", ["t.s", "-o", "t.o"]], ["objcopy", ["-O", "binary", "t.o", "t.bin"]]]
      ) {
        const run = await new Deno.Command(String(tool), { args: [...args ?? []], cwd: dir }).output();
        assert(run.success, new TextDecoder().decode(run.stderr));
      }
      const flat = await Deno.readFile(`${dir}/t.bin`);
      ENCODINGS.forEach(([bits, text, expected], i) => {
        const length = expected.length / 2;
        const end = (i + 1) * slot;
        assertEquals(hex(flat.subarray(i * slot, i * slot + length)), expected, `${bits}-bit: ${text}`);
        assert(
          flat.subarray(i * slot + length, end).every((b) => b === 0),
          `${text}: more bytes than expected`,
        );
      });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

Deno.test("guests: labels starting with a dot belong to the routine they are in", () => {
  const a = new Assembler(0x1000, 64);
  for (const name of ["first", "second"]) {
    a.bind(name);
    a.bind(".loop");
    a.j("nz", ".loop");
  }
  assertEquals(hex(a.finish()), "75fe75fe");
  assertEquals(a.addressOf("first.loop"), 0x1000);
  assertEquals(a.addressOf("second.loop"), 0x1002);
});

Deno.test("guests: data directives write addresses, alignment counts from the origin", () => {
  const a = new Assembler(0x1001, 32);
  a.db(1, -1);
  a.align(4, 0xcc);
  a.bind("here");
  a.dd("here", 2);
  a.dw("there");
  a.dq("there");
  a.text("ab");
  a.bind("there");
  a.space(1);
  assertEquals(hex(a.finish()), "01ff" + "cc" + "06100000" + "1410" + "1410000000000000" + "6162" + "00");
});

Deno.test("guests: a buffer grows past its first size and keeps its references", () => {
  const a = new Assembler(0, 32);
  a.dd("end");
  a.space(10_000);
  a.bytes(Uint8Array.of(1, 2, 3));
  a.bind("end");
  const bytes = a.finish();
  assertEquals(bytes.length, 10_007);
  assertEquals(hex(bytes.subarray(0, 4)), "17270000");
  assertEquals(hex(bytes.subarray(10_004)), "010203");
});

Deno.test("guests: mistakes are errors when assembling", () => {
  const inBits = (bits: 16 | 32 | 64) => new Assembler(0, bits);
  const unbound = inBits(64);
  unbound.jmp("nowhere");
  assertThrows(() => unbound.finish(), Error, "label nowhere is never bound");
  const far = new Assembler(0, 16);
  far.j("z", "far");
  far.space(0x9000);
  far.bind("far");
  assertThrows(() => far.finish(), Error, "out of range");
  const twice = inBits(64);
  twice.bind("x");
  assertThrows(() => twice.bind("x"), Error, "bound twice");
  assertThrows(() => inBits(32).mov(rax, 1n << 40n), Error, "32-bit code");
  assertThrows(() => inBits(64).push(eax), Error, "64-bit registers");
  assertThrows(() => inBits(64).mov(eax, m32(ebx)), Error, "64-bit registers");
  assertThrows(() => inBits(64).mov(eax, m32(si)), Error, "16-bit addressing");
  assertThrows(() => inBits(16).mov(eax, m32(ax)), Error, "16-bit addressing");
  assertThrows(() => inBits(64).mov(m32(0xfee0_0000), eax), Error, "sign-extended");
  assertThrows(() => inBits(64).mov(eax, m32(rax, 0, rsp)), Error, "index");
  assertThrows(() => inBits(64).mov(m8(rax), 256), Error, "does not fit 8 bits");
  assertThrows(() => inBits(64).add(rcx, 2 ** 31), Error, "does not fit 64 bits");
  assertThrows(() => inBits(64).out(0x3f8, eax), Error, "needs DX");
  assertThrows(() => inBits(64).out(dx, ebx), Error, "AL, AX or EAX");
  assertThrows(() => inBits(64).jmpFar(8, "x"), Error, "far jump");
});
