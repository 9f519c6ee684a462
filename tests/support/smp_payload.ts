/**
 * A payload that runs on two vCPUs.
 *
 * @module
 */

import { GPA } from "../../src/board/addresses.ts";
import { Assembler } from "../../src/guests/asm/assembler.ts";
import * as r from "../../src/guests/asm/operands.ts";
import { type Payload, powerOff, protectedMode } from "../../src/guests/payloads/wrap.ts";

/** Where the second processor starts, in real mode: a page that no boot protocol uses. */
const SECOND = 0x6000;
/** It sets this when it has done its work. */
const DONE = 0x5ff0;
/** Interrupt command register, low and high half (Intel SDM 3A §11.6.1), and what is sent by it. */
const ICR = { LOW: GPA.LOCAL_APIC + 0x300, HIGH: GPA.LOCAL_APIC + 0x310 } as const;
const INIT = 0x4500;
const START_UP = 0x4600 | SECOND >> 12;
const TO_SECOND = 1 << 24;

/** Both do their part at the same time; when both are done, it powers off. */
export function twoProcessors(first: (a: Assembler) => void, second: (a: Assembler) => void): Payload {
  const other = new Assembler(SECOND, 16);
  second(other);
  other.mov(r.m8(DONE), 1);
  other.bind("rest");
  other.cli();
  other.hlt();
  other.jmp("rest");
  const code = other.finish();
  return protectedMode((a) => {
    a.cld();
    a.mov(r.esi, "second");
    a.mov(r.edi, SECOND);
    a.mov(r.ecx, code.length);
    a.rep();
    a.movs(8);
    for (const command of [INIT, START_UP]) {
      a.mov(r.edi, ICR.HIGH);
      a.mov(r.m32(r.edi), TO_SECOND);
      a.mov(r.edi, ICR.LOW);
      a.mov(r.m32(r.edi), command);
    }
    first(a);
    waitForSecond(a);
    powerOff(a);
    a.bind("second");
    a.bytes(code);
  });
}

/** For the first one: goes on when the second has done its work. */
export function waitForSecond(a: Assembler): void {
  const again = `until_done${a.length}`;
  a.bind(again);
  a.cmp(r.m8(DONE), 1);
  a.j("nz", again);
}
