/**
 * Holds the import rules of `docs/architecture.md`: imports point down only, without circles, and some rooms see little.
 *
 * Run: `deno run --allow-read tools/check_imports.ts`
 *
 * @module
 */

import { dirname, join, relative } from "@std/path";

const ROOT = new URL("..", import.meta.url).pathname;

/** From the bottom to the top. A file may import from its own layer and from lower ones. */
const LAYERS: readonly (readonly string[])[] = [
  ["ffi/layout.ts", "ffi/ioctl.ts", "ffi/errno.ts", "ffi/uapi/"],
  ["ffi/"],
  ["src/errors.ts", "src/outcome.ts", "src/lazy.ts"],
  ["src/board/addresses.ts", "src/state/", "src/memory/", "src/bus/", "src/irq/", "src/disk/"],
  [
    "src/config/",
    "src/devices/",
    "src/pci/",
    "src/virtio/",
    "src/acpi/",
    "src/guests/",
    "src/initramfs/",
    "src/console/link.ts",
  ],
  ["src/boot/", "src/cpu/", "src/board/"],
  ["src/vcpu/", "src/machine_plan.ts", "src/machine_handles.ts"],
  [
    "src/virtio_board.ts",
    "src/virtio_wires.ts",
    "src/pci_board.ts",
    "src/board_parts.ts",
    "src/kvm_wires.ts",
    "src/timer_service.ts",
  ],
  ["src/machine.ts"],
  [
    "src/backends/",
    "src/io_worker.ts",
    "src/queue_worker.ts",
    "src/vcpu_thread.ts",
    "src/vcpu_worker.ts",
    "src/console/",
  ],
  ["src/kvm_host.ts", "src/boot_machine.ts", "src/inspect_config.ts", "src/owner.ts"],
  ["src/build_machine.ts", "src/builder_worker.ts"],
  ["src/vm.ts"],
  ["mod.ts"],
  ["src/debian/"],
  ["src/images/"],
  ["src/lab/", "src/doctor/", "src/demo/"],
  ["src/cli/"],
  ["cli.ts"],
];

/** Rooms that must not see what their layer would allow: a device knows neither KVM nor the machine. */
const BLIND: Readonly<Record<string, readonly string[]>> = {
  "src/devices/": ["ffi/kvm/", "ffi/libc.ts", "ffi/uapi/", "src/memory/"],
  "src/pci/": [
    "ffi/kvm/",
    "ffi/libc.ts",
    "ffi/uapi/",
    "src/memory/",
    "src/irq/",
    "src/devices/",
    "src/acpi/",
  ],
  "src/boot/": ["ffi/kvm/", "ffi/libc.ts", "src/devices/", "src/pci/"],
  "src/acpi/": ["ffi/kvm/", "ffi/libc.ts", "src/devices/", "src/pci/"],
  "src/bus/": ["ffi/"],
  "src/disk/": ["ffi/kvm/", "src/memory/", "src/state/", "src/bus/", "src/irq/", "src/board/"],
};

async function* sources(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, directory))) {
    const path = directory === "" ? name : `${directory}/${name}`;
    if (isDirectory && ["src", "ffi"].includes(path.split("/")[0]!)) yield* sources(path);
    else if (name.endsWith(".ts") && (directory !== "" || ["mod.ts", "cli.ts"].includes(name))) yield path;
  }
}

/** The most specific layer that a path belongs to. */
function layerOf(path: string): number {
  let best = -1, length = 0;
  LAYERS.forEach((prefixes, layer) => {
    for (const prefix of prefixes) {
      if (path.startsWith(prefix) && prefix.length > length) [best, length] = [layer, prefix.length];
    }
  });
  return best;
}

/** Relative imports of a file; types count too, since they too make a room know another. */
function importsOf(path: string, text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "");
  const found = code.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
  return Array.from(found, (match) => relative(ROOT, join(ROOT, dirname(path), match[1]!)));
}

/** A circle of imports, if there is one, as the path around it. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, above: string[]): string[] | undefined => {
    if (above.includes(path)) return [...above.slice(above.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const found = visit(next, [...above, path]);
      if (found !== undefined) return found;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const found = visit(path, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

const graph = new Map<string, string[]>();
const problems: string[] = [];
for await (const path of sources("")) {
  graph.set(path, importsOf(path, await Deno.readTextFile(join(ROOT, path))));
}
for (const [path, imports] of graph) {
  const layer = layerOf(path);
  if (layer < 0) problems.push(`${path}: belongs to no layer; add its room to tools/check_imports.ts`);
  for (const target of imports) {
    if (layerOf(target) > layer) problems.push(`${path} imports ${target}, which lies above it`);
    for (const [room, unseen] of Object.entries(BLIND)) {
      const hidden = unseen.some((prefix) => target.startsWith(prefix));
      const allowed = target === "ffi/layout.ts" && room === "src/bus/";
      if (path.startsWith(room) && hidden && !allowed) problems.push(`${path} must not know ${target}`);
    }
  }
}
const around = circle(graph);
if (around !== undefined) problems.push(`imports go in a circle: ${around.join(" → ")}`);
for (const problem of problems) console.error(problem);
console.log(`${graph.size} files, ${problems.length} broken import rules`);
if (problems.length > 0) Deno.exit(1);
