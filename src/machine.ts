/**
 * The composition root: builds the machine out of its parts, and is the only file that names concrete devices.
 *
 * Every worker builds its own objects from the same {@link MachinePlan}, over the same shared bytes. The order in which
 * things are placed decides where they lie, so it depends on the plan and on nothing else.
 *
 * @module
 */

import { KernelClock } from "../ffi/clock.ts";
import { signalEventFd } from "../ffi/eventfd.ts";
import { ACPI_VALUES, GPA, GPE, IRQ, PORT } from "./board/addresses.ts";
import { BoardBuilder, type BoardHooks } from "./board/builder.ts";
import type { Attachment } from "./bus/attachment.ts";
import type { GuestRequests, IoDevice } from "./bus/device.ts";
import { MmioBus } from "./bus/mmio_bus.ts";
import { PortBus } from "./bus/port_bus.ts";
import { type CharLink, placeLink, placeOutput } from "./console/link.ts";
import { AcpiPm } from "./devices/acpi_pm/acpi_pm.ts";
import { PM_BLOCK_SIZE } from "./devices/acpi_pm/registers.ts";
import { AcpiPmState, resetAcpiPm } from "./devices/acpi_pm/state.ts";
import { DebugConsole } from "./devices/debug_console.ts";
import { DEBUG_EXIT_PORTS, DebugExit } from "./devices/debug_exit.ts";
import { I8042 } from "./devices/i8042/i8042.ts";
import { I8042_PORT } from "./devices/i8042/registers.ts";
import { I8042State, resetI8042 } from "./devices/i8042/state.ts";
import { PvPanic } from "./devices/pvpanic.ts";
import { ResetControl, ResetControlState } from "./devices/reset_control.ts";
import { Rtc } from "./devices/rtc/rtc.ts";
import { resetRtc, RtcState } from "./devices/rtc/state.ts";
import { UNPLUGGED } from "./devices/uart16550/link.ts";
import { resetUart16550, Uart16550State, type Uart16550View } from "./devices/uart16550/state.ts";
import { Uart16550 } from "./devices/uart16550/uart.ts";
import type { BoardParts } from "./board_parts.ts";
import type { BoardWires } from "./kvm_wires.ts";
import type { MachinePlan } from "./machine_plan.ts";
import type { PciBoard } from "./pci_board.ts";
import { Arena } from "./state/arena.ts";
import { Bell, BELL_WORDS } from "./state/bell.ts";
import type { ByteRing } from "./state/ring.ts";
import type { PlacedVirtio } from "./virtio_board.ts";
import type { TimedDevice } from "./timer_service.ts";
import { MachineControl, VcpuControl } from "./vcpu/control.ts";

/** What differs between the isolates that build the same machine. */
export interface MachineHooks extends BoardHooks, BoardWires, BoardParts {
  /** Takes what the guest asks for through a device. */
  readonly requests: GuestRequests;
}

/** A serial port with the queues to its far end. */
export interface SerialLine {
  readonly uart: Attachment<Uart16550>;
  readonly link: CharLink;
}

/** The machine's parts, as one isolate holds them. */
export interface Machine {
  readonly ports: PortBus;
  readonly mmio: MmioBus;
  readonly control: MachineControl;
  readonly vcpus: readonly VcpuControl[];
  readonly serial: readonly SerialLine[];
  /** What is printed at the debug port and goes to COM1's far end. */
  readonly debugConsole: ByteRing | undefined;
  readonly pm: Attachment<AcpiPm>;
  readonly i8042: Attachment<I8042>;
  readonly rtc: Attachment<Rtc>;
  /** The PCI bus, if the plan has one. */
  readonly pci: PciBoard | undefined;
  /** Virtio devices, as the plan has them. */
  readonly virtio: readonly PlacedVirtio[];
  /** Devices with a clock, and what is rung when one of their times may have changed. */
  readonly timed: readonly TimedDevice[];
  readonly timerBell: Bell;
}

/** COM1 to COM4. */
const SERIAL = [
  { base: PORT.COM1, irq: IRQ.COM1 },
  { base: PORT.COM2, irq: IRQ.COM2 },
  { base: PORT.COM3, irq: IRQ.COM3 },
  { base: PORT.COM4, irq: IRQ.COM4 },
] as const;

const UART_PORTS = 8;

