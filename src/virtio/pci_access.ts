/**
 * Access to a device's BAR through configuration space, for firmware that maps none (virtio 1.3, 4.1.4.9).
 *
 * @module
 */

import type { IoDevice } from "../bus/device.ts";
import type { BarRegion, PciFunction } from "../pci/function.ts";
import { CAPABILITY_FIELD as FIELD } from "./pci_layout.ts";

/** `pci_cfg_data`: an access to it is one to where the capability points. Under the bus's lock. */
export class ConfigAccess implements IoDevice {
  readonly maxWidth = 4;

  /** @param capability offset of the capability in configuration space */
  constructor(private readonly pciFunction: PciFunction, private readonly capability: number) {}

  read(offset: number, width: number): number {
    const target = this.#target(offset, width);
    return target === undefined ? 0 : target.device.read(this.#at - target.offset, this.#length);
  }

  write(offset: number, width: number, value: number): void {
    const target = this.#target(offset, width), length = this.#length;
    target?.device.write(this.#at - target.offset, length, length === 4 ? value : value % 2 ** (8 * length));
  }

  get #at(): number {
    return this.pciFunction.readConfig(this.capability + FIELD.OFFSET, 4);
  }

  get #length(): number {
    return this.pciFunction.readConfig(this.capability + FIELD.LENGTH, 4);
  }

  /** Who answers at the place, if the driver keeps to its rules: a natural access, and all of it. */
  #target(offset: number, width: number): BarRegion | undefined {
    const at = this.#at, length = this.#length;
    if (offset !== 0 || width < length || ![1, 2, 4].includes(length) || at % length !== 0) return undefined;
    const bar = this.pciFunction.readConfig(this.capability + FIELD.BAR, 1);
    return this.pciFunction.regions.find((region) =>
      region.bar.index === bar && at >= region.offset && at + length <= region.offset + region.length
    );
  }
}
