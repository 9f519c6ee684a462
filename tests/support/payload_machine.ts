/**
 * Machines that run a payload of a few instructions, and what a test can see of their memory.
 *
 * @module
 */

import { type MachineConfig, type StartOptions, Vm } from "../../mod.ts";
import { borrow } from "../../ffi/mapping.ts";
import type { Payload } from "../../src/guests/payloads/wrap.ts";

/** Starts a payload: 16 MiB and one vCPU, unless `config` says otherwise. */
export async function startPayload(
  { protocol, image }: Payload,
  config: MachineConfig = {},
  options: StartOptions = {},
): Promise<Vm> {
  const kernel = await Deno.makeTempFile({ prefix: "denovisor-payload-" });
  try {
    await Deno.writeFile(kernel, image);
    return await Vm.start({ memory: "16M", ...config, kernel, protocol }, options);
  } finally {
    await Deno.remove(kernel); // it is in the guest's memory, or was refused
  }
}

/** All that a machine prints until it ends, as text. */
export async function printed(vm: Vm): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of vm.console.readable) text += decoder.decode(bytes, { stream: true });
  return text;
}

/** Mappings of guest memory in this process, as `/proc/self/maps` lists them: address and size. */
export function guestMappings(): { readonly address: bigint; readonly size: number }[] {
  const lines = Deno.readTextFileSync("/proc/self/maps").split("\n");
  return lines.filter((line) => line.includes("/memfd:denovisor-ram")).map((line) => {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line)!;
    return { address: BigInt(`0x${start}`), size: Number(BigInt(`0x${end}`) - BigInt(`0x${start}`)) };
  });
}

/**
 * The memory of the only machine in this process, from guest-physical 0 on.
 *
 * SAFETY: to be used while the machine lives; afterwards an access is a segmentation fault.
 */
export function onlyGuestMemory(): ArrayBuffer {
  const [only, ...others] = guestMappings();
  if (only === undefined || others.length > 0) throw new Error("there is not exactly one machine");
  return borrow(only.address, only.size);
}
