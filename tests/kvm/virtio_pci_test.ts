import { assert, assertEquals } from "@std/assert";
import { GPA, PORT } from "../../src/board/addresses.ts";
import type { Assembler } from "../../src/guests/asm/assembler.ts";
import * as r from "../../src/guests/asm/operands.ts";
import { COMMON_REGISTER as R } from "../../src/virtio/pci_common.ts";
import { VIRTIO_BAR } from "../../src/virtio/pci_layout.ts";
import { printed, startPayload } from "../support/payload_machine.ts";
import { BUFFER, once } from "../support/payloads.ts";

/** Where the first device's BAR is at first, and where the guest moves it. */
const FIRST = GPA.PCI_WINDOW32, SECOND = 0xe900_0000;
const COMMAND = 0x04, BAR0 = 0x10;
/** The queue's three parts, and the request's. */
const AT = {
  DESCRIPTORS: BUFFER,
  DRIVER: BUFFER + 0x1000,
  DEVICE: BUFFER + 0x2000,
  HEADER: BUFFER + 0x3000,
  STATUS: BUFFER + 0x3100,
  DATA: BUFFER + 0x4000,
} as const;
const SECTOR = 512, WORDS = 8;

function store(a: Assembler, address: number, width: 1 | 2 | 4, value: number): void {
  a.mov(r.edi, address);
  a.mov(r.eax, value);
  if (width === 1) a.mov(r.m8(r.edi), r.al);
  else if (width === 2) a.mov(r.m16(r.edi), r.ax);
  else a.mov(r.m32(r.edi), r.eax);
}

function config(a: Assembler, register: number, value: number): void {
  for (
    const [port, word] of [[PORT.PCI_CONFIG_ADDRESS, 0x8000_0800 + register], [PORT.PCI_CONFIG_DATA, value]]
  ) {
    a.mov(r.dx, port!);
    a.mov(r.eax, word!);
    a.out(r.dx, r.eax);
  }
}

function print(a: Assembler, address: number, count: number): void {
  a.mov(r.esi, address);
  a.mov(r.ecx, count);
  a.mov(r.dx, PORT.COM1);
  a.rep();
  a.outs(8);
}

/** Has the n-th request, counted from 1, read a sector of that number, and prints what came. */
function request(a: Assembler, n: number, bar: number): void {
  store(a, AT.HEADER + 8, 4, n);
  store(a, AT.DRIVER + 2 + 2 * n, 2, 0);
  store(a, AT.DRIVER + 2, 2, n);
  store(a, bar + VIRTIO_BAR.NOTIFY, 2, 0);
  a.mov(r.edi, AT.DEVICE + 2);
  a.bind(`wait${n}`);
  a.mov(r.ax, r.m16(r.edi));
  a.cmp(r.ax, n);
  a.j("nz", `wait${n}`);
  print(a, AT.DATA, WORDS);
}

/** A driver of a few instructions: finds nothing, negotiates nothing, and moves the BAR between two requests. */
const driver = once("protected", (a) => {
  a.cld();
  config(a, COMMAND, 6); // memory, bus master
  const common = (register: number, width: 1 | 2 | 4, value: number) =>
    store(a, FIRST + register, width, value);
  common(R.STATUS, 1, 3);
  common(R.DRIVER_FEATURES_SELECT, 4, 1);
  common(R.DRIVER_FEATURES, 4, 1); // VERSION_1
  common(R.STATUS, 1, 11);
  common(R.QUEUE_SIZE, 2, 4);
  common(R.QUEUE_DESCRIPTORS, 4, AT.DESCRIPTORS);
  common(R.QUEUE_DRIVER, 4, AT.DRIVER);
  common(R.QUEUE_DEVICE, 4, AT.DEVICE);
  common(R.QUEUE_ENABLE, 2, 1);
  common(R.STATUS, 1, 15);
  const NEXT = 1, WRITE = 2;
  [[AT.HEADER, 16, NEXT], [AT.DATA, SECTOR, NEXT | WRITE], [AT.STATUS, 1, WRITE]]
    .forEach(([address, length, flags], index) => {
      const at = AT.DESCRIPTORS + 16 * index;
      store(a, at, 4, address!);
      store(a, at + 8, 4, length!);
      store(a, at + 12, 4, flags! | (index + 1) << 16);
    });
  request(a, 1, FIRST);
  config(a, BAR0, SECOND);
  request(a, 2, SECOND);
});

Deno.test("virtio over PCI: doorbells are heard without an exit, also where the guest moves them", async () => {
  const path = await Deno.makeTempFile({ prefix: "denovisor-disk-" });
  try {
    const text = [0, 1, 2, 3].map((n) => `sector ${n}`.padEnd(SECTOR, "."));
    await Deno.writeTextFile(path, text.join(""));
    const exits: string[] = [];
    await using vm = await startPayload(
      driver,
      { disks: [{ path }], trace: ["exits"] },
      { trace: (line) => void exits.push(line) },
    );
    assertEquals(await printed(vm), "sector 1sector 2");
    assertEquals(await vm.wait(), { reason: "poweroff" });
    const told = (address: number) => exits.some((line) => line.includes(address.toString(16)));
    assert(told(FIRST + R.STATUS), exits.join("\n"));
    assertEquals([FIRST, SECOND].map((bar) => told(bar + VIRTIO_BAR.NOTIFY)), [false, false]);
  } finally {
    await Deno.remove(path);
  }
});
