import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Apt } from "../../../src/debian/apt.ts";
import { silent } from "../../../src/debian/progress.ts";
import { HostError, UserError } from "../../../src/errors.ts";
import { buildDebian, type DebianOptions } from "../../../src/images/build_debian.ts";
import { hostSources, sourceLines } from "../../../src/images/debian_sources.ts";
import { setUpDebian } from "../../../src/images/debian_system.ts";
import { ROOT_OWNED } from "../../../src/images/file_tree.ts";
import { explain } from "../../../src/images/mmdebstrap.ts";
import { readPublicKeys } from "../../../src/images/ssh_keys.ts";
import { contents, emptyTree, inPlace } from "./rig.ts";

const target = (
  release: string,
  uri = "http://deb.example/debian/",
  origin = "Debian",
  component = "main",
) => ({
  uri,
  release,
  origin,
  component,
});

Deno.test("images/debian: the host's archives of Debian, for the suite that is wanted", () => {
  const host = [
    target("bookworm"),
    target("bookworm", undefined, undefined, "contrib"),
    target("bookworm-updates"),
    target("bookworm-backports"),
    target("bookworm-security", "http://security.example/"),
    target("stable", "http://other.example/", "Docker"),
    target("bookworm", "bad uri"),
  ];
  assertEquals(sourceLines(host, "trixie"), [
    "deb http://deb.example/debian/ trixie main",
    "deb http://deb.example/debian/ trixie-updates main",
    "deb http://security.example/ trixie-security main",
  ]);
  assertEquals(sourceLines(host, "sid"), ["deb http://deb.example/debian/ sid main"]);
  assertEquals(sourceLines([target("noble", undefined, "Ubuntu")], "bookworm"), []);
});

Deno.test("images/debian: where the host has no lists yet, they are fetched; where it has no Debian, a mirror is named", async () => {
  await inPlace(async (directory) => {
    const calls: string[] = [];
    const manager = (afterUpdate: string) =>
      new Apt({
        root: true,
        privateDirectory: directory,
        progress: silent,
        run: (_program, args) => {
          const what = args.find((arg) => ["indextargets", "update"].includes(arg))!;
          const stdout = what === "indextargets" && calls.includes("update") ? afterUpdate : "";
          calls.push(what);
          return Promise.resolve({ code: 0, stdout, stderr: "" });
        },
      });
    const lines = await hostSources(manager("http://deb.example/debian/ bookworm main Debian\n"), "trixie");
    assertEquals(lines, "deb http://deb.example/debian/ trixie main\n");
    assertEquals(calls, ["indextargets", "update", "indextargets"]);
    const ubuntu = manager("http://archive.example/ubuntu/ noble main Ubuntu\n");
    const error = await assertRejects(() => hostSources(ubuntu, "trixie"), HostError);
    assertStringIncludes(error.hint!, "--mirror");
  });
});

Deno.test("images/debian: mmdebstrap's words become the user's error", () => {
  const suite = explain(
    ["E: The repository 'http://x trixi Release' does not have a Release file."],
    "trixi",
  );
  assert(suite instanceof UserError && suite.field === "suite");
  const unknown = explain(["E: Unable to locate package nginxx", "E: apt-get failed"], "bookworm");
  assert(unknown instanceof UserError && unknown.field === "package");
  assertStringIncludes(unknown.message, "nginxx");
  const network = explain(["I: running", "E: Failed to fetch http://x  Could not resolve 'x'"], "bookworm");
  assertInstanceOf(network, HostError);
  assertStringIncludes(network.message, "Could not resolve 'x'");
  assertStringIncludes(explain(["write error: No space left on device"], "bookworm").hint!, "TMPDIR");
  assertStringIncludes(explain(["E: unable to pick chroot mode automatically"], "bookworm").hint!, "subuid");
  assertStringIncludes(explain([], "bookworm").message, "no reason given");
});

