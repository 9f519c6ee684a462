import { assertEquals, assertRejects } from "@std/assert";
import { HostError } from "../../../src/errors.ts";
import { findTool } from "../../../src/debian/tool.ts";
import { gzip, unpack } from "../../../src/initramfs/compression.ts";

// Larger than a pipe's buffer, so that feeding and reading must overlap.
const DATA = new Uint8Array(300_000).map((_, index) => index * 2654435761 >>> 13);

Deno.test("initramfs/compression: gzip and back; other names pass unchanged", async () => {
  const packed = await gzip(DATA);
  assertEquals([...packed.subarray(0, 2)], [0x1f, 0x8b]);
  assertEquals(await unpack("x.gz", packed), DATA);
  assertEquals(await unpack("x.ko", packed), packed);
});

Deno.test({
  name: "initramfs/compression: xz through the host's program; damage is an error with the file's name",
  ignore: await findTool("xz") === undefined,
  async fn() {
    const child = new Deno.Command("xz", { args: ["-c"], stdin: "piped", stdout: "piped" }).spawn();
    const fed = new Blob([DATA]).stream().pipeTo(child.stdin);
    const packed = (await child.output()).stdout as Uint8Array<ArrayBuffer>;
    await fed;
    assertEquals(await unpack("x.ko.xz", packed), DATA);
    packed[packed.length >> 1]! ^= 0xff;
    await assertRejects(() => unpack("x.ko.xz", packed), HostError, "x.ko.xz");
  },
});
