import { assert, assertEquals, assertGreater } from "@std/assert";
import { GPA, PORT } from "../../src/board/addresses.ts";
import { DEBUG_EXIT_PORTS } from "../../src/devices/debug_exit.ts";
import { hammer } from "../../src/guests/payloads/hammer.ts";
import { GuestError, type Vm } from "../../mod.ts";
import { borrow } from "../../ffi/mapping.ts";
import { assertNothingLeft, heldBetweenMachines } from "../support/leftovers.ts";
import { guestMappings, startPayload } from "../support/payload_machine.ts";
import { COUNTER } from "../support/payloads.ts";
import { Promptness } from "../support/promptness.ts";

/** For how long; HAMMER_SECONDS=60 is the full minute. */
const SECONDS = Number(Deno.env.get("HAMMER_SECONDS") ?? 4);
const SEED = Number(Deno.env.get("HAMMER_SEED") ?? 1 + Date.now() % 1e9);

/** Ports that end the machine by what they are for. */
const ENDS = [
  PORT.ACPI_PM1_CONTROL,
  PORT.ACPI_PM1_CONTROL + 1,
  PORT.RESET_CONTROL,
  PORT.I8042_COMMAND,
  PORT.PVPANIC,
  ...Array.from({ length: DEBUG_EXIT_PORTS }, (_, i) => PORT.ISA_DEBUG_EXIT + i),
];
/** All other ports that a device has, the kernel's own included: interrupt controllers, timer. */
const DEVICES = [
  ...[PORT.COM1, PORT.COM2, PORT.COM3, PORT.COM4].flatMap((port) =>
    Array.from({ length: 8 }, (_, i) => port + i)
  ),
  ...Array.from({ length: 0x24 }, (_, i) => PORT.ACPI_PM1_EVENT + i),
  ...[PORT.RTC, PORT.RTC + 1, PORT.I8042_DATA, PORT.DEBUG_CONSOLE],
  ...[0x20, 0x21, 0xa0, 0xa1, 0x40, 0x41, 0x42, 0x43, 0x61, 0x4d0, 0x4d1],
];

/** Machines that each hammer with a seed of their own, with all that they can have of devices. */
function start(
  seed: number,
  windows: readonly { gpa: number; size: number }[],
  problems: string[],
): Promise<Vm> {
  const payload = hammer({ seed, rounds: 2 ** 31, avoid: ENDS, favour: DEVICES, counter: COUNTER, windows });
  const log = (level: string, text: string) => void (level === "info" || problems.push(text));
  const serial = ["stream", "null", "stream", "stream"];
  return startPayload(payload, { serial, debugConsole: true, debugExit: true }, { log });
}

/** Takes what a machine's ports give, and types at them whatever comes to mind. */
function annoy(vm: Vm): Promise<void>[] {
  return vm.serial.filter((port) => port.console !== undefined).map(async ({ console }, index) => {
    const writer = console!.writable.getWriter();
    for await (const bytes of console!.readable) {
      if (index > 0) await writer.write(bytes).catch(() => {}); // the machine may stop first
    }
  });
}

Deno.test(`guest hammer: ${SECONDS} s of random ports and addresses break nothing`, async () => {
  const before = await heldBetweenMachines();
  const problems: string[] = [];
  const windows = [{ gpa: 0xd000_0000, size: 0x1_0000 }, { gpa: GPA.IOAPIC, size: 0x1000 }];
  const stopping = new Promptness("a stop", 2), pausing = new Promptness("a pause", 2);
  {
    await using first = await start(SEED, windows, problems);
    await using second = await start(SEED + 1, windows, problems);
    const machines = [first, second];
    const reading = machines.flatMap(annoy);
    // SAFETY: used while both machines live.
    const counters = guestMappings().map(({ address }) =>
      new Uint32Array(borrow(address, 2 ** 24), COUNTER, 1)
    );
    const deadline = performance.now() + SECONDS * 1000;
    for (let turn = 0; performance.now() < deadline; turn++) {
      const vm = machines[turn & 1]!;
      vm.powerButton();
      vm.ctrlAltDel();
      if (turn % 5 === 0) {
        await pausing.of(() => vm.pause());
        vm.resume();
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const vm of machines) {
      if (vm.state === "stopped") {
        throw new Error(`seed ${SEED}: it ended by ${(await vm.wait()).reason}; ${problems}`);
      }
    }
    for (const counter of counters) assertGreater(counter[0]!, 500, `rounds of seed ${SEED}`);
    for (const vm of machines) await stopping.of(() => vm.stop());
    await Promise.all(reading);
  }
  pausing.check();
  stopping.check({ crowded: true });
  assertEquals(problems, [], `seed ${SEED}`);
  await assertNothingLeft(before);
});

Deno.test("guest hammer: on its own local APIC a guest may end or sleep, and can be stopped", async () => {
  const problems: string[] = [];
  await using vm = await start(SEED, [{ gpa: GPA.LOCAL_APIC, size: 0x1000 }], problems);
  const reading = annoy(vm);
  await new Promise((resolve) => setTimeout(resolve, Math.min(1000, SECONDS * 250)));
  const stopping = new Promptness("a stop");
  await stopping.of(() => vm.stop());
  stopping.check({ crowded: true });
  // An INIT that it sends to itself takes it to the reset vector, where there is no RAM: a fault, and its own doing.
  const reason = await vm.wait().then((outcome) => outcome.reason, (error) => {
    if (error instanceof GuestError) return "fault";
    throw error;
  });
  assert(["stopped", "triple-fault", "fault"].includes(reason), `seed ${SEED}: ${reason}`);
  await Promise.all(reading);
  assertEquals(problems, [], `seed ${SEED}`);
});
