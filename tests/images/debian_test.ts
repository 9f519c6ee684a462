/**
 * A real Debian, built by mmdebstrap from this host's archive: one to three minutes, and some 170 MB fetched.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { lineProgress } from "../../src/debian/progress.ts";
import { buildDebian, findImage, growDisk, inspectDisk, removeImage } from "../../src/images/mod.ts";

const GIB = 2 ** 30;

Deno.test("images: a Debian is built, whole, and found again", async () => {
  const cache = await Deno.makeTempDir({ prefix: "denovisor-debian-" });
  const request = {
    name: "test-machine",
    suite: "bookworm",
    size: 2 * GIB,
    packages: ["less"],
    sshKeys: [],
    rebuild: false,
    cache,
    progress: lineProgress(),
  };
  try {
    const { image, built } = await buildDebian(request);
    assert(built);
    assertEquals(await findImage("test-machine", { cache }), image);
    assertEquals(image.commandLine, "root=LABEL=test-machine ro console=ttyS0");
    assertStringIncludes(image.system, "Debian");
    assertEquals([...Deno.readDirSync(join(cache, "images"))].map(({ name }) => name).sort(), [
      ".test-machine.lock",
      "test-machine",
    ]);

    const disk = await inspectDisk(image.disk);
    assertEquals([disk.size, disk.fileSystem!.label, disk.fileSystem!.clean], [
      2 * GIB,
      "test-machine",
      true,
    ]);
    assert(disk.allocated < GIB, `the disk is not sparse: ${disk.allocated}`);
    assertEquals((await run("/sbin/e2fsck", "-fn", image.disk)).code, 0);

    const debugfs = async (command: string) => (await run("/sbin/debugfs", "-R", command, image.disk)).text;
    assertStringIncludes(await debugfs("stat /usr/bin/su"), "Mode:  04755");
    assert(/Mode: +0640[^]*Group: +42/.test(await debugfs("stat /etc/shadow")));
    assertStringIncludes(await debugfs("ea_list /usr/bin/ping"), "security.capability");
    assert(/Inode:.*Type: character special/.test(await debugfs("stat /dev/null")));
    assertStringIncludes(await debugfs("stat /usr/bin/less"), "Type: regular");
    assertEquals(await debugfs("cat /etc/machine-id"), "");
    assert(!(await debugfs("ls /etc/ssh")).includes("ssh_host"));
    // Locked: nobody logs in by a password.
    assert(/^root:\*:/m.test(await debugfs("cat /etc/shadow")));
    const key = await Deno.readTextFile(`${image.sshKey}.pub`);
    assertEquals(await debugfs("cat /root/.ssh/authorized_keys"), key);

    // The kernel beside the disk is the one whose modules are on it.
    assertStringIncludes(await debugfs("ls /lib/modules/"), image.release);
    const header = (await Deno.readFile(image.kernel)).subarray(0x202, 0x206);
    assertEquals(new TextDecoder().decode(header), "HdrS");
    assert((await Deno.stat(image.initrd)).size > 1 << 20);

    assertEquals((await buildDebian(request)).built, false);
    assertEquals((await growDisk(image.disk, 3 * GIB)).fileSystemGrown, true);
    assertEquals((await run("/sbin/e2fsck", "-fn", image.disk)).code, 0);
    await removeImage("test-machine", { cache });
    assertEquals(await findImage("test-machine", { cache }), undefined);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

async function run(program: string, ...args: string[]) {
  const { code, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
  return { code, text: new TextDecoder().decode(stdout) };
}
