/**
 * Expressions of control methods (ACPI 6.5 §20.2.5.4 and §20.2.6). Integers are 64 bits wide, as the DSDT's
 * revision 2 says. An operation that takes a target stores its result there too; without one it only yields it.
 *
 * @module
 */

import { type AmlValue, valueNode } from "./data.ts";
import { type AmlNode, node } from "./encode.ts";
import { nameString } from "./names.ts";

/** Opcodes of ACPI 6.5 §20.3. */
const LOCAL0 = 0x60;
const ARG0 = 0x68;
const STORE = 0x70;
const ADD = 0x72;
const SUBTRACT = 0x74;
const SHIFT_LEFT = 0x79;
const SHIFT_RIGHT = 0x7a;
const AND = 0x7b;
const OR = 0x7d;
const NOT = 0x92;
const EQUAL = 0x93;
const GREATER = 0x94;
const LESS = 0x95;

/** A target that takes no result: NullName (ACPI 6.5 §20.2.2). */
const NOWHERE = node(0x00);

/** Local variable 0 to 7 of the method. */
export function local(index: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7): AmlNode {
  return node(LOCAL0 + index);
}

/** Argument 0 to 6 of the method. */
export function arg(index: 0 | 1 | 2 | 3 | 4 | 5 | 6): AmlNode {
  return node(ARG0 + index);
}

/** Calls a method. AML does not count arguments: give as many as the method declares. */
export function call(path: string, args: readonly AmlValue[] = []): AmlNode {
  return node(nameString(path), ...args.map(valueNode));
}

/** Copies a value to a named object, a field, a local or an argument. */
export function store(value: AmlValue, target: AmlNode): AmlNode {
  return node(STORE, valueNode(value), target);
}

/** `left + right`, modulo 2⁶⁴. */
export function add(left: AmlValue, right: AmlValue, target: AmlNode = NOWHERE): AmlNode {
  return node(ADD, valueNode(left), valueNode(right), target);
}

/** `left − right`, modulo 2⁶⁴. */
export function subtract(left: AmlValue, right: AmlValue, target: AmlNode = NOWHERE): AmlNode {
  return node(SUBTRACT, valueNode(left), valueNode(right), target);
}

/** `value << count`. */
export function shiftLeft(value: AmlValue, count: AmlValue, target: AmlNode = NOWHERE): AmlNode {
  return node(SHIFT_LEFT, valueNode(value), valueNode(count), target);
}

/** `value >> count`, zeros coming in. */
export function shiftRight(value: AmlValue, count: AmlValue, target: AmlNode = NOWHERE): AmlNode {
  return node(SHIFT_RIGHT, valueNode(value), valueNode(count), target);
}

/** `left & right`. */
export function and(left: AmlValue, right: AmlValue, target: AmlNode = NOWHERE): AmlNode {
  return node(AND, valueNode(left), valueNode(right), target);
}

/** `left | right`. */
export function or(left: AmlValue, right: AmlValue, target: AmlNode = NOWHERE): AmlNode {
  return node(OR, valueNode(left), valueNode(right), target);
}

/** All ones if the value is zero, else zero. */
export function not(value: AmlValue): AmlNode {
  return node(NOT, valueNode(value));
}

/** All ones if both are equal, else zero. */
export function equal(left: AmlValue, right: AmlValue): AmlNode {
  return node(EQUAL, valueNode(left), valueNode(right));
}

/** All ones if `left > right`, unsigned, else zero. */
export function greater(left: AmlValue, right: AmlValue): AmlNode {
  return node(GREATER, valueNode(left), valueNode(right));
}

/** All ones if `left < right`, unsigned, else zero. */
export function less(left: AmlValue, right: AmlValue): AmlNode {
  return node(LESS, valueNode(left), valueNode(right));
}
