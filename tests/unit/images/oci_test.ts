import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../../../src/errors.ts";
import { ociInit, quoted } from "../../../src/images/oci_init.ts";
import { applyLayer } from "../../../src/images/oci_layers.ts";
import { OciLayout } from "../../../src/images/oci_layout.ts";
import { machineUser } from "../../../src/images/oci_user.ts";
import { contents, emptyTree, inPlace, type LayoutOptions, writeLayout } from "./rig.ts";
import { type Member, tar } from "./tar_maker.ts";

async function unpack(
  directory: string,
  layers: readonly Member[][],
  options: LayoutOptions = {},
  limit?: number,
) {
  await writeLayout(directory, layers.map(tar), options);
  const layout = await OciLayout.directory(directory);
  const { tree, store } = await emptyTree(directory, limit);
  for (const layer of (await layout.image()).layers) {
    await applyLayer(await layout.blob(layer), layer, tree, store);
  }
  return tree;
}

Deno.test("images/oci: layers lie one over the other, however they are packed", async () => {
  for (const packing of ["", "+gzip", "+zstd"] as const) {
    await inPlace(async (directory) => {
      const tree = await unpack(directory, [
        [{ path: "etc/", type: "5" }, { path: "etc/a", data: "1" }, { path: "etc/b", data: "1" }],
        [{ path: "etc/b", data: "2" }, { path: "etc/c", type: "1", link: "etc/a" }],
      ], { packing });
      assertEquals(await contents(tree), { etc: "directory", "etc/a": "1", "etc/b": "2", "etc/c": "1" });
    });
  }
});

Deno.test("images/oci: a whiteout hides what is below it, and never what is in its own layer", async () => {
  await inPlace(async (directory) => {
    const tree = await unpack(directory, [
      [
        { path: "keep", data: "1" },
        { path: "gone", data: "1" },
        { path: "both", data: "1" },
        { path: "tree/deep/file", data: "1" },
        { path: "opaque/old", data: "1" },
        { path: "opaque/sub/old", data: "1" },
        { path: "mixed/old", data: "1" },
      ],
      [
        { path: ".wh.gone" },
        { path: "both", data: "2" },
        { path: ".wh.both" },
        { path: ".wh.tree" },
        { path: ".wh.never-there" },
        { path: "opaque/sub/new", data: "2" },
        { path: "opaque/.wh..wh..opq" },
        { path: "opaque/new", data: "2" },
        { path: "mixed/new", data: "2" },
        { path: ".wh.mixed" },
      ],
    ]);
    assertEquals(await contents(tree), {
      keep: "1",
      both: "2",
      opaque: "directory",
      "opaque/sub": "directory",
      "opaque/sub/new": "2",
      "opaque/new": "2",
      mixed: "directory",
      "mixed/new": "2",
    });
  });
});

Deno.test("images/oci: no member leaves the tree", async () => {
  const escapes: readonly (readonly [string, Member[]])[] = [
    ["leads upwards", [{ path: "../outside", data: "x" }]],
    ["leads upwards", [{ path: "a/../../outside", data: "x" }]],
    ["leads upwards", [{ path: "link", type: "1", link: "../../etc/passwd" }]],
    ["leads upwards", [{ path: "../.wh.outside" }]],
    ["no name", [{ path: ".wh..." }]],
  ];
  for (const [word, layer] of escapes) {
    await inPlace((directory) =>
      assertRejects(() => unpack(directory, [layer]), UserError, word).then(() => {})
    );
  }
  await inPlace(async (directory) => {
    const outside = join(directory, "outside");
    const tree = await unpack(directory, [[
      { path: "up", type: "2", link: "../../../../../../.." },
      { path: "abs", type: "2", link: outside },
      { path: "up/by-up", data: "x" },
      { path: "abs/by-abs", data: "x" },
      { path: "/etc/absolute", data: "x" },
    ]]);
    assertEquals((await contents(tree))["by-up"], "x");
    assertEquals((await contents(tree))["etc/absolute"], "x");
    assertEquals(await Deno.stat(outside).catch(() => "absent"), "absent");
  });
});

Deno.test("images/oci: what unpacks to more than the disk ends early", async () => {
  await inPlace(async (directory) => {
    const bomb = [{ path: "zeros", data: new Uint8Array(4 << 20) }];
    await assertRejects(() => unpack(directory, [bomb], { packing: "+gzip" }, 1 << 20), UserError, "size:");
  });
});

Deno.test("images/oci: a blob is what its digest says, or is refused", async () => {
  await inPlace(async (directory) => {
    const [digest] = await writeLayout(directory, [tar([{ path: "a", data: "1" }])]);
    const layout = await OciLayout.directory(directory);
    const { layers: [layer] } = await layout.image();
    const blob = join(directory, "blobs", "sha256", digest!.slice("sha256:".length));
    assertEquals(await layout.blob(layer!), blob);
    await assertRejects(() => layout.blob({ ...layer!, size: layer!.size + 1 }), UserError, "damaged");
    await assertRejects(() => layout.blob({ ...layer!, digest: "sha256:../../x" }), UserError, "no sha256");
    const bytes = await Deno.readFile(blob);
    bytes[20]! ^= 1;
    await Deno.writeFile(blob, bytes);
    await assertRejects(() => layout.blob(layer!), UserError, "damaged");
    await Deno.remove(blob);
    await assertRejects(() => layout.blob(layer!), UserError, "missing");
  });
});

