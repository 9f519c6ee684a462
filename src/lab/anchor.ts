/**
 * A program for the lab's machine: it holds a VM for as long as it lives, and does nothing with it.
 *
 * Linux patches its own code when the first VM is made and when the last one goes (jump labels: the scheduler's
 * `preempt_notifier_key`, KVM's `apic_sw_disabled`), while its processors execute it. QEMU before 8.1 translates a page
 * while another processor may be writing it, and can keep the old translation for good: seen in a debugger, a processor
 * executed an `int3` in the scheduler that was in memory no more, for ever. With a VM
 * that stays, the code is patched once, before anything runs.
 *
 * @module
 */

import { SYSTEM_IOCTL, VM_IOCTL } from "../../ffi/uapi/kvm_ioctls.ts";
import { Assembler } from "../guests/asm/assembler.ts";
import { rax, rdi, rdx, rsi } from "../guests/asm/operands.ts";
import { executableElf } from "../guests/elf.ts";

/** System calls, `asm/unistd_64.h`, and open(2)'s flag. */
const SYS = { OPEN: 2, IOCTL: 16, PAUSE: 34 } as const;
const O_RDWR = 2;
/** Where static programs usually are, and past the file's headers. */
const ADDRESS = 0x40_0100;

/** The program, an ELF file without libraries. It goes on where KVM refuses: there is nobody to tell. */
export function anchorProgram(): Uint8Array {
  const a = new Assembler(ADDRESS, 64);
  const call = (number: number) => {
    a.mov(rax, number);
    a.db(0x0f, 0x05); // syscall
  };
  const ioctl = (request: number) => {
    a.mov(rsi, request);
    a.xor(rdx, rdx);
    call(SYS.IOCTL);
  };
  a.bind("start");
  a.mov(rdi, "path");
  a.mov(rsi, O_RDWR);
  call(SYS.OPEN);
  a.mov(rdi, rax);
  ioctl(SYSTEM_IOCTL.KVM_CREATE_VM);
  a.mov(rdi, rax);
  ioctl(VM_IOCTL.KVM_CREATE_IRQCHIP);
  ioctl(VM_IOCTL.KVM_CREATE_VCPU);
  a.bind("rest");
  call(SYS.PAUSE);
  a.jmp("rest");
  a.bind("path");
  a.text("/dev/kvm\0");
  return executableElf({ bytes: a.finish(), address: ADDRESS, entry: ADDRESS });
}
