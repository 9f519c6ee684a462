/**
 * A root disk from a container image.
 *
 * @module
 */

import { basename, join } from "@std/path";
import { busybox } from "../debian/busybox.ts";
import { debianKernel } from "../debian/kernel.ts";
import { silent } from "../debian/progress.ts";
import { UserError } from "../errors.ts";
import { cpio } from "../initramfs/cpio.ts";
import { baseEntries, moduleEntries } from "../initramfs/demo.ts";
import { loadOrder, moduleTree } from "../initramfs/modules.ts";
import { ContentStore } from "./content_store.ts";
import { checkDiskSize } from "./disk_size.ts";
import { makeExt4 } from "./ext4.ts";
import { FileTree, ROOT_OWNED } from "./file_tree.ts";
import { provideTools } from "./host_tools.ts";
import { hostnameOf, labelOf, systemName } from "./identity.ts";
import { DHCP_SCRIPT, initramfsInit, OCI_MODULES, ociInit, OWN_DIRECTORY } from "./oci_init.ts";
import { applyLayer } from "./oci_layers.ts";
import { type OciConfig, type OciImage, OciLayout } from "./oci_layout.ts";
import { machineUser } from "./oci_user.ts";
import { buildImage, type BuildOptions, FILES, type ImageFiles, type ImageNote } from "./store.ts";

/** Which container image, and how it starts. */
export interface OciOptions extends BuildOptions {
  readonly format: "oci-layout" | "oci-archive";
  readonly path: string;
  /** Bytes of the disk; a multiple of 4096. */
  readonly size: number;
  /** A program of the image to be the first process, instead of ours that runs the entrypoint. */
  readonly init?: string;
}

/** Room for a journal and a kernel's patience (bytes). */
const SMALLEST = 64 << 20;

/**
 * Builds a disk from a container image, or finds it built. Where the program of the image ends, the machine powers
 * off.
 *
 * @throws {UserError} for a bad name, size or layout, or an image without a program; {@linkcode HostError} for a
 * missing tool or a full disk; the signal's reason if that ended it.
 */
export async function buildOci(options: OciOptions): Promise<{ image: ImageFiles; built: boolean }> {
  const { format, path, size, init, progress = silent } = options;
  checkDiskSize(size, SMALLEST);
  if (init !== undefined && !init.startsWith("/")) {
    throw new UserError(`init: ${JSON.stringify(init)} is no absolute path`, {
      field: "init",
      hint: "Name a program in the image, such as /sbin/init.",
    });
  }
  const scratch = await Deno.makeTempDir({ prefix: "denovisor-oci-" });
  try {
    progress.step(`reading ${path}`);
    const layout = format === "oci-layout"
      ? await OciLayout.directory(path)
      : await OciLayout.archive(path, new ContentStore(scratch, size));
    const image = await layout.image();
    const inputs = { distribution: "oci", image: image.digest, size: `${size}`, init: init ?? "" };
    return await buildImage(options, inputs, (directory) => fill(directory, layout, image, options));
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

async function fill(
  directory: string,
  layout: OciLayout,
  { config, layers }: OciImage,
  { name, path, size, init, cache, progress = silent, signal }: OciOptions,
): Promise<Omit<ImageNote, "inputs" | "built">> {
  const packages = { progress, ...(cache === undefined ? {} : { cache }) };
  await provideTools(["mkfs.ext4", "debugfs"], packages);
  const scratch = join(directory, ".scratch");
  await Deno.mkdir(join(scratch, "content"), { recursive: true });

  const tree = new FileTree();
  const store = new ContentStore(join(scratch, "content"), size);
  for (const [index, layer] of layers.entries()) {
    progress.step(`unpacking layer ${index + 1} of ${layers.length}`);
    await applyLayer(await layout.blob(layer), layer, tree, store);
    signal?.throwIfAborted();
  }
  const system = await systemName(tree) ?? basename(path);

  const kernel = await debianKernel(packages);
  const program = await busybox(packages);
  const own = await addOwn(tree, store, program, hostnameOf(name), config, init);
  const label = labelOf(name);
  await Deno.copyFile(kernel.vmlinuz, join(directory, FILES.kernel));
  const modules = kernel.modulesDir === undefined
    ? []
    : (await loadOrder(await moduleTree(kernel.modulesDir, program), OCI_MODULES)).modules;
  const initramfs = [
    ...baseEntries(await Deno.readFile(program), initramfsInit(label, own)),
    ...moduleEntries(modules),
  ];
  await Deno.writeFile(join(directory, FILES.initrd), cpio(initramfs));

  progress.step("making the disk");
  await makeExt4({ tree, disk: join(directory, FILES.disk), size, label, scratch });
  await Deno.remove(scratch, { recursive: true });
  return { kind: "oci", system, release: kernel.release, commandLine: "console=ttyS0" };
}

/** Puts ours into the tree, if it is to run the entrypoint. Returns the first process's path. */
async function addOwn(
  tree: FileTree,
  store: ContentStore,
  program: string,
  hostname: string,
  config: OciConfig,
  init: string | undefined,
): Promise<string> {
  if (init !== undefined) {
    if (tree.follow(init)?.kind === "file") return init;
    throw new UserError(`init: the image has no program ${init}`, { field: "init" });
  }
  const words = [...config.entrypoint, ...config.command];
  if (words.length === 0) {
    throw new UserError("the image does not say which program it runs", {
      field: "init",
      hint: "Name one in it: --init /bin/sh.",
    });
  }
  const user = await machineUser(tree, store, config.user);
  const file = async (path: string, content: Uint8Array | string) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const stored = await store.write([bytes]);
    tree.put(`${OWN_DIRECTORY}/${path}`, { ...ROOT_OWNED, mode: 0o755, kind: "file", ...stored });
  };
  tree.remove(OWN_DIRECTORY);
  await file("busybox", await Deno.readFile(program));
  tree.put(`${OWN_DIRECTORY}/sh`, { ...ROOT_OWNED, mode: 0o777, kind: "symlink", target: "busybox" });
  await file(
    "init",
    ociInit({ hostname, words, environment: config.environment, directory: config.directory, user }),
  );
  await file("dhcp", DHCP_SCRIPT);
  return `${OWN_DIRECTORY}/init`;
}
