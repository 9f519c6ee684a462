/**
 * The C program that asks the compiler: it includes the kernel's own headers and prints {@link Golden} as JSON.
 *
 * @module
 */

import type { FieldType } from "../../ffi/layout.ts";
import { ANONYMOUS, cType, FIELD_NAME, HEADERS } from "./c_names.ts";
import type { Declared, Inventory } from "./inventory.ts";
import { NEWER_LAYOUTS } from "./newer.ts";

/** `_Generic` names a scalar by its signedness and width; pointers are listed where a struct has them. */
const PRELUDE = `#define TYPE(x) _Generic((x), char: "char", signed char: "i8", unsigned char: "u8", \\
  short: "i16", unsigned short: "u16", int: "i32", unsigned: "u32", long: "i64", unsigned long: "u64", \\
  long long: "i64", unsigned long long: "u64", void *: "u64", void (*)(int): "u64", void (*)(void): "u64", \\
  default: "aggregate")
static const char *comma;
#define NEXT() (printf("%s", comma), comma = ",\\n")
#define CONSTANT(name, value) \\
  (NEXT(), printf("    \\"%s\\": %lld", name, (long long)(value)))
#define FIELD(name, at, bytes, type) \\
  (NEXT(), printf("        \\"%s\\": { \\"offset\\": %zu, \\"size\\": %zu, \\"type\\": \\"%s\\" }", \\
    name, (size_t)(at), (size_t)(bytes), type))
#define ARRAY(name, at, bytes, type, one) \\
  (NEXT(), printf("        \\"%s\\": { \\"offset\\": %zu, \\"size\\": %zu, \\"type\\": \\"%s[%zu]\\" }", \\
    name, (size_t)(at), (size_t)(bytes), type, (size_t)(bytes) / (one)))
#define BEGIN(name, bytes, aligned) \\
  (NEXT(), printf("    \\"%s\\": {\\n      \\"size\\": %zu,\\n      \\"align\\": %zu,\\n      \\"fields\\": {\\n", \\
    name, (size_t)(bytes), (size_t)(aligned)), comma = "")
#define END() (printf("\\n      }\\n    }"), comma = ",\\n")
`;

/** The program's source. */
export function cProgram({ structs, constants }: Inventory): string {
  return `#define _GNU_SOURCE
${HEADERS.map((header) => `#include <${header}>`).join("\n")}
${PRELUDE}
int main(void) {
  printf("{\\n  \\"linux\\": \\"%d.%d\\",\\n", LINUX_VERSION_CODE >> 16, LINUX_VERSION_CODE >> 8 & 255);
  printf("  \\"constants\\": {\\n");
  comma = "";
${[...constants.keys()].map(constantSource).join("\n")}
  printf("\\n  },\\n  \\"structs\\": {\\n");
  comma = "";
${[...structs.values()].map(structSource).join("\n")}
  printf("\\n  }\\n}\\n");
}
`;
}

function guarded(guard: string | undefined, source: string): string {
  return guard === undefined ? source : `#ifdef ${guard}\n${source}\n#endif`;
}

function constantSource(name: string): string {
  const source = `  CONSTANT("${name}", ${name});`;
  return guarded(name.startsWith("(") ? undefined : name, source);
}

function structSource(layout: Declared): string {
  const { name } = layout;
  // The anonymous union has no type: its fields are kvm_run's, counted from where its padding starts.
  const anonymous = name === ANONYMOUS.struct;
  const c = anonymous ? `struct ${ANONYMOUS.owner}` : `c_${name}`;
  const start = anonymous ? ` - offsetof(${c}, ${ANONYMOUS.padding})` : "";
  const size = anonymous ? `sizeof(((${c} *)0)->${ANONYMOUS.padding})` : `sizeof(${c})`;
  const fields = Object.entries(layout.fields).map(([field, type]) =>
    guarded(
      NEWER_LAYOUTS[`${name}.${field}`]?.guard,
      fieldSource(c, field, cMember(name, field), type, start),
    )
  );
  const source = `${
    anonymous ? "" : `  typedef ${cType(name)} ${c};\n`
  }  BEGIN("${name}", ${size}, _Alignof(${c}));
${fields.join("\n")}
  END();`;
  return guarded(NEWER_LAYOUTS[name]?.guard, source);
}

function cMember(struct: string, field: string): string {
  const anonymous = struct === ANONYMOUS.owner && field === ANONYMOUS.field;
  return anonymous ? ANONYMOUS.padding : FIELD_NAME[`${struct}.${field}`] ?? field;
}

function fieldSource(c: string, field: string, member: string, type: FieldType, start: string): string {
  const at = `offsetof(${c}, ${member})${start}`;
  const value = `((${c} *)0)->${member}`;
  if (type.kind === "array" && type.length === 0) { // C's flexible array: sizeof refuses it
    return `  ARRAY("${field}", ${at}, 0, TYPE(${value}[0]), sizeof(${value}[0]));`;
  }
  return type.kind === "array"
    ? `  ARRAY("${field}", ${at}, sizeof(${value}), TYPE(${value}[0]), sizeof(${value}[0]));`
    : `  FIELD("${field}", ${at}, sizeof(${value}), TYPE(${value}));`;
}
