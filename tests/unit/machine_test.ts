import { assert, assertEquals } from "@std/assert";
import { GPA, PORT } from "../../src/board/addresses.ts";
import { composeMachine, type Machine } from "../../src/machine.ts";
import { allocateState, type MachinePlan } from "../../src/machine_plan.ts";
import { serveTimers } from "../../src/timer_service.ts";
import * as pciBoard from "../../src/pci_board.ts";
import * as virtioBoard from "../../src/virtio_board.ts";
import { Bell, BELL_WORDS } from "../../src/state/bell.ts";
import { stayAlive } from "../support/stay_alive.ts";

const LINE = { unplugged: false };

/** A plan, and isolates' machines of it: the first initializes. Wires and requests are noted in one log. */
function rig(change: Partial<MachinePlan> = {}) {
  const plan: MachinePlan = {
    vmFd: -1,
    cpus: 3,
    ramSize: 2 ** 24,
    serial: [LINE, { unplugged: true }, LINE],
    debugConsole: true,
    debugExit: true,
    virtio: [],
    ...allocateState(3, 4),
    ...change,
  };
  const log: string[] = [];
  const compose = (initialize: boolean): Machine =>
    composeMachine(plan, {
      initialize,
      irq: { setLine: (gsi, level) => void log.push(`line ${gsi} ${level}`) },
      pciBoard,
      virtioBoard,
      msi: { send: (low, _high, data) => void log.push(`msi 0x${low.toString(16)} ${data}`) },
      doorbells: {
        connect: (fd, address) => void log.push(`${fd} at 0x${address.toString(16)}`),
        disconnect: (fd, address) => void log.push(`${fd} not at 0x${address.toString(16)}`),
      },
      onBroken: (name) => void log.push(`${name} broken`),
      requests: {
        request: (what, detail) => void log.push(detail === undefined ? what : `${what} ${detail}`),
      },
    });
  return { log, owner: compose(true), worker: compose(false), plan };
}

Deno.test("machine: what one isolate's guest writes, another's reads, in every device", () => {
  const { owner, worker } = rig();
  const registers = [PORT.COM1 + 7, PORT.COM2 + 7, PORT.COM3 + 7, PORT.RTC, PORT.ACPI_PM1_EVENT + 2];
  for (const [i, port] of registers.entries()) owner.ports.write(port, 1, 0x20 + i);
  owner.ports.write(PORT.RTC, 1, 0x50);
  owner.ports.write(PORT.RTC + 1, 1, 0x77);
  assertEquals([PORT.COM1, PORT.COM2, PORT.COM3].map((port) => worker.ports.read(port + 7, 1)), [
    0x20,
    0x21,
    0x22,
  ]);
  assertEquals([worker.ports.read(PORT.RTC + 1, 1), worker.ports.read(PORT.COM4 + 7, 1)], [0x77, 0xff]);
  worker.ports.write(PORT.COM1, 1, 0x41);
  assertEquals([owner.serial[0]!.link.transmit.shift(), owner.serial[2]!.link.transmit.shift()], [0x41, -1]);
  worker.ports.write(PORT.DEBUG_CONSOLE, 1, 0x42);
  assertEquals(owner.debugConsole!.shift(), 0x42);
  owner.vcpus[2]!.tid = 7;
  owner.control.end("reset");
  assertEquals([worker.vcpus[2]!.tid, worker.vcpus[1]!.tid, worker.control.ended], [7, 0, true]);
});

Deno.test("machine: each request has its port, and the optional ones only when asked for", () => {
  const ask = ({ ports }: Machine) => {
    ports.write(PORT.RESET_CONTROL, 1, 6);
    ports.write(PORT.PVPANIC, 1, 1);
    ports.write(PORT.PVPANIC, 1, 2);
    ports.write(PORT.I8042_COMMAND, 1, 0xfe);
    ports.write(PORT.ACPI_PM1_CONTROL, 2, 5 << 10 | 1 << 13);
    ports.write(PORT.ISA_DEBUG_EXIT, 1, 9);
  };
  const { log, worker } = rig();
  ask(worker);
  assertEquals(log, ["reset", "panic", "crash-loaded", "reset", "poweroff", "debug-exit 9"]);
  const plain = rig({ debugExit: false, virtio: [], debugConsole: false });
  ask(plain.worker);
  assertEquals(plain.log, log.slice(0, -1));
  assertEquals([plain.worker.ports.read(PORT.DEBUG_CONSOLE, 1), plain.owner.debugConsole], [0xff, undefined]);
});

