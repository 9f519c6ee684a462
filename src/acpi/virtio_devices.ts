/**
 * Virtio devices over MMIO as the DSDT describes them: stock kernels ignore the command line's form.
 *
 * @module
 */

import { VIRTIO_MMIO_SIZE, virtioMmio } from "../board/addresses.ts";
import { type AmlNode, device, interrupt, memory32Fixed, name, resourceTemplate } from "./aml/mod.ts";

/** The n-th device, under the identifier that Linux' virtio_mmio driver knows. */
export function virtioMmioDevice(index: number): AmlNode {
  const { base, irq } = virtioMmio(index);
  return device(`VR${index.toString(16).toUpperCase().padStart(2, "0")}`, [
    name("_HID", "LNRO0005"),
    name("_UID", index),
    name("_CCA", 1), // its memory accesses are coherent (ACPI 6.5 §6.2.17)
    name("_CRS", resourceTemplate([memory32Fixed(base, VIRTIO_MMIO_SIZE), interrupt(irq)])),
  ]);
}
