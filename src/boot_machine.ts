/**
 * From a configuration to a guest in memory: opens the images, writes the ACPI tables, loads the kernel.
 *
 * @module
 */

import { virtioMmioDevice } from "./acpi/virtio_devices.ts";
import { buildAcpiTables } from "./acpi/tables.ts";
import { GPA } from "./board/addresses.ts";
import type { BootEntry } from "./boot/entry.ts";
import { type ImageFile, memoryImage, openImage } from "./boot/image_file.ts";
import type { KernelInfo } from "./boot/kernel.ts";
import { inspectKernel, loadKernel } from "./boot/load.ts";
import type { CheckedConfig } from "./config/schema.ts";
import { UserError } from "./errors.ts";
import type { PciPlan } from "./machine_plan.ts";
import { lazy } from "./lazy.ts";
import type { GuestRam } from "./memory/guest_memory.ts";

/** The files of a boot, open, and what the kernel's headers say. */
export class BootImages implements Disposable {
  private constructor(
    readonly kernel: ImageFile,
    readonly info: KernelInfo,
    readonly initrd: ImageFile | undefined,
    readonly modules: readonly { readonly file: ImageFile; readonly cmdline: string }[],
    private readonly stack: DisposableStack,
  ) {}

  /** Opens and checks everything that a configuration names. Throws UserError; nothing stays open then. */
  static async open(config: CheckedConfig): Promise<BootImages> {
    using opening = new DisposableStack();
    if (config.kernel === undefined && config.initrd !== undefined) {
      throw new UserError("initrd: the embedded guest takes none", {
        field: "initrd",
        hint: "Name a kernel too.",
      });
    }
    const kernel = opening.use(
      config.kernel === undefined
        ? memoryImage("the embedded guest", await assembleGuest())
        : openImage(config.kernel, "kernel"),
    );
    const initrd = config.initrd === undefined ? undefined : opening.use(openImage(config.initrd, "initrd"));
    const modules = config.modules.map(({ path, cmdline }) => ({
      file: opening.use(openImage(path, "modules")),
      cmdline,
    }));
    const info = inspectKernel(kernel, { protocol: config.protocol });
    return new BootImages(kernel, info, initrd, modules, opening.move());
  }

  /** Writes the firmware's tables and the kernel into guest memory, and says how vCPU 0 starts. Throws UserError. */
  load(ram: GuestRam, config: CheckedConfig, pci: PciPlan | undefined): BootEntry {
    const acpi = buildAcpiTables({
      apicIds: Array.from({ length: config.cpus }, (_, index) => index),
      serial: config.serial.map((_, index) => index + 1),
      pvpanic: true,
      rtc: true,
      i8042: true,
      ...(pci === undefined
        ? { extraDevices: config.disks.map((_, index) => virtioMmioDevice(index)) }
        : { pci: true, ...(pci.window64 && { pciWindow64: pci.window64 }) }),
    });
    ram.view(GPA.ACPI_TABLES, acpi.bytes.length).set(acpi.bytes);
    return loadKernel(ram, {
      kernel: this.kernel,
      initrd: this.initrd,
      modules: this.modules,
      cmdline: config.cmdline,
      protocol: config.protocol,
      acpiRsdp: acpi.rsdp,
    });
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    this.stack.dispose();
  }
}

/** Its assembler is loaded for those who boot it only. */
async function assembleGuest(): Promise<Uint8Array> {
  const { embeddedGuest } = await lazy<typeof import("./guests/embedded_guest.ts")>(
    import.meta.resolve("./guests/embedded_guest.ts"),
  );
  return embeddedGuest();
}
