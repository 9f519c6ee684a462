/*
 * The least that a virtual machine monitor can do with an exit: look at its reason and run on.
 *
 *   exits IMAGE VCPUS
 *
 * Runs an ELF64 kernel from its entry point in 32-bit protected mode (as PVH does) until it powers off. Reads of a port
 * give 0x60, which a 16550's driver takes for "the transmitter is free"; everything else goes nowhere. Prints for each
 * vCPU the nanoseconds between its two marks: bytes 'S' and 'E' (vCPU 1: 's' and 'e') written to COM1 or COM2.
 *
 * COM1, COM2, POWER_OFF_PORT and APIC_PAGES come from the compiler's command line.
 */
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY = 64 << 20, MAX_VCPUS = 2 };

struct vcpu {
	int fd, index;
	struct kvm_run *run;
	uint64_t start, end;
};

static struct vcpu vcpus[MAX_VCPUS];
static int count;

static int call(int fd, unsigned long request, unsigned long argument, const char *what)
{
	int result = ioctl(fd, request, argument);
	if (result < 0)
		err(1, "%s", what);
	return result;
}

static uint64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* Copies the image's segments into guest memory; returns its entry point. */
static uint64_t load(const char *path, uint8_t *memory)
{
	static uint8_t image[1 << 20];
	int fd = open(path, O_RDONLY);
	ssize_t size = fd < 0 ? -1 : read(fd, image, sizeof image);
	if (size < (ssize_t)sizeof(Elf64_Ehdr))
		err(1, "%s", path);
	const Elf64_Ehdr *header = (const void *)image;
	const Elf64_Phdr *segment = (const void *)(image + header->e_phoff);
	for (int i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_LOAD)
			memcpy(memory + segment[i].p_paddr, image + segment[i].p_offset, segment[i].p_filesz);
	return header->e_entry;
}

/* Flat 32-bit protected mode without paging (Xen's docs/misc/pvh.pandoc). */
static void enter(int fd, uint64_t entry)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = entry, .rflags = 2, .rbx = 0x10000 };
	call(fd, KVM_GET_SREGS, (unsigned long)&sregs, "KVM_GET_SREGS");
	struct kvm_segment code = { .limit = ~0u, .selector = 0x10, .type = 11, .present = 1, .db = 1, .s = 1, .g = 1 };
	struct kvm_segment data = code;
	data.selector = 0x18;
	data.type = 3;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = 0x11;
	sregs.cr4 = sregs.efer = 0;
	call(fd, KVM_SET_SREGS, (unsigned long)&sregs, "KVM_SET_SREGS");
	call(fd, KVM_SET_REGS, (unsigned long)&regs, "KVM_SET_REGS");
}

static void finish(void)
{
	for (int i = 0; i < count; i++)
		printf("%llu\n", (unsigned long long)(vcpus[i].end - vcpus[i].start));
	fflush(stdout);
	_exit(0);
}

static void mark(struct vcpu *vcpu, uint8_t byte)
{
	if (byte == (vcpu->index ? 's' : 'S'))
		vcpu->start = now();
	else if (byte == (vcpu->index ? 'e' : 'E'))
		vcpu->end = now();
}

static void *run(void *argument)
{
	struct vcpu *vcpu = argument;
	struct kvm_run *run = vcpu->run;
	for (;;) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			err(1, "KVM_RUN");
		}
		if (run->exit_reason == KVM_EXIT_IO) {
			uint8_t *data = (uint8_t *)run + run->io.data_offset;
			if (run->io.direction == KVM_EXIT_IO_IN)
				*data = 0x60;
			else if (run->io.port == COM1 || run->io.port == COM2)
				mark(vcpu, *data);
			else if (run->io.port == POWER_OFF_PORT)
				finish();
		} else if (run->exit_reason != KVM_EXIT_MMIO) {
			errx(1, "exit reason %u", run->exit_reason);
		}
	}
}

int main(int argc, char **argv)
{
	static struct { struct kvm_cpuid2 head; struct kvm_cpuid_entry2 entries[256]; } cpuid;
	static struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	if (argc != 3 || (count = atoi(argv[2])) < 1 || count > MAX_VCPUS)
		errx(2, "usage: exits IMAGE VCPUS");
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		err(1, "/dev/kvm");
	int vm = call(kvm, KVM_CREATE_VM, 0, "KVM_CREATE_VM");
	uint64_t identity = APIC_PAGES;
	ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	ioctl(vm, KVM_SET_TSS_ADDR, identity + 0x1000);
	call(vm, KVM_CREATE_IRQCHIP, 0, "KVM_CREATE_IRQCHIP");
	call(vm, KVM_CREATE_PIT2, (unsigned long)&pit, "KVM_CREATE_PIT2");
	uint8_t *memory = mmap(0, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region slot = { .memory_size = MEMORY, .userspace_addr = (uintptr_t)memory };
	call(vm, KVM_SET_USER_MEMORY_REGION, (unsigned long)&slot, "KVM_SET_USER_MEMORY_REGION");
	cpuid.head.nent = 256;
	call(kvm, KVM_GET_SUPPORTED_CPUID, (unsigned long)&cpuid, "KVM_GET_SUPPORTED_CPUID");
	int size = call(kvm, KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE");
	for (int i = 0; i < count; i++) {
		int fd = call(vm, KVM_CREATE_VCPU, i, "KVM_CREATE_VCPU");
		call(fd, KVM_SET_CPUID2, (unsigned long)&cpuid, "KVM_SET_CPUID2");
		vcpus[i].fd = fd;
		vcpus[i].index = i;
		vcpus[i].run = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	enter(vcpus[0].fd, load(argv[1], memory));
	for (int i = 1; i < count; i++) {
		pthread_t thread;
		if (pthread_create(&thread, 0, run, &vcpus[i]))
			errx(1, "no thread");
	}
	run(&vcpus[0]);
}
