import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type PackageOptions, unpackedPackages } from "../../../src/debian/packages.ts";
import { HostError } from "../../../src/errors.ts";
import { FakeApt, withCache } from "./fake_apt.ts";

const DAY = 24 * 60 * 60 * 1000;
const START = 1_700_000_000_000;

function get(fake: FakeApt, cache: string, now = START, more: PackageOptions = {}) {
  return unpackedPackages("tool", async (apt) => {
    const candidate = await apt.candidate("tool");
    return candidate && [candidate];
  }, { run: fake.run, cache, now, ...more });
}

const version = (number: string) => ({ tool: { version: number, files: { "bin/tool": number } } });

Deno.test("debian/packages: downloads and unpacks once; for a week the cache answers alone", async () => {
  await withCache(async (cache) => {
    const fake = new FakeApt(version("1:2"));
    const first = await get(fake, cache);
    assertEquals(first.version, "1:2");
    assertEquals(await Deno.readTextFile(join(first.directory, "bin/tool")), "1:2");
    assertEquals([...Deno.readDirSync(first.directory)].map(({ name }) => name), ["bin"]);
    const calls = fake.calls.length;
    const second = await get(fake, cache, START + 6 * DAY);
    assertEquals([second.directory, fake.calls.length], [first.directory, calls]);
  });
});

Deno.test("debian/packages: after a week a newer version is taken, and the one before the last removed", async () => {
  await withCache(async (cache) => {
    const fake = new FakeApt(version("1"));
    const one = await get(fake, cache);
    fake.lists = fake.archive = version("2");
    const two = await get(fake, cache, START + 8 * DAY);
    assertEquals(two.version, "2");
    await Deno.stat(one.directory);
    fake.lists = fake.archive = version("3");
    const three = await get(fake, cache, START + 16 * DAY);
    await Deno.stat(two.directory);
    await assertRejects(() => Deno.stat(one.directory), Deno.errors.NotFound);
    // Nothing newer: both stay.
    await get(fake, cache, START + 24 * DAY);
    await Deno.stat(two.directory);
    await Deno.stat(three.directory);
  });
});

Deno.test("debian/packages: without a network the cached version serves on", async () => {
  await withCache(async (cache) => {
    const fake = new FakeApt(version("1"));
    const one = await get(fake, cache);
    fake.lists = version("2");
    fake.online = false;
    assertEquals((await get(fake, cache, START + 8 * DAY)).directory, one.directory);
  });
});

Deno.test("debian/packages: empty lists, and lists too old, are refreshed once", async () => {
  for (const lists of [{}, version("1")]) {
    await withCache(async (cache) => {
      const fake = new FakeApt(version("2"), lists);
      assertEquals((await get(fake, cache)).version, "2");
      assertEquals(fake.calls.filter((call) => call === "apt-get update").length, 1);
    });
  }
});

Deno.test("debian/packages: what cannot be had is an error with the first reason, and leaves nothing half", async () => {
  await withCache(async (cache) => {
    const fake = new FakeApt(version("1"));
    fake.online = false;
    await assertRejects(() => get(fake, cache), HostError, "Failed to fetch");
    const left = [...Deno.readDirSync(join(cache, "debian"))].map(({ name }) => name);
    assertEquals(left.filter((name) => !name.endsWith(".lock")), []);
    await assertRejects(() => get(new FakeApt({}), cache), HostError, "the package lists have no tool");
  });
});

Deno.test("debian/packages: a damaged note in the cache is as none", async () => {
  await withCache(async (cache) => {
    const fake = new FakeApt(version("1"));
    const { directory } = await get(fake, cache);
    for (
      const note of ["", "null", "{}", '{"directory": "/nonexistent", "version": "1", "checkedAt": 1}', "]"]
    ) {
      await Deno.writeTextFile(join(cache, "debian/tool.json"), note);
      assertEquals((await get(fake, cache)).directory, directory, note);
    }
  });
});
