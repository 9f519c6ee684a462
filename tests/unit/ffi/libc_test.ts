import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { ERRNO, KernelError } from "../../../ffi/errno.ts";
import { check, cString, libc } from "../../../ffi/libc.ts";
import { ffiModules } from "../../abi/inventory.ts";

const ROOT = fromFileUrl(new URL("../../../", import.meta.url));
const LIBC = new URL("../../../ffi/libc.ts", import.meta.url).href;

/** Runs a program, given as source, in a Deno of its own; ended by signal n it has the code 128 + n. */
async function runSource(source: string, ...permissions: string[]) {
  const run = ["run", "--quiet", "--no-prompt", "--no-check", ...permissions, "-"];
  // By way of a shell: Deno has no name for a real-time signal and throws when one ended a child of its own.
  const child = new Deno.Command("sh", {
    args: ["-c", '"$0" "$@"; exit $?', Deno.execPath(), ...run],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(source));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("libc: importing every module of ffi/ opens no library", async () => {
  const modules = ffiModules();
  assert(modules.length > 10);
  const imports = modules.map(({ href }) => `import ${JSON.stringify(href)};`).join("\n");
  const { code, stderr } = await runSource(`${imports}\n`, "--deny-ffi");
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("libc: without --allow-ffi the first use is Deno.errors.NotCapable", async () => {
  const { code, stdout, stderr } = await runSource(`import { libc } from ${JSON.stringify(LIBC)};
try { libc(); } catch (error) { console.log(error instanceof Deno.errors.NotCapable, error.message); }`);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^true .*--allow-ffi/);
});

Deno.test("libc: the same library serves every caller of an isolate", () => {
  assertEquals(libc(), libc());
  assertEquals(libc().getpid(), Deno.pid);
});

Deno.test("libc: errno is the last failed call's, and a result passes through check", () => {
  assertEquals(libc().close(-1), -1);
  assertEquals(libc().errno(), ERRNO.EBADF);
  assertEquals(libc().open(cString("/nowhere"), 0, 0), -1);
  assertEquals(libc().errno(), ERRNO.ENOENT);
  assertEquals([check(0, "call"), check(7, "call")], [0, 7]);
  libc().close(-1);
  const error = assertThrows(() => check(-1, "close -1"), KernelError);
  assertEquals(error.message, "close -1: EBADF (bad file descriptor)");
  libc().close(-1);
  const explained = assertThrows(() => check(-1, "close -1", { [ERRNO.EBADF]: "never open" }), KernelError);
  assertEquals(explained.message, "close -1: EBADF (never open)");
});

Deno.test("libc: strings end with NUL and are UTF-8", () => {
  assertEquals([...cString("aé")], [0x61, 0xc3, 0xa9, 0]);
  assertEquals([...cString("")], [0]);
});

Deno.test("signal: the kick signal does nothing once installed, and would end the process before", async () => {
  const signal = JSON.stringify(new URL("../../../ffi/signal.ts", import.meta.url).href);
  const kick = (install: string) =>
    runSource(
      `import { libc } from ${JSON.stringify(LIBC)};
import { installKickSignal, kickThread } from ${signal};
${install}
for (let i = 0; i < 100; i++) kickThread(libc().gettid());
kickThread(2 ** 31 - 1); // no such thread: no error
console.log("alive");`,
      "--allow-ffi",
    );
  assertEquals(await kick("installKickSignal(); installKickSignal();"), {
    code: 0,
    stdout: "alive\n",
    stderr: "",
  });
  const { code, stdout } = await kick("");
  assertEquals([code, stdout], [128 + 40, ""]);
});