Deno.test("machine: COM1 and COM3 share a line, which the last of them lets go", () => {
  const { log, owner, worker } = rig();
  for (const [machine, base] of [[owner, PORT.COM1], [worker, PORT.COM3]] as const) {
    machine.ports.write(base + 4, 1, 0x08); // OUT2
    machine.ports.write(base + 1, 1, 0x02); // transmitter empty, which it is
  }
  assertEquals(log, ["line 4 1"]);
  worker.ports.write(PORT.COM1 + 1, 1, 0);
  assertEquals(log, ["line 4 1"]);
  owner.ports.write(PORT.COM3 + 1, 1, 0);
  assertEquals(log, ["line 4 1", "line 4 0"]);
});

Deno.test("machine: it fits the memory allocated for it, with all there can be", () => {
  for (const cpus of [1, 32, 254]) {
    const serial = [LINE, LINE, LINE, LINE];
    for (const pci of [undefined, pciBoard.planPci(2 ** 24, 39)]) {
      const state = allocateState(cpus, serial.length + 1, pci);
      const { owner } = rig({
        cpus,
        serial,
        pci,
        virtio: Array(16).fill(disk(Array(16).fill(-2))),
        ...state,
      });
      assertEquals([owner.vcpus.length, owner.virtio.length], [cpus, 16]);
    }
  }
});

/** Registers of the RTC through its ports. */
function rtc({ ports }: Machine) {
  return {
    get: (register: number) => (ports.write(PORT.RTC, 1, register), ports.read(PORT.RTC + 1, 1)),
    set: (register: number, value: number) => {
      ports.write(PORT.RTC, 1, register);
      ports.write(PORT.RTC + 1, 1, value);
    },
  };
}

