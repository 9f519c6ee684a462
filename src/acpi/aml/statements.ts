/**
 * Statements of control methods (ACPI 6.5 §20.2.5.3).
 *
 * @module
 */

import { type AmlValue, valueNode } from "./data.ts";
import { type AmlNode, node, packaged } from "./encode.ts";

/** Opcodes of ACPI 6.5 §20.3. */
const NOTIFY = 0x86;
const IF = 0xa0;
const ELSE = 0xa1;
const WHILE = 0xa2;
const RETURN = 0xa4;

/** Runs `then` if the condition isn't zero, else `otherwise` where there is one. */
export function ifThen(
  condition: AmlValue,
  then: readonly AmlNode[],
  otherwise?: readonly AmlNode[],
): AmlNode {
  const branch = packaged([IF], valueNode(condition), ...then);
  return otherwise === undefined ? branch : node(branch, packaged([ELSE], ...otherwise));
}

/** Repeats the body as long as the condition isn't zero. */
export function whileLoop(condition: AmlValue, body: readonly AmlNode[]): AmlNode {
  return packaged([WHILE], valueNode(condition), ...body);
}

/** Ends the method with a value. */
export function returnValue(value: AmlValue): AmlNode {
  return node(RETURN, valueNode(value));
}

/** Tells the guest's driver of a device (`ref(path)`) that something happened (values: ACPI 6.5 §5.6.6). */
export function notify(object: AmlNode, value: AmlValue): AmlNode {
  return node(NOTIFY, object, valueNode(value));
}
