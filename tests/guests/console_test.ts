import { assert, assertEquals } from "@std/assert";
import { ConsoleText } from "../support/console_text.ts";
import { complaints } from "../support/dmesg.ts";
import { Guest } from "../support/guest.ts";

/** The terminal's longest line is 4096 bytes with its end (N_TTY_BUF_SIZE, drivers/tty/n_tty.c). */
const LONGEST_LINE = 4000;

/** Lines of every length from 0 to 63, so that their ends fall on every place of a 16-byte FIFO, of many characters. */
const MANY_LINES = Array.from({ length: 128 }, (_, line) => {
  const text = Array.from({ length: line % 64 }, (_, at) => String.fromCharCode(33 + (7 * line + at) % 94))
    .join("");
  return line % 16 === 5 ? `${text} äöü→𝄞` : text;
});

Deno.test("console: a long line, and 128 lines typed ahead, come through whole", async () => {
  const words = ["denovisor.echo", "denovisor.commands", "denovisor.poweroff"];
  await using guest = await Guest.boot({ protocol: "pvh", cpus: 1, words });
  await guest.find(/^denovisor: echo ready\n/m);
  const long = Array.from({ length: LONGEST_LINE }, (_, index) => String.fromCharCode(97 + index % 26)).join(
    "",
  );
  await guest.console.type(`${long}\n`);
  assertEquals((await guest.find(/^(.*)\ndenovisor: echo (.*)\n/m)).slice(1), [long, long]);
  await guest.console.type("quit\n");
  const answers = await guest.run(
    `while IFS= read -r line && [ "$line" != last ]; do echo "$line"; done\n${MANY_LINES.join("\n")}\nlast`,
  );
  assertEquals(answers.split("\n").slice(0, -1), MANY_LINES);
  await guest.quit();
  assertEquals(await guest.end(), { reason: "poweroff" });
});

Deno.test("console: four serial ports at once from four vCPUs, two to an interrupt line", async () => {
  const ports = [1, 2, 3] as const;
  await using guest = await Guest.boot({
    protocol: "elf",
    cpus: 4,
    words: ["denovisor.commands"],
    serial: ["stream", "stream", "stream", "stream"],
  });
  const others = ports.map((port) => new ConsoleText(guest.vm.serial[port]!.console!));
  const dmesg = await guest.run("dmesg");
  for (
    const [name, port, irq] of [["ttyS1", "0x2f8", 3], ["ttyS2", "0x3e8", 4], ["ttyS3", "0x2e8", 3]] as const
  ) {
    assert(
      dmesg.includes(`${name} at I/O ${port} (irq = ${irq}, base_baud = 115200) is a 16550A`),
      `${name}:\n${dmesg}`,
    );
  }
  // Each port answers what it hears, with its case changed, from a process of its own on a vCPU of its own.
  for (const port of ports) {
    await guest.run(
      `stty -F /dev/ttyS${port} -echo -onlcr; taskset $((1 << ${port})) sh -c 'exec <>/dev/ttyS${port} >&0; echo ready; while read -r line; do echo "$line" | tr a-z A-Z; done' &`,
    );
  }
  const text = Array.from({ length: 900 }, (_, index) => String.fromCharCode(97 + index % 23)).join("");
  await Promise.all(others.map((port) => port.find(/^ready\n/m, 40)));
  await Promise.all([
    ...others.map(async (port) => {
      for (let round = 0; round < 4; round++) {
        await port.type(`${round}${text}\n`);
        assertEquals((await port.find(/^(\d[A-Z]*)\n/m, 60))[1], `${round}${text.toUpperCase()}`);
      }
    }),
    guest.run("seq 1 400").then((output) => assertEquals(output.trim().split("\n").length, 400)),
  ]);
  assertEquals(complaints(await guest.run("dmesg -r")), []);
  guest.vm.ctrlAltDel();
  assertEquals(await guest.end(), { reason: "reset" });
});
