import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type ImageFile, memoryImage, openImage } from "../../../src/boot/image_file.ts";
import { joinedInitrd } from "../../../src/boot/initrd.ts";
import { UserError } from "../../../src/errors.ts";
import { pattern } from "./images.ts";

/** Runs `test` with a directory of its own. */
function inDirectory(test: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    test(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** The part of an image that a view of a larger memory receives. */
function readPart(file: ImageFile, offset: number, length: number): Uint8Array {
  const memory = new Uint8Array(length + 20).fill(0xff);
  file.read(offset, memory.subarray(10, 10 + length));
  assertEquals([memory[9], memory[10 + length]], [0xff, 0xff]);
  return memory.slice(10, 10 + length);
}

Deno.test("image file: any part of a file is read into a view", () => {
  inDirectory((directory) => {
    const bytes = pattern(10_000);
    Deno.writeFileSync(`${directory}/kernel`, bytes);
    using file = openImage(`${directory}/kernel`);
    assertEquals(file.size, 10_000);
    assertEquals(readPart(file, 0, 10_000), bytes);
    assertEquals(readPart(file, 9_000, 1_000), bytes.slice(9_000));
    assertEquals(readPart(file, 17, 3), bytes.slice(17, 20));
    assertThrows(() => file.read(9_001, new Uint8Array(1_000)), UserError, "truncated");
  });
});

Deno.test("image file: a file that shrinks while it is used is truncated, too", () => {
  inDirectory((directory) => {
    Deno.writeFileSync(`${directory}/kernel`, pattern(10_000));
    using file = openImage(`${directory}/kernel`, "initrd");
    Deno.truncateSync(`${directory}/kernel`, 5_000);
    const error = assertThrows(
      () => file.read(0, new Uint8Array(10_000)),
      UserError,
      "ends after 5000 bytes",
    );
    assertEquals(error.field, "initrd");
  });
});

Deno.test("image file: what cannot be opened says why", () => {
  inDirectory((directory) => {
    Deno.writeFileSync(`${directory}/empty`, new Uint8Array());
    Deno.writeFileSync(`${directory}/file`, pattern(1));
    const refuses = (path: string, words: string) =>
      assertStringIncludes(assertThrows(() => openImage(path), UserError).message, words);
    refuses(`${directory}/none`, "no such file");
    refuses(`${directory}/file/none`, "cannot read");
    refuses(directory, "is a directory");
    refuses(`${directory}/empty`, "is empty");
    refuses("/dev/zero", "not a regular file");
  });
});

Deno.test({
  name: "image file: without Deno's permission the error names the flag",
  permissions: { read: false },
  fn: () => {
    const error = assertThrows(() => openImage("/etc/hostname"), UserError, "Deno may not read");
    assertStringIncludes(error.hint!, "--allow-read");
  },
});

Deno.test("image file: memory reads like a file", () => {
  const file = memoryImage("it", pattern(100));
  assertEquals(readPart(file, 90, 10), pattern(100).slice(90));
  assertThrows(() => file.read(91, new Uint8Array(10)), UserError, "truncated");
  assertThrows(() => memoryImage("it", new Uint8Array()), UserError, "empty");
});

Deno.test("image file: joined initrds start at multiples of 4, and any part of them can be read", () => {
  const parts = [pattern(5, 1), pattern(8, 2), pattern(3, 3)];
  const file = joinedInitrd(parts.map((bytes, index) => memoryImage(`part ${index}`, bytes)));
  const whole = [...parts[0]!, 0, 0, 0, ...parts[1]!, ...parts[2]!];
  assertEquals(file.size, whole.length);
  for (let start = 0; start < whole.length; start++) {
    for (let end = start; end <= whole.length; end++) {
      assertEquals([...readPart(file, start, end - start)], whole.slice(start, end));
    }
  }
  assertEquals(file.name, "part 0 + part 1 + part 2");
});
