import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { cachedDirectory, cacheDirectory, writeWhole } from "../../../src/debian/cache.ts";
import { UserError } from "../../../src/errors.ts";
import { withCache } from "./fake_apt.ts";

const names = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name).sort();

Deno.test("debian/cache: DENOVISOR_CACHE, then XDG_CACHE_HOME, then HOME", () => {
  const at = (env: Record<string, string>) => cacheDirectory(new Map(Object.entries(env)));
  assertEquals(at({ DENOVISOR_CACHE: "/d", XDG_CACHE_HOME: "/x", HOME: "/h" }), "/d");
  assertEquals(at({ DENOVISOR_CACHE: "", XDG_CACHE_HOME: "/x", HOME: "/h" }), "/x/denovisor");
  assertEquals(at({ XDG_CACHE_HOME: "relative", HOME: "/h" }), "/h/.cache/denovisor");
  assertThrows(() => at({}), UserError, "HOME");
});

Deno.test("debian/cache: of several at once one builds, and all get the whole", async () => {
  await withCache(async (cache) => {
    const path = join(cache, "sub", "thing-1");
    let builds = 0;
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const build = async (directory: string) => {
      builds++;
      await Deno.writeTextFile(join(directory, "first"), "1");
      await gate;
      await Deno.writeTextFile(join(directory, "second"), "2");
    };
    const runs = [1, 2, 3].map(() => cachedDirectory(path, build));
    open();
    assertEquals(await Promise.all(runs), [path, path, path]);
    assertEquals([builds, names(path)], [1, ["first", "second"]]);
    assertEquals(names(join(cache, "sub")), ["thing-1", "thing-1.lock"]);
  });
});

Deno.test("debian/cache: a build that fails leaves nothing, and what a dead one left is cleared away", async () => {
  await withCache(async (cache) => {
    const path = join(cache, "thing");
    await Deno.mkdir(join(cache, "thing.part-dead"));
    await assertRejects(
      () => cachedDirectory(path, () => Promise.reject(new Error("disk full"))),
      Error,
      "disk full",
    );
    assertEquals(names(cache), ["thing.lock"]);
    await cachedDirectory(path, () => Promise.resolve());
    assertEquals(names(cache), ["thing", "thing.lock"]);
  });
});

Deno.test("debian/cache: a file is replaced whole", async () => {
  await withCache(async (cache) => {
    const path = join(cache, "note");
    await writeWhole(path, "one");
    await writeWhole(path, new Uint8Array([50]));
    assertEquals([await Deno.readTextFile(path), names(cache)], ["2", ["note"]]);
    await assertRejects(() => writeWhole(cache, "a directory is in the way"));
    assertEquals(names(cache), ["note"]);
  });
});
