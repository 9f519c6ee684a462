/** Damaged files: whatever is in them, the answer is a UserError or a load that stays inside of guest memory. */

import { assert } from "@std/assert";
import fc from "fast-check";
import { PROTOCOL_CHOICES } from "../../../src/boot/detect.ts";
import type { ImageFile } from "../../../src/boot/image_file.ts";
import { loadKernel } from "../../../src/boot/load.ts";
import { UserError } from "../../../src/errors.ts";
import { plainRam } from "../../support/plain_ram.ts";
import { bzImage, elf, image, joined, MIB, multibootHeader, noteSegment, pattern } from "./images.ts";

const CODE = pattern(200, 5);
const segments = [{ data: joined(multibootHeader(3), CODE) }, { data: CODE, paddr: 2 * MIB, memsz: 4096 }];
const addresses = { header: MIB, load: MIB, loadEnd: MIB + 100, bssEnd: MIB + 200, entry: MIB + 48 };
const VALID = {
  bzImage: bzImage(),
  elf64: elf({ segments: [{ data: CODE }, segments[1]!] }),
  pvh64: elf({ segments: [...segments, noteSegment("Linux", 257, 0), noteSegment("Xen", 18, MIB)] }),
  pvh32: elf({ bits: 32, segments: [...segments, noteSegment("Xen", 18, MIB)] }),
  multiboot: elf({ bits: 32, segments }),
  kludge: joined(multibootHeader(0, addresses), CODE),
};
// Made once and reused dirty: 4 MiB below the hole and 1 MiB above it.
const MEMORY = plainRam(5 * MIB, 4 * MIB);
const EXTRAS = { cmdline: "x", acpiRsdp: 0xe0000 };

/** Loads, and lets only a UserError pass. */
function attempt(bytes: Uint8Array, protocol: (typeof PROTOCOL_CHOICES)[number]): void {
  const kernel = image(bytes);
  const initrd = protocol === "auto" || protocol === "flat" ? undefined : image(pattern(100));
  try {
    const cmdline = protocol === "flat" ? "" : EXTRAS.cmdline;
    const entry = loadKernel(MEMORY, { ...EXTRAS, kernel, cmdline, initrd, protocol });
    assert(Number.isSafeInteger(entry.rip));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert(error.message.length > 10);
  }
}

const protocols = fc.constantFrom(...PROTOCOL_CHOICES);

for (const [name, valid] of Object.entries(VALID)) {
  Deno.test(`damage: ${name}, bytes flipped in its headers`, () => {
    const flips = fc.array(
      fc.record({
        at: fc.nat(Math.min(valid.length, 0x300) - 1),
        value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(flips, protocols, (changes, protocol) => {
        const bytes = valid.slice();
        for (const { at, value } of changes) bytes[at] = value;
        attempt(bytes, protocol);
      }),
      { numRuns: 400 },
    );
    assert(MEMORY.intact);
  });

  Deno.test(`damage: ${name}, truncated anywhere`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: valid.length }), protocols, (length, protocol) => {
        attempt(valid.subarray(0, length), protocol);
      }),
      { numRuns: 200 },
    );
    assert(MEMORY.intact);
  });
}

Deno.test("damage: arbitrary bytes behind a known magic", () => {
  const magics = [
    [0x7f, 0x45, 0x4c, 0x46, 2, 1],
    [0x7f, 0x45, 0x4c, 0x46, 1, 1],
    [...multibootHeader(0)],
    [],
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...magics),
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      protocols,
      (magic, rest, protocol) => attempt(joined(Uint8Array.from(magic), rest), protocol),
    ),
    { numRuns: 500 },
  );
  assert(MEMORY.intact);
});

Deno.test("damage: a refused load has written nothing", () => {
  const fresh = plainRam(5 * MIB);
  const before = fresh.view(0, fresh.size).slice();
  const tooLarge = image(new Uint8Array(5 * MIB), "initrd");
  for (const valid of [VALID.bzImage, VALID.elf64, VALID.pvh64, VALID.multiboot, VALID.kludge]) {
    for (const extras of [{ initrd: tooLarge }, { cmdline: "x".repeat(100_000) }]) {
      let refused: ImageFile | undefined;
      try {
        loadKernel(fresh, { ...EXTRAS, kernel: refused = image(valid), ...extras });
        assert(false, "must be refused");
      } catch (error) {
        assert(error instanceof UserError && refused);
      }
    }
  }
  const after = fresh.view(0, fresh.size);
  assert(before.every((byte, index) => byte === after[index]));
});
