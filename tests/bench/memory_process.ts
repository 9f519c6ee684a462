/**
 * A process that holds so many guests, each idle at its prompt, and prints its private memory in bytes:
 * `deno run -A memory_process.ts COUNT`.
 *
 * @module
 */

import { Vm } from "../../mod.ts";

const PROMPT = "\r\n> ";

if (import.meta.main) {
  const guests: Vm[] = [];
  for (let i = 0; i < Number(Deno.args[0]); i++) {
    const guest = await Vm.start({ memory: "64M" });
    guests.push(guest);
    await atPrompt(guest);
  }
  console.log(privateBytes());
  await Promise.all(guests.map((guest) => guest.stop()));
}

async function atPrompt(guest: Vm): Promise<void> {
  const reader = guest.console.readable.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.endsWith(PROMPT)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the guest ended before its prompt:\n${text}`);
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
}

function privateBytes(): number {
  const rollup = Deno.readTextFileSync("/proc/self/smaps_rollup");
  const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map((match) =>
    Number(match[1])
  );
  return kilobytes.reduce((sum, value) => sum + value, 0) * 1024;
}
