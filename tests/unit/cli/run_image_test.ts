import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { imageMachine, isImageName } from "../../../src/cli/run_image.ts";
import { UserError } from "../../../src/errors.ts";

/** A cache with one image in it, whose files are empty. */
async function withImage(test: (cache: string) => Promise<void>): Promise<void> {
  const cache = await Deno.makeTempDir({ prefix: "denovisor-images-" });
  try {
    const directory = `${cache}/images/web`;
    await Deno.mkdir(directory, { recursive: true });
    for (const name of ["disk.raw", "vmlinuz", "initrd"]) {
      await Deno.writeTextFile(`${directory}/${name}`, "");
    }
    const note = { kind: "debian", commandLine: "root=LABEL=web ro console=ttyS0" };
    await Deno.writeTextFile(`${directory}/image.json`, JSON.stringify(note));
    await test(cache);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

Deno.test("run image: the image's kernel, initrd and disk, and room for a distribution", async () => {
  await withImage(async (cache) => {
    const at = (name: string) => `${cache}/images/web/${name}`;
    assertEquals(await imageMachine("web", {}, { cache }), {
      memory: "1G",
      kernel: at("vmlinuz"),
      initrd: at("initrd"),
      cmdline: "root=LABEL=web ro console=ttyS0",
      disks: [{ path: at("disk.raw"), format: "raw" }],
    });
  });
});

Deno.test("run image: what the user sets stays, or comes behind", async () => {
  await withImage(async (cache) => {
    const given = { memory: "2G", cpus: 4, cmdline: "quiet", disks: [{ path: "data.qcow2" }] };
    const { memory, cpus, cmdline, disks } = (await imageMachine("web", given, { cache }))!;
    assertEquals([memory, cpus, cmdline], ["2G", 4, "root=LABEL=web ro console=ttyS0 quiet"]);
    assertEquals(disks?.map(({ path }) => path), [`${cache}/images/web/disk.raw`, "data.qcow2"]);
  });
});

Deno.test("run image: a name without an image is a file's, but for the one that everybody can build", async () => {
  await withImage(async (cache) => {
    assertEquals(await imageMachine("vmlinuz", {}, { cache }), undefined);
    const error = await assertRejects(() => imageMachine("debian", {}, { cache }), UserError, "debian");
    assertStringIncludes(error.hint!, "denovisor image build debian");
  });
});

Deno.test("run image: a file of that name comes first, and paths are none", async () => {
  const operands = ["deno.json", "web", "./web", "/boot/vmlinuz", "Web"]; // the first is here
  assertEquals(await Promise.all(operands.map(isImageName)), [false, true, false, false, false]);
});
