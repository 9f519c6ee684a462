/**
 * A builder of AML, the byte code in which the DSDT describes devices. Each function encodes one construct of
 * ACPI 6.5 §20.2 and returns it as a node, so a description reads much like its ASL:
 *
 * ```ts
 * import { device, eisaId, io, irq, name, resourceTemplate } from "./mod.ts";
 *
 * device("COM1", [
 *   name("_HID", eisaId("PNP0501")),
 *   name("_CRS", resourceTemplate([io(0x3f8, 8), irq(4)])),
 * ]);
 * ```
 *
 * @module
 */

export * from "./address_space.ts";
export * from "./data.ts";
export type { AmlNode } from "./encode.ts";
export * from "./expressions.ts";
export { eisaId, ref } from "./names.ts";
export * from "./objects.ts";
export {
  interrupt,
  type InterruptOptions,
  io,
  irq,
  memory32Fixed,
  type Resource,
  resourceTemplate,
} from "./resources.ts";
export * from "./statements.ts";