Deno.test("timer service: an interrupt that a guest enables while the service sleeps comes, again and again", async () => {
  using _alive = stayAlive();
  const { log, owner, worker } = rig();
  const service = serveTimers(owner.timed, owner.timerBell, () => owner.control.ended);
  const clock = rtc(worker);
  await new Promise((resolve) => setTimeout(resolve, 0)); // it sleeps, with nothing to do
  clock.set(0x0a, 0x26); // periodic rate: 1024 Hz
  clock.set(0x0b, 0x42); // periodic interrupt on
  for (let ticks = 0; ticks < 5; ticks++) {
    while (log.length === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(log.splice(0), ["line 8 1"]);
    assert((clock.get(0x0c) & 0xc0) === 0xc0);
    assertEquals(log.splice(0), ["line 8 0"]);
  }
  worker.control.end("poweroff");
  owner.timerBell.ring();
  await service;
});

Deno.test("machine: the ACPI timer's interrupt is due when its guest asks for it, and the service is told", async () => {
  using _alive = stayAlive();
  const { owner, worker } = rig();
  const due = () => owner.timed.map((device) => device.dueIn() !== undefined);
  assertEquals(due(), [false, false]);
  let heard = false;
  const sleeping = owner.timerBell.slept(() => false).then(() => heard = true);
  worker.ports.write(PORT.ACPI_PM1_EVENT + 2, 2, 1); // TMR_EN
  await sleeping;
  assertEquals([heard, due()], [true, [false, true]]);
  const halfPeriodMs = 2 ** 31 / 3579.545;
  const dueIn = owner.timed[1]!.dueIn()!;
  assert(dueIn > 0 && dueIn <= halfPeriodMs + 1, `${dueIn} ms`);
});

Deno.test("timer service: ends with the machine, and leaves no timer", async () => {
  using _alive = stayAlive();
  const { owner, worker } = rig();
  const service = serveTimers(owner.timed, owner.timerBell, () => owner.control.ended);
  const clock = rtc(worker);
  clock.set(0x0b, 0x22); // an alarm that is hours away: the test runner finds timers that stay
  owner.control.end("stopped");
  owner.timerBell.ring();
  await service;
});

Deno.test("timer service: what changes while it looks is not slept over", async () => {
  using _alive = stayAlive();
  const bell = new Bell(new Int32Array(new SharedArrayBuffer(4 * BELL_WORDS)));
  let looks = 0;
  const device = {
    dueIn() {
      if (++looks < 3) bell.ring(); // the guest has just set something else
      return undefined;
    },
    tick() {},
  };
  const service = serveTimers([device], bell, () => looks === 4);
  while (looks < 3) await new Promise((resolve) => setTimeout(resolve, 0));
  looks = 4;
  bell.ring();
  await service;
});

/** A disk whose wires lead nowhere. */
function disk(queueFds: number[]): MachinePlan["virtio"][0] {
  return {
    kind: "block",
    settings: { size: 2 ** 20, readOnly: false, queues: queueFds.length },
    queueFds,
    orderFd: -1,
  };
}

/** A machine with two disks on a PCI bus. */
function pciRig() {
  const pci = pciBoard.planPci(2 ** 24, 39);
  const plan = {
    pci,
    virtio: [disk([-2, -3]), disk([-4])],
    ...allocateState(3, 4, pci),
  };
  const made = rig(plan);
  const config = ({ ports }: Machine, slot: number, register: number, value?: number) => {
    ports.write(PORT.PCI_CONFIG_ADDRESS, 4, 0x8000_0000 + slot * 0x800 + register);
    if (value !== undefined) ports.write(PORT.PCI_CONFIG_DATA, 4, value);
    return ports.read(PORT.PCI_CONFIG_DATA, 4);
  };
  return { ...made, config, take: () => made.log.splice(0) };
}

Deno.test("machine: PCI is there with devices on it, and leaves the reset register its port", () => {
  const { owner, worker, config, take } = pciRig();
  assertEquals([0, 1, 2, 3].map((slot) => config(worker, slot, 0)), [
    0x0d57_8086,
    0x1042_1af4,
    0x1042_1af4,
    0xffff_ffff,
  ]);
  const data = new DataView(new ArrayBuffer(4));
  worker.mmio.access(GPA.PCI_ECAM + 0x8000, data, 0, 4, false);
  assertEquals(data.getUint32(0, true), 0x1042_1af4);
  owner.ports.write(PORT.RESET_CONTROL, 1, 6);
  assertEquals(take(), ["reset"]);
  assertEquals(config(rig().owner, 0, 0), 0xffff_ffff, "none without");
});

Deno.test("machine: the doorbells of PCI devices follow their BARs, whoever moves them, until they are ejected", () => {
  const { owner, worker, config, take } = pciRig();
  config(owner, 1, 0x04, 2);
  config(worker, 2, 0x04, 2);
  const at = (bar: number, queue = 0) => `0x${(bar + 0x3000 + 4 * queue).toString(16)}`;
  const [one, two] = [GPA.PCI_WINDOW32, GPA.PCI_WINDOW32 + 0x8000];
  assertEquals(take(), [`-2 at ${at(one)}`, `-3 at ${at(one, 1)}`, `-4 at ${at(two)}`]);
  config(worker, 1, 0x10, 0xe900_0000);
  assertEquals(take(), [
    `-2 not at ${at(one)}`,
    `-2 at ${at(0xe900_0000)}`,
    `-3 not at ${at(one, 1)}`,
    `-3 at ${at(0xe900_0000, 1)}`,
  ]);
  config(owner, 2, 0x10, 0x1000_0000);
  assertEquals(take(), [`-4 not at ${at(two)}`], "in RAM it is not seen");
  worker.virtio[0]!.registers.status = 1;
  owner.ports.write(PORT.PCI_HOTPLUG_EJECT, 4, 1 << 1);
  assertEquals(take(), [`-2 not at ${at(0xe900_0000)}`, `-3 not at ${at(0xe900_0000, 1)}`]);
  assertEquals([config(worker, 1, 0), worker.virtio[0]!.registers.status], [0xffff_ffff, 0]);
});
