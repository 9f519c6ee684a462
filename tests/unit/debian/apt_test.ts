import { assertEquals, assertRejects } from "@std/assert";
import { Apt, parseStanzas, statusPercent } from "../../../src/debian/apt.ts";
import { silent } from "../../../src/debian/progress.ts";
import type { RunTool } from "../../../src/debian/tool.ts";
import { HostError } from "../../../src/errors.ts";
import { FakeApt, withCache } from "./fake_apt.ts";

function aptOver(run: RunTool, more: { root?: boolean; privateDirectory?: string } = {}): Apt {
  return new Apt({ run, progress: silent, root: true, privateDirectory: "/nonexistent", ...more });
}

Deno.test("debian/apt: a name is exact, though apt takes an unknown one for a regular expression", async () => {
  const fake = new FakeApt({
    "linux-image-6.1.0-1-amd64": { version: "1" },
    "linux-image-6.1.0-1-dbg": { version: "1" },
  });
  assertEquals(await aptOver(fake.run).candidate("linux-image-6.1.0"), undefined);
  assertEquals(
    (await aptOver(fake.run).candidate("linux-image-6.1.0-1-dbg"))?.name,
    "linux-image-6.1.0-1-dbg",
  );
});

Deno.test("debian/apt: downloads name the version, so that nothing else can match", async () => {
  await withCache(async (directory) => {
    const fake = new FakeApt({ busybox: { version: "1:1.35-4" } });
    const apt = aptOver(fake.run);
    const file = await apt.download((await apt.candidate("busybox"))!, directory);
    assertEquals(fake.calls.at(-1), "apt-get download busybox=1:1.35-4");
    assertEquals(file, `${directory}/busybox_1:1.35-4_amd64.deb`.replace("1:", "1%3a"));
  });
});

Deno.test("debian/apt: stanzas without a name or version are passed over", () => {
  const text =
    "Package: a\nVersion: 1:2-3\nSize: 12\nDescription: x\n Package: not this\n\nPackage: broken\n\n" +
    "Version: 2\nPackage: b\n";
  assertEquals(parseStanzas(text), [{ name: "a", version: "1:2-3", size: 12 }, {
    name: "b",
    version: "2",
    size: 0,
  }]);
  assertEquals(parseStanzas(""), []);
});

Deno.test("debian/apt: dependencies, alternatives and pre-dependencies, virtual ones left out", async () => {
  const stdout =
    "x\n  Depends: kmod\n |Depends: a\n  Depends: <virtual>\n    b\n  PreDepends: c\n  Conflicts: d\n";
  const run: RunTool = () => Promise.resolve({ code: 0, stdout, stderr: "" });
  assertEquals(await aptOver(run).dependencies("x"), ["kmod", "a", "c"]);
});

Deno.test("debian/apt: progress lines of downloads and installations", () => {
  assertEquals(statusPercent("dlstatus:1:40.25:Retrieving file 1 of 1"), 40.25);
  assertEquals(statusPercent("pmstatus:qemu-system-x86:100.5:Installed"), 100);
  assertEquals(statusPercent("Reading package lists..."), undefined);
});

Deno.test("debian/apt: a failure carries the package manager's own words", async () => {
  const run: RunTool = () => Promise.resolve({ code: 100, stdout: "", stderr: "W: old\nE: no space left\n" });
  await assertRejects(() => aptOver(run).update(), HostError, "apt-get update failed: no space left");
});

Deno.test("debian/apt: an ordinary user refreshes lists of its own, once for several packages", async () => {
  await withCache(async (privateDirectory) => {
    let options: readonly string[] = [];
    let updates = 0;
    const run: RunTool = (_, args) => {
      options = args.filter((_, index) => args[index - 1] === "-o");
      if (args.includes("update")) updates++;
      return Promise.resolve({ code: 0, stdout: "", stderr: "" });
    };
    const lists = `Dir::State::Lists=${privateDirectory}/lists`;
    const first = aptOver(run, { root: false, privateDirectory });
    await first.candidate("x");
    assertEquals(options.includes(lists), false);
    await first.update();
    await first.candidate("x");
    assertEquals([options.includes(lists), updates], [true, 1]);

    const second = aptOver(run, { root: false, privateDirectory });
    await second.update();
    await second.candidate("y");
    assertEquals([options.includes(lists), updates], [true, 1]);
  });
});

Deno.test("debian/apt: lists whose refresh failed are not taken for fresh", async () => {
  await withCache(async (privateDirectory) => {
    const fake = new FakeApt({});
    fake.online = false;
    const update = () => aptOver(fake.run, { root: false, privateDirectory }).update();
    await assertRejects(update, HostError, "no network");
    await assertRejects(update, HostError, "no network");
    assertEquals(fake.calls, ["apt-get update", "apt-get update"]);
  });
});
