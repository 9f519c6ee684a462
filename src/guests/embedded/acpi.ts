/**
 * Finds the ACPI tables that matter here: MADT (processors) and FADT (power).
 *
 * @module
 */

import { eax, ecx, edi, m32, m64, m8, r12, r12d, rax, rbp, rbx, rcx, rdi } from "../asm/operands.ts";
import type { GuestProgram } from "./program.ts";

/** hvm_start_info.rsdp_paddr (xen/include/public/arch-x86/hvm/start_info.h). */
const START_INFO_RSDP = 32;
/** ACPI 6.5 §5.2.5.3 (RSDP), §5.2.6 (header), §5.2.8 (XSDT), §5.2.12 (MADT and its entries). */
const RSDP_SIGNATURE = 0x2052_5450_2044_5352n; // "RSD PTR "
const RSDP_REVISION = 15;
const RSDP_XSDT = 24;
const TABLE_LENGTH = 4;
const XSDT_ENTRIES = 36;
const MADT_SIGNATURE = 0x4349_5041; // "APIC"
const FADT_SIGNATURE = 0x5043_4146; // "FACP"
const MADT_ENTRIES = 44;
const ENTRY = { LOCAL_APIC: 0, IO_APIC: 1, LOCAL_X2APIC: 9 } as const;
const ENABLED = 1;
/** The highest processor that the xAPIC's eight bits address; 255 is everyone. */
const LAST_XAPIC_ID = 254;

/** The search, and a walk over the processors. All tables must lie below 4 GiB. */
export function acpi(a: GuestProgram): void {
  a.bind("acpi.find");
  a.mov(rdi, m64("boot.info"));
  a.mov(rdi, m64(rdi, START_INFO_RSDP));
  a.test(rdi, rdi);
  a.j("z", ".none");
  a.mov(rax, RSDP_SIGNATURE);
  a.cmp(m64(rdi), rax);
  a.j("nz", ".none");
  a.cmp(m8(rdi, RSDP_REVISION), 2); // older ones have no XSDT
  a.j("b", ".none");
  a.mov(rdi, m64(rdi, RSDP_XSDT));
  a.mov(ecx, m32(rdi, TABLE_LENGTH));
  a.add(rcx, rdi);
  a.add(rdi, XSDT_ENTRIES);
  a.bind(".next");
  a.cmp(rdi, rcx);
  a.j("ae", ".none");
  a.mov(rax, m64(rdi));
  a.add(rdi, 8);
  a.cmp(m32(rax), MADT_SIGNATURE);
  a.j("z", ".madt");
  a.cmp(m32(rax), FADT_SIGNATURE);
  a.j("nz", ".next");
  a.mov(m64("acpi.fadt"), rax);
  a.jmp(".next");
  a.bind(".madt");
  a.mov(m64("acpi.madt"), rax);
  a.jmp(".next");
  a.bind(".none");
  a.ret();

  // Calls rdi for every enabled processor with its APIC ID in edi; notes the IOAPIC on the way.
  a.bind("acpi.each_cpu");
  for (const register of [rbx, rbp, r12]) a.push(register);
  a.mov(rbp, rdi);
  a.mov(rbx, m64("acpi.madt"));
  a.test(rbx, rbx);
  a.j("z", ".end");
  a.mov(r12d, m32(rbx, TABLE_LENGTH));
  a.add(r12, rbx);
  a.add(rbx, MADT_ENTRIES);
  a.bind(".entry");
  a.lea(rax, m8(rbx, 2));
  a.cmp(rax, r12);
  a.j("a", ".end");
  a.movzx(ecx, m8(rbx, 1));
  a.cmp(ecx, 2); // an entry of no length would never end the walk
  a.j("b", ".end");
  a.movzx(eax, m8(rbx));
  a.cmp(eax, ENTRY.LOCAL_APIC);
  a.j("z", ".local");
  a.cmp(eax, ENTRY.LOCAL_X2APIC);
  a.j("z", ".x2");
  a.cmp(eax, ENTRY.IO_APIC);
  a.j("nz", ".skip");
  a.cmp(m32(rbx, 8), 0); // the one with the ISA interrupts: its first GSI is 0
  a.j("nz", ".skip");
  a.mov(eax, m32(rbx, 4));
  a.mov(m32("apic.io_base"), eax);
  a.bind(".skip");
  a.movzx(ecx, m8(rbx, 1));
  a.add(rbx, rcx);
  a.jmp(".entry");
  a.bind(".local");
  a.test(m8(rbx, 4), ENABLED);
  a.j("z", ".skip");
  a.movzx(edi, m8(rbx, 3));
  a.call(rbp);
  a.jmp(".skip");
  a.bind(".x2");
  a.test(m8(rbx, 8), ENABLED);
  a.j("z", ".skip");
  a.mov(edi, m32(rbx, 4));
  a.call(rbp);
  a.jmp(".skip");
  a.bind(".end");
  for (const register of [r12, rbp, rbx]) a.pop(register);
  a.ret();

  // A visitor: counts, and sees whether anyone needs x2APIC.
  a.bind("acpi.count_cpu");
  a.inc(m32("acpi.cpus"));
  a.cmp(edi, LAST_XAPIC_ID);
  a.j("be", ".done");
  a.mov(m32("apic.want_x2"), 1);
  a.bind(".done");
  a.ret();

  a.align(8);
  for (const name of ["acpi.madt", "acpi.fadt", "acpi.cpus"]) {
    a.bind(name);
    a.dq(0);
  }
}