Deno.test("images/debian: the system has its own name, network, keys, and no secrets of the build's", async () => {
  await inPlace(async (directory) => {
    const { tree, store } = await emptyTree(directory);
    for (const path of ["/etc/ssh/ssh_host_rsa_key", "/etc/ssh/sshd_config", "/var/lib/dbus/machine-id"]) {
      tree.put(path, { ...ROOT_OWNED, kind: "file", ...await store.writeText("old") });
    }
    tree.put("/etc/resolv.conf", {
      ...ROOT_OWNED,
      kind: "file",
      ...await store.writeText("nameserver host"),
    });
    await setUpDebian(tree, store, { hostname: "web", label: "web", keys: ["ssh-ed25519 AAAA me"] });
    const files = await contents(tree);
    assertEquals(files["etc/hostname"], "web\n");
    assertEquals(files["etc/machine-id"], "");
    assertEquals(files["var/lib/dbus/machine-id"], undefined);
    assertEquals(files["etc/ssh/ssh_host_rsa_key"], undefined);
    assertEquals(files["etc/ssh/sshd_config"], "old");
    assertStringIncludes(files["etc/systemd/system/ssh-host-key.service"]!, "ssh-keygen");
    assertStringIncludes(files["etc/resolv.conf"]!, "→ ../run/systemd/resolve");
    assertStringIncludes(files["etc/fstab"]!, "LABEL=web / ext4");
    assertEquals(files["root/.ssh/authorized_keys"], "ssh-ed25519 AAAA me\n");
    assertEquals([tree.lookup("root/.ssh")!.mode, tree.lookup("root/.ssh/authorized_keys")!.mode], [
      0o700,
      0o600,
    ]);
  });
});

Deno.test("images/debian: a Debian that makes its host keys itself is left to it", async () => {
  await inPlace(async (directory) => {
    const { tree, store } = await emptyTree(directory);
    tree.put("/lib", { ...ROOT_OWNED, kind: "symlink", target: "usr/lib" });
    const unit = { ...ROOT_OWNED, kind: "file", ...await store.writeText("[Unit]") } as const;
    tree.put("/usr/lib/systemd/system/sshd-keygen.service", unit);
    await setUpDebian(tree, store, { hostname: "web", label: "web", keys: [] });
    assertEquals(Object.keys(await contents(tree)).filter((path) => path.includes("ssh-host-key")), []);
  });
});

Deno.test("images/debian: files of keys are public keys, or are refused", async () => {
  await inPlace(async (directory) => {
    const file = async (text: string) => {
      const path = join(directory, crypto.randomUUID());
      await Deno.writeTextFile(path, text);
      return path;
    };
    const good = await file("# mine\nssh-ed25519 AAAAC3Nz me@here\n\necdsa-sha2-nistp256 AAAA==\n");
    assertEquals((await readPublicKeys([good])).length, 2);
    const secret = await file("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n");
    const error = await assertRejects(() => readPublicKeys([secret]), UserError, "private key");
    assertStringIncludes(error.hint!, `${secret}.pub`);
    for (const text of ["", "hello\n", 'command="x" ssh-ed25519 AAAA']) {
      const path = await file(text);
      await assertRejects(() => readPublicKeys([path]), UserError, "no public key");
    }
    await assertRejects(() => readPublicKeys([join(directory, "none")]), UserError, "cannot read");
  });
});

Deno.test("images/debian: bad requests are told before anything is made", async () => {
  await inPlace(async (cache) => {
    const good: DebianOptions = {
      name: "debian",
      suite: "bookworm",
      size: 4 * 2 ** 30,
      packages: [],
      sshKeys: [],
      rebuild: false,
      cache,
    };
    const bad: readonly (readonly [string, Partial<DebianOptions>])[] = [
      ["name", { name: "../x" }],
      ["name", { name: ".x" }],
      ["name", { name: "x".repeat(65) }],
      ["suite", { suite: "book worm" }],
      ["suite", { suite: "-x" }],
      ["size", { size: 1 << 20 }],
      ["size", { size: 4 * 2 ** 30 + 1 }],
      ["size", { size: 2 ** 50 }],
      ["package", { packages: ["--variant=custom"] }],
      ["package", { packages: ["a,b"] }],
      ["mirror", { mirror: "deb.example" }],
      ["ssh-key", { sshKeys: [join(cache, "none")] }],
    ];
    for (const [field, change] of bad) {
      const error = await assertRejects(() => buildDebian({ ...good, ...change }), UserError);
      assertEquals([error.field, error.message.startsWith(`${field}: `)], [field, true], error.message);
    }
    assertEquals([...Deno.readDirSync(cache)], []);
  });
});
