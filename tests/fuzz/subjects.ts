/** Every device of the board, wired to fakes, with the condition of its interrupt line computed a second time. */
import { AcpiPm } from "../../src/devices/acpi_pm/acpi_pm.ts";
import { PM_BLOCK_SIZE } from "../../src/devices/acpi_pm/registers.ts";
import { AcpiPmState, resetAcpiPm } from "../../src/devices/acpi_pm/state.ts";
import { DebugConsole } from "../../src/devices/debug_console.ts";
import { DebugExit } from "../../src/devices/debug_exit.ts";
import { I8042 } from "../../src/devices/i8042/i8042.ts";
import { I8042State, resetI8042 } from "../../src/devices/i8042/state.ts";
import { NullPort } from "../../src/devices/null_port.ts";
import { Post, PostState } from "../../src/devices/post.ts";
import { PvPanic } from "../../src/devices/pvpanic.ts";
import { ResetControl, ResetControlState } from "../../src/devices/reset_control.ts";
import { Rtc } from "../../src/devices/rtc/rtc.ts";
import { resetRtc, RtcState } from "../../src/devices/rtc/state.ts";
import { UNPLUGGED } from "../../src/devices/uart16550/link.ts";
import { resetUart16550, Uart16550State, type Uart16550View } from "../../src/devices/uart16550/state.ts";
import { Uart16550 } from "../../src/devices/uart16550/uart.ts";
import { ByteRing } from "../../src/state/ring.ts";
import { FakeClock, FakePin, FakeRequests } from "../unit/devices/fakes.ts";
import type { Subject } from "./hammer.ts";

const twice = <T>(make: () => T): T[] => [make(), make()];

function expectLine(pin: FakePin, expected: boolean): void {
  if (pin.high !== expected) throw new Error(`the line is ${pin.high}, its condition ${expected}`);
}

/** The UART's interrupt condition straight from the datasheet's Table IV, as one expression for each source. */
function uartInterrupts(s: Uart16550View): boolean {
  const fifo = (s.fcr & 1) !== 0;
  const status = s.overrun !== 0 || (s.fifoCount > 0 && s.fifoFlags[s.fifoHead] !== 0);
  const data = s.fifoCount > 0; // At or above the trigger, or timed out at once.
  const sources = (status ? 4 : 0) | (data ? 1 : 0) | (s.thrPending !== 0 ? 2 : 0) | ((s.msr & 15) ? 8 : 0);
  if (s.fifoCount > (fifo ? 16 : 1)) throw new Error(`${s.fifoCount} bytes in the FIFO`);
  const errors = s.fifoFlags.filter((f, i) => f !== 0 && ((i - s.fifoHead) & 15) < s.fifoCount).length;
  if (errors !== s.fifoErrors) throw new Error(`${errors} errors in the FIFO, ${s.fifoErrors} counted`);
  return (s.mcr & 0x18) === 0x08 && (s.ier & sources) !== 0;
}

function uart(plugged: boolean): Subject {
  const capacity = 64;
  const memory = new ArrayBuffer(1024);
  const state = Uart16550State.at(memory, 0);
  const tx = new ByteRing(memory, 256, capacity), rx = new ByteRing(memory, 512, capacity);
  const pin = new FakePin();
  resetUart16550(state);
  const twins = twice(() =>
    plugged
      ? new Uart16550(state, pin, tx, rx, UNPLUGGED)
      : new Uart16550(state, pin, UNPLUGGED, UNPLUGGED, UNPLUGGED)
  );
  const bytes = new Uint8Array(capacity);
  return {
    twins,
    span: 8,
    disturb(random) {
      const uart = twins[0]!;
      const kind = random.below(4), lines = random.below(16);
      if (kind === 0) {
        tx.read(bytes.subarray(0, random.below(capacity)));
        uart.transmitDrained();
      } else if (kind === 1) {
        rx.write(bytes.subarray(0, random.below(40)));
        uart.receive();
      } else if (kind === 2) {
        uart.setModemLines({ cts: !(lines & 1), dsr: !(lines & 2), ri: !(lines & 4), dcd: !(lines & 8) });
      } else {
        uart.sendBreak();
      }
    },
    check: () => expectLine(pin, uartInterrupts(state)),
  };
}

function rtc(): Subject {
  const state = RtcState.create(), pin = new FakePin(), clock = new FakeClock(1.8e12);
  resetRtc(state, { ramBelow4G: 2 ** 26, ramAbove4G: 0, nowMs: clock.ms });
  const twins = twice(() => new Rtc(state, pin, clock, { rearm() {} }));
  return {
    twins,
    span: 2,
    disturb(random) {
      clock.ms += [0.1, 1, 400, 1000, 1e5, -5000][random.below(6)]!;
      const next = twins[0]!.nextEvent();
      if (!(next === -1 || next > 0) && !Number.isFinite(next)) throw new Error(`next event at ${next}`);
      if (random.below(2) === 0) twins[0]!.tick(clock.ms);
    },
    check: () => expectLine(pin, (state.flags & state.cmos[0x0b]! & 0x70) !== 0),
  };
}

function i8042(): Subject {
  const state = I8042State.create(), pin = new FakePin();
  resetI8042(state);
  const twins = twice(() => new I8042(state, pin, new FakeRequests()));
  return {
    twins,
    span: 5,
    disturb: () => void twins[0]!.pressCtrlAltDelete(),
    check: () => expectLine(pin, state.outputFull !== 0 && (state.ram[0]! & 1) !== 0),
  };
}

function acpiPm(): Subject {
  const state = AcpiPmState.create(), sci = new FakePin(), clock = new FakeClock(12_345);
  resetAcpiPm(state, clock.ms);
  const links = { sci, requests: new FakeRequests(), clock, timer: { rearm: () => {} }, s5SleepType: 5 };
  const twins = twice(() => new AcpiPm(state, links));
  return {
    twins,
    span: PM_BLOCK_SIZE,
    disturb(random) {
      clock.ms += random.below(2_000_000) / 3;
      const kind = random.below(3);
      if (kind === 0) twins[0]!.pressPowerButton();
      else if (kind === 1) twins[0]!.raiseGpe(random.below(16));
      else twins[0]!.tick();
    },
    check: () =>
      expectLine(sci, (state.pm1Status & state.pm1Enable) !== 0 || (state.gpeStatus & state.gpeEnable) !== 0),
  };
}

function resetControl(): Subject {
  const state = ResetControlState.create();
  return { twins: twice(() => new ResetControl(state, new FakeRequests())), span: 1 };
}

function post(): Subject {
  const state = PostState.create();
  return { twins: twice(() => new Post(state)), span: 1 };
}

/** A fresh one of each device, by name. */
export const SUBJECTS: { readonly [name: string]: () => Subject } = {
  "uart16550": () => uart(true),
  "uart16550 unplugged": () => uart(false),
  rtc,
  i8042,
  "acpi pm": acpiPm,
  "reset control": resetControl,
  pvpanic: () => ({ twins: twice(() => new PvPanic(new FakeRequests())), span: 1 }),
  "debug console": () => ({ twins: twice(() => new DebugConsole(UNPLUGGED, () => {})), span: 1 }),
  "debug exit": () => ({ twins: twice(() => new DebugExit(new FakeRequests())), span: 4 }),
  post,
  "null port": () => ({ twins: twice(() => new NullPort()), span: 8 }),
};
