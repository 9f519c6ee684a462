/**
 * A bootable Debian.
 *
 * The disk has no partition table and no boot loader: Denovisor loads the kernel and the initramfs itself, from
 * the files beside the disk, so neither would ever be used; and one file system that ends where the disk ends
 * grows with it without a tool that moves partitions. The guest's own copies in /boot stay for its package
 * manager's sake.
 *
 * @module
 */

import { join } from "@std/path";
import { apt, hasApt } from "../debian/packages.ts";
import { silent } from "../debian/progress.ts";
import { HostError, UserError } from "../errors.ts";
import { checkDiskSize } from "./disk_size.ts";
import { ContentStore } from "./content_store.ts";
import { hostSources, mirrorSources } from "./debian_sources.ts";
import { DEBIAN_PACKAGES, setUpDebian } from "./debian_system.ts";
import { makeExt4 } from "./ext4.ts";
import { FileTree } from "./file_tree.ts";
import { provideTools } from "./host_tools.ts";
import { hostnameOf, labelOf, systemName } from "./identity.ts";
import { mmdebstrap } from "./mmdebstrap.ts";
import { readArchive } from "./read_archive.ts";
import { KEY_FILE, makeKeyPair, readPublicKeys } from "./ssh_keys.ts";
import { buildImage, type BuildOptions, FILES, type ImageFiles, type ImageNote } from "./store.ts";

/** What a Debian is to be. */
export interface DebianOptions extends BuildOptions {
  /** A code name, such as `bookworm`, or `stable`, `testing`, `sid`. */
  readonly suite: string;
  /** Bytes of the disk; a multiple of 4096. */
  readonly size: number;
  /** Beside {@linkcode DEBIAN_PACKAGES}. */
  readonly packages: readonly string[];
  /** Files of public keys for root. */
  readonly sshKeys: readonly string[];
  /** URL of an archive; default: this host's own. */
  readonly mirror?: string;
}

/** Smaller than the smallest Debian with a kernel (bytes): told before anything is fetched. */
const SMALLEST = 1 << 30;

/**
 * Builds a Debian, or finds it built. The first build fetches some 170 MB and takes one to three minutes.
 *
 * @throws {UserError} for a bad name, suite, package, size or key; {@linkcode HostError} for a missing tool, no
 * network, a full disk; the signal's reason if that ended it.
 */
export async function buildDebian(options: DebianOptions): Promise<{ image: ImageFiles; built: boolean }> {
  const { name, suite, size, packages, sshKeys, mirror } = options;
  checkSuite(suite);
  checkDiskSize(size, SMALLEST);
  packages.forEach(checkPackage);
  if (mirror !== undefined) checkMirror(mirror);
  const keys = await readPublicKeys(sshKeys);
  const inputs = {
    distribution: "debian",
    suite,
    size: `${size}`,
    packages: [...packages].sort().join(" "),
    mirror: mirror ?? "",
    keys: keys.join("\n"),
  };
  return await buildImage(options, inputs, (directory) => fill(directory, name, keys, options));
}

async function fill(
  directory: string,
  name: string,
  givenKeys: readonly string[],
  { suite, size, packages, mirror, cache, progress = silent, signal = new AbortController().signal }:
    DebianOptions,
): Promise<Omit<ImageNote, "inputs" | "built">> {
  await provideTools(["mmdebstrap", "mkfs.ext4", "debugfs"], { progress });
  const sources = mirror === undefined
    ? await hostArchive(suite, { progress, ...(cache === undefined ? {} : { cache }) })
    : mirrorSources(mirror, suite);
  const scratch = join(directory, ".scratch");
  await Deno.mkdir(join(scratch, "content"), { recursive: true });

  const tree = new FileTree();
  const store = new ContentStore(join(scratch, "content"), size);
  await mmdebstrap(
    { suite, packages: [...DEBIAN_PACKAGES, ...packages], sources, progress, signal },
    (archive) => readArchive(archive, tree, store),
  );
  signal.throwIfAborted();

  const madeKey = givenKeys.length === 0
    ? await makeKeyPair(directory, `denovisor image ${name}`)
    : undefined;
  const label = labelOf(name);
  await setUpDebian(tree, store, {
    hostname: hostnameOf(name),
    label,
    keys: madeKey === undefined ? givenKeys : [madeKey],
  });
  const release = await takeKernel(tree, directory);
  const system = await systemName(tree) ?? `Debian ${suite}`;

  progress.step("making the disk");
  await makeExt4({ tree, disk: join(directory, FILES.disk), size, label, scratch });
  await Deno.remove(scratch, { recursive: true });
  signal.throwIfAborted();
  return {
    kind: "debian",
    system,
    release,
    // Read-only at first, as Debian boots: systemd checks the file system, then makes it writable.
    commandLine: `root=LABEL=${label} ro console=ttyS0`,
    ...(madeKey === undefined ? {} : { sshKey: KEY_FILE }),
  };
}

async function hostArchive(suite: string, options: Parameters<typeof apt>[0]): Promise<string> {
  if (await hasApt()) return await hostSources(apt(options), suite);
  throw new HostError("this host has no Debian package manager to tell which archive to use", {
    hint: "Name a mirror of Debian: --mirror URL.",
  });
}

/** Copies the newest kernel and its initramfs out of the tree. Returns its release. */
async function takeKernel(tree: FileTree, directory: string): Promise<string> {
  const releases = tree.list("/boot").filter((file) => file.startsWith("vmlinuz-")).map((file) =>
    file.slice("vmlinuz-".length)
  );
  const release = releases.sort(new Intl.Collator("en", { numeric: true }).compare).at(-1);
  const kernel = tree.follow(`/boot/vmlinuz-${release}`);
  const initrd = tree.follow(`/boot/initrd.img-${release}`);
  if (release === undefined || kernel?.kind !== "file" || initrd?.kind !== "file") {
    throw new HostError("mmdebstrap made a Debian without a kernel and its initramfs in /boot");
  }
  await Deno.copyFile(kernel.source, join(directory, FILES.kernel));
  await Deno.copyFile(initrd.source, join(directory, FILES.initrd));
  for (const file of [FILES.kernel, FILES.initrd]) await Deno.chmod(join(directory, file), 0o644);
  return release;
}

function checkSuite(suite: string): void {
  if (/^[a-z]+$/.test(suite)) return;
  throw new UserError(`suite: ${JSON.stringify(suite)} is no suite of Debian's`, {
    field: "suite",
    hint: "Suites are code names, such as bookworm and trixie, or stable, testing and sid.",
  });
}

/** Names as Debian Policy §5.6.1 has them; whether there is one is the archive's to tell. */
function checkPackage(name: string): void {
  if (/^[a-z0-9][a-z0-9+.-]+$/.test(name)) return;
  throw new UserError(`package: ${JSON.stringify(name)} is no name of a package`, {
    field: "package",
    hint: "Give one name for each --package.",
  });
}

function checkMirror(mirror: string): void {
  if (/^(https?|file):\/\/\S+$/.test(mirror)) return;
  throw new UserError(`mirror: ${JSON.stringify(mirror)} is no URL of an archive`, {
    field: "mirror",
    hint: "It begins with http://, https:// or file://, and is the directory that has dists/ in it.",
  });
}
