/**
 * From a checked configuration to a machine in KVM with its kernel loaded.
 *
 * @module
 */

import type { BoardParts } from "./board_parts.ts";
import { BootImages } from "./boot_machine.ts";
import { hostCpuBrand } from "./cpu/brand.ts";
import { KvmMachine, openKvm, physicalAddressBits, requireFits } from "./kvm_host.ts";
import { allocateState, type MachinePlan } from "./machine_plan.ts";
import { HostMemory } from "./memory/host_memory.ts";
import type { BuildOrder, BuiltMachine } from "./vcpu/messages.ts";

/**
 * Builds a machine. Its handles are the caller's.
 *
 * @param order what is to be built
 * @param parts those of the configuration's board
 * @param compose called with the plan when everything else is done; what it throws frees the machine again
 * @throws {UserError} for a file that is none, or that does not fit; nothing was created
 * @throws {HostError} if the host cannot run it: no KVM, no permission, no memory
 */
export async function buildMachine(
  { config, serial, disks }: BuildOrder,
  { pciBoard, virtioWires }: BoardParts,
  compose: (plan: MachinePlan) => void,
): Promise<BuiltMachine> {
  const { cpus, debugConsole, debugExit } = config;
  using images = await BootImages.open(config);
  using kvm = openKvm();
  requireFits(kvm, config);
  using building = new DisposableStack();
  const memory = building.use(HostMemory.allocate(config.memory));
  const built = building.use(KvmMachine.create(kvm, memory, cpus));
  const { gpa, size } = memory.ram.regions.at(-1)!;
  const pci = pciBoard?.planPci(gpa + size, physicalAddressBits(built.supportedCpuid));
  const entry = images.load(memory.ram, config, pci);
  const wires = virtioWires && building.use(new virtioWires.VirtioWires(built.vm));
  const plan: MachinePlan = {
    vmFd: built.fd,
    cpus,
    serial,
    ramSize: memory.ram.size,
    debugConsole,
    debugExit,
    pci,
    virtio: disks.map((settings, index) =>
      pci === undefined ? wires!.connect("block", settings, index) : wires!.make("block", settings)
    ),
    ...allocateState(cpus, serial.length + 1, pci),
  };
  compose(plan);
  return {
    plan,
    handles: { memory: memory.release(), eventFds: wires?.release() ?? [], ...built.release() },
    setup: {
      supportedCpuid: built.supportedCpuid.bytes,
      tscDeadline: built.tscDeadline,
      brand: hostCpuBrand(),
      entry,
      traceExits: config.trace.includes("exits"),
    },
  };
}