Deno.test("images/oci: a layer that is no archive, or of another kind, is one clear error", async () => {
  await inPlace(async (directory) => {
    const { tree, store } = await emptyTree(directory);
    const file = join(directory, "layer");
    await Deno.writeTextFile(file, "no archive at all");
    const apply = (mediaType: string) => applyLayer(file, { mediaType }, tree, store);
    await assertRejects(() => apply("application/vnd.oci.image.layer.v1.tar+gzip"), UserError, "damaged");
    await assertRejects(() => apply("application/vnd.oci.image.layer.v1.tar+zstd"), UserError, "damaged");
    await assertRejects(() => apply("application/vnd.oci.image.layer.v1.tar"), UserError, "cut off");
    await assertRejects(
      () => apply("application/vnd.oci.image.layer.v1.tar+encrypted"),
      UserError,
      "cannot be read",
    );
  });
});

Deno.test("images/oci: the index leads to this platform's image, through indexes", async () => {
  await inPlace(async (directory) => {
    const platform = { os: "linux", architecture: "amd64" };
    await writeLayout(directory, [], {
      nesting: 2,
      platform,
      config: { Cmd: ["sh"], User: "7", WorkingDir: "/w" },
    });
    const { config } = await (await OciLayout.directory(directory)).image();
    assertEquals(config, { entrypoint: [], command: ["sh"], environment: [], directory: "/w", user: "7" });
  });
  const wrong: readonly (readonly [string, LayoutOptions])[] = [
    ["no image for linux/amd64", { platform: { os: "linux", architecture: "arm64" } }],
    ["for linux/arm64", { architecture: "arm64" }],
    ["on and on", { nesting: 9 }],
    ["no list of words", { config: { Cmd: [1] } }],
  ];
  for (const [word, options] of wrong) {
    await inPlace(async (directory) => {
      await writeLayout(directory, [], options);
      const layout = await OciLayout.directory(directory);
      await assertRejects(() => layout.image(), UserError, word);
    });
  }
  await inPlace(async (directory) => {
    await assertRejects(() => OciLayout.directory(directory), UserError, "index.json");
    await Deno.writeTextFile(join(directory, "index.json"), "[");
    await assertRejects(
      async () => await (await OciLayout.directory(directory)).image(),
      UserError,
      "no JSON",
    );
  });
});

Deno.test("images/oci: an archive of a layout is the same image", async () => {
  await inPlace(async (directory) => {
    const layoutPath = join(directory, "layout");
    const [digest] = await writeLayout(layoutPath, [tar([{ path: "a", data: "1" }])]);
    const members: Member[] = [{
      path: "./index.json",
      data: await Deno.readFile(join(layoutPath, "index.json")),
    }];
    for await (const { name } of Deno.readDir(join(layoutPath, "blobs/sha256"))) {
      members.push({
        path: `blobs/sha256/${name}`,
        data: await Deno.readFile(join(layoutPath, "blobs/sha256", name)),
      });
    }
    const archive = join(directory, "archive.tar");
    await Deno.writeFile(archive, tar([...members, { path: "../../escape", data: "x" }]));
    const { store } = await emptyTree(directory);
    const layout = await OciLayout.archive(archive, store);
    assertEquals((await layout.image()).layers.map((layer) => layer.digest), [digest!]);
    await Deno.writeFile(archive, tar([{ path: "manifest.json", data: "[]" }]));
    await assertRejects(() => OciLayout.archive(archive, store), UserError, "no index.json");
  });
});

Deno.test("images/oci: a user by name or number becomes one that su knows", async () => {
  await inPlace(async (directory) => {
    const layer = [
      { path: "etc/passwd", data: "root:x:0:0::/root:/bin/sh\nwww:x:33:33::/var/www:/bin/sh\n" },
      { path: "etc/group", data: "www:x:33:\nweb:x:44:\n" },
    ];
    const tree = await unpack(directory, [layer]);
    const { store } = await emptyTree(join(directory, "blobs"));
    const of = (wanted: string) => machineUser(tree, store, wanted);
    for (const root of ["", "root", "0", "0:0"]) assertEquals(await of(root), undefined);
    for (const www of ["www", "33", "www:www", "33:33"]) assertEquals(await of(www), "www");
    assertEquals(await of("www:web"), "denovisor");
    assertStringIncludes((await contents(tree))["etc/passwd"]!, "\ndenovisor:x:33:44::/var/www:/bin/sh\n");
    await assertRejects(() => of("nobody"), UserError, '"nobody"');
    await assertRejects(() => of("www:nogroup"), UserError, '"nogroup"');
  });
});

Deno.test("images/oci: words reach the program as they are", async () => {
  const words = ["it's", "a b", "$HOME", "`id`", "\\", "", "line\nbreak"];
  const script = `printf '%s\\0' ${words.map(quoted).join(" ")}`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
  const init = ociInit({ hostname: "h", words, environment: ["A=it's"], directory: "/a b", user: "www" });
  const { code } = await new Deno.Command("sh", { args: ["-n", "-c", init] }).output();
  assertEquals(code, 0);
});
