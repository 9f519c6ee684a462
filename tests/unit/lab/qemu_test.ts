import { assert, assertEquals } from "@std/assert";
import { LAB_INIT } from "../../../src/lab/init.ts";
import { PORTS, qemuArguments } from "../../../src/lab/qemu.ts";

const options = {
  cpus: 2,
  memoryMiB: 1024,
  kernel: "/k",
  initrd: "/i",
  sockets: "/tmp/a,b",
  log: "/l",
  network: true,
  nestedPaging: false,
};

/** The values that follow a flag. */
function values(args: readonly string[], flag: string): string[] {
  return args.filter((_, index) => args[index - 1] === flag);
}

Deno.test("lab/qemu: the machine has SVM by emulation, whatever the host has", () => {
  const args = qemuArguments(options);
  assertEquals(values(args, "-cpu"), ["max,+svm,-npt"]);
  assertEquals(values(qemuArguments({ ...options, nestedPaging: true }), "-cpu"), ["max,+svm"]);
  assertEquals(values(args, "-accel"), ["tcg,thread=multi"]);
});

Deno.test("lab/qemu: commas in paths are doubled, for QEMU splits at single ones", () => {
  const args = qemuArguments({ ...options, outDir: "/x,y" });
  assertEquals(values(args, "-chardev")[0], "socket,id=terminal,path=/tmp/a,,b/terminal,server=off");
  assert(values(args, "-virtfs")[1]!.startsWith("local,path=/x,,y,mount_tag=out,"));
});

Deno.test("lab/qemu: the host's root is shared for reading only, and the output directory only when asked for", () => {
  const shares = values(qemuArguments(options), "-virtfs");
  assertEquals(shares.length, 1);
  assert(shares[0]!.endsWith(",readonly=on"));
});

Deno.test("lab/qemu: port numbers are those that /init opens; the terminal is a console", () => {
  const devices = values(qemuArguments(options), "-device").filter((device) => device.includes("chardev="));
  assertEquals(
    devices.map((device) => /nr=(\d),chardev=(.*)/.exec(device)!.slice(1).join(" ")),
    PORTS.map((name, number) => `${number} ${name}`),
  );
  assert(devices[0]!.startsWith("virtconsole,"));
  const used = new Set([...LAB_INIT.matchAll(/vport\*p(\d)/g)].map((match) => Number(match[1])));
  assertEquals([...used].sort(), [1, 2, 3, 4]);
});

Deno.test("lab/qemu: no network card unless asked for", () => {
  const args = qemuArguments({ ...options, network: false });
  assertEquals(values(args, "-netdev"), []);
  assert(!args.some((arg) => arg.includes("virtio-net")));
});

Deno.test("lab/init: /init is sound shell", async () => {
  const { code, stderr } = await new Deno.Command("sh", { args: ["-n", "-c", LAB_INIT] }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});
