/**
 * The console: COM1, a 16550A. Output is polled, input wakes the processor from HLT.
 *
 * @module
 */

import { PORT } from "../../board/addresses.ts";
import { al, dx, eax, ecx, m8, r8d, rsi } from "../asm/operands.ts";
import type { GuestProgram } from "./program.ts";

/** Registers and bits of the 16550A (National Semiconductor PC16550D, tables II and III). */
const DATA = PORT.COM1;
const INTERRUPT_ENABLE = PORT.COM1 + 1;
const FIFO_CONTROL = PORT.COM1 + 2;
const LINE_CONTROL = PORT.COM1 + 3;
const MODEM_CONTROL = PORT.COM1 + 4;
const LINE_STATUS = PORT.COM1 + 5;
const STATUS_DATA_READY = 0x01;
const STATUS_TRANSMITTER_EMPTY = 0x20;
const FIFO_SIZE = 16;

/** Register writes that set 115200 8N1, clear and enable the FIFOs, and raise DTR, RTS and OUT2 (the interrupt's gate). */
const SETUP: readonly (readonly [number, number])[] = [
  [INTERRUPT_ENABLE, 0],
  [LINE_CONTROL, 0x80], // divisor latch
  [DATA, 1],
  [INTERRUPT_ENABLE, 0],
  [LINE_CONTROL, 0x03],
  [FIFO_CONTROL, 0x07],
  [MODEM_CONTROL, 0x0b],
];

/** Everything that touches the UART. */
export function uart(a: GuestProgram): void {
  a.bind("uart.setup");
  for (const [port, value] of SETUP) write(a, port, value);
  a.ret();

  a.bind("uart.enable_interrupt");
  write(a, INTERRUPT_ENABLE, 0x01); // received data
  a.ret();

  // rsi: text, ecx: its length. One look at the line status per FIFO, as each port access is an exit.
  a.bind("uart.print");
  a.test(ecx, ecx);
  a.j("z", ".done");
  a.mov(dx, LINE_STATUS);
  a.bind(".wait");
  a.in(al, dx);
  a.test(al, STATUS_TRANSMITTER_EMPTY);
  a.j("nz", ".ready");
  a.pause();
  a.jmp(".wait");
  a.bind(".ready");
  a.mov(r8d, ecx);
  a.cmp(ecx, FIFO_SIZE);
  a.j("be", ".burst");
  a.mov(ecx, FIFO_SIZE);
  a.bind(".burst");
  a.sub(r8d, ecx);
  a.mov(dx, DATA);
  a.rep();
  a.outs(8);
  a.mov(ecx, r8d);
  a.jmp("uart.print");
  a.bind(".done");
  a.ret();

  // al: one character.
  a.bind("uart.print_char");
  a.lea(rsi, m8("uart.char"));
  a.mov(m8(rsi), al);
  a.mov(ecx, 1);
  a.jmp("uart.print");

  // Waits for a byte: eax. Interrupts stay off but for the instant of HLT, so none is lost between look and sleep.
  a.bind("uart.read");
  a.cli();
  a.mov(dx, LINE_STATUS);
  a.in(al, dx);
  a.cmp(al, 0xff); // all ones: no UART there
  a.j("z", ".sleep");
  a.test(al, STATUS_DATA_READY);
  a.j("nz", ".take");
  a.bind(".sleep");
  a.sti();
  a.hlt();
  a.jmp("uart.read");
  a.bind(".take");
  a.mov(dx, DATA);
  a.in(al, dx);
  a.movzx(eax, al);
  a.ret();

  a.bind("uart.char");
  a.db(0);
}

function write(a: GuestProgram, port: number, value: number): void {
  a.mov(dx, port);
  a.mov(al, value);
  a.out(dx, al);
}