/** Builds this isolate's machine. */
export function composeMachine(plan: MachinePlan, hooks: MachineHooks): Machine {
  const saved = new Arena(plan.saved), scratch = new Arena(plan.scratch);
  const control = new MachineControl(scratch);
  const vcpus = Array.from({ length: plan.cpus }, () => new VcpuControl(scratch));
  const board = new BoardBuilder(saved, scratch, hooks);
  const ports = new PortBus();
  const clock = new KernelClock();
  const { requests } = hooks;

  const serial = plan.serial.map(({ unplugged, eventFd }, index) => {
    const { base, irq } = SERIAL[index]!;
    const link = placeLink(scratch, eventFd === undefined ? undefined : () => signalEventFd(eventFd));
    const host = { transmitReady: () => link.bell.ring(), receiveDrained: () => link.bell.ring() };
    const make = (state: Uart16550View) =>
      unplugged
        ? new Uart16550(state, board.pin(irq), UNPLUGGED, UNPLUGGED, UNPLUGGED)
        : new Uart16550(state, board.pin(irq), link.transmit, link.receive, host);
    const uart = board.place(`com${index + 1}`, Uart16550State, resetUart16550, make);
    ports.attach(base, UART_PORTS, uart);
    return { uart, link };
  });

  const timerBell = new Bell(scratch.words(BELL_WORDS));
  const timer = { rearm: () => timerBell.ring() };
  const pm = board.place(
    "acpi_pm",
    AcpiPmState,
    (state) => resetAcpiPm(state, clock.monotonicMs()),
    (state) =>
      new AcpiPm(state, {
        sci: board.pin(IRQ.SCI),
        requests,
        clock: { nowMs: () => clock.monotonicMs() },
        timer,
        s5SleepType: ACPI_VALUES.S5_SLEEP_TYPE,
      }),
  );
  ports.attach(PORT.ACPI_PM1_EVENT, PM_BLOCK_SIZE, pm);

  const i8042 = board.place(
    "i8042",
    I8042State,
    resetI8042,
    (state) => new I8042(state, board.pin(IRQ.I8042_KEYBOARD), requests),
  );
  ports.attach(PORT.I8042_DATA, 1, i8042, I8042_PORT.DATA);
  ports.attach(PORT.I8042_COMMAND, 1, i8042, I8042_PORT.COMMAND_STATUS);

  const rtc = board.place(
    "rtc",
    RtcState,
    (state) => resetRtc(state, { ...ramFacts(plan.ramSize), nowMs: clock.wallMs() }),
    (state) => new Rtc(state, board.pin(IRQ.RTC), { nowMs: () => clock.wallMs() }, timer),
  );
  ports.attach(PORT.RTC, 2, rtc);

  const reset = board.place(
    "reset_control",
    ResetControlState,
    () => {},
    (state) => new ResetControl(state, requests),
  );
  ports.attach(PORT.RESET_CONTROL, 1, reset);
  ports.attach(PORT.PVPANIC, 1, board.attach("pvpanic", new PvPanic(requests)));
  if (plan.debugExit) {
    ports.attach(PORT.ISA_DEBUG_EXIT, DEBUG_EXIT_PORTS, board.attach("debug_exit", new DebugExit(requests)));
  }
  let debugConsole: ByteRing | undefined;
  if (plan.debugConsole) {
    const com1 = plan.serial[0]?.unplugged === false ? serial[0] : undefined;
    if (com1 !== undefined) debugConsole = placeOutput(scratch);
    const device = new DebugConsole(debugConsole ?? UNPLUGGED, () => com1?.link.bell.ring());
    ports.attach(PORT.DEBUG_CONSOLE, 1, board.attach("debug_console", device));
  }
  const timed = [
    timedDevice(rtc, () => clock.wallMs(), (device, nowMs) => device.tick(nowMs)),
    timedDevice(pm, () => clock.monotonicMs(), (device) => device.tick()),
  ];
  const mmio = new MmioBus();
  const pci = plan.pci && new hooks.pciBoard!.PciBoard(plan.pci, {
    board,
    scratch,
    ports,
    mmio,
    wires: hooks,
    raiseHotPlug: () => void pm.locked((device) => device.raiseGpe(GPE.PCI_HOTPLUG)),
  });
  const around = { board, scratch, mmio, pci };
  const virtio = plan.virtio.map((device, index) => hooks.virtioBoard!.placeVirtio(device, index, around));
  if (hooks.initialize) pci?.powerOn();
  return { ports, mmio, control, vcpus, serial, debugConsole, pm, i8042, rtc, pci, virtio, timed, timerBell };
}

function ramFacts(size: number): { ramBelow4G: number; ramAbove4G: number } {
  const below = Math.min(size, GPA.HOLE_START);
  return { ramBelow4G: below, ramAbove4G: size - below };
}

/** A device that says when its next event is, by a clock of its own; −1 for none. */
function timedDevice<D extends IoDevice & { nextEvent(): number }>(
  attachment: Attachment<D>,
  nowMs: () => number,
  tick: (device: D, nowMs: number) => void,
): TimedDevice {
  return {
    dueIn: () => {
      const next = attachment.locked((device) => device.nextEvent());
      return next === undefined || next < 0 ? undefined : next - nowMs();
    },
    tick: () => void attachment.locked((device) => tick(device, nowMs())),
  };
}
