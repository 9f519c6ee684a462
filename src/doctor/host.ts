/**
 * The host as the doctor sees it: files, tools, limits. One interface, so that tests can invent hosts.
 *
 * @module
 */

import { findTool } from "../debian/tool.ts";
import { KernelError } from "../../ffi/errno.ts";
import { O_RDWR, OwnedFd } from "../../ffi/fd.ts";

/** What a path leads to. */
export interface FileFacts {
  readonly kind: "character device" | "block device" | "file" | "directory" | "socket or pipe";
  /** Permission bits, such as 0o660. */
  readonly mode: number;
  /** Owning user and group, numbers. */
  readonly uid: number;
  readonly gid: number;
}

/** Deno's permissions that the doctor and the hypervisor use. */
export const PERMISSIONS = ["ffi", "read", "write", "env", "run", "net", "sys"] as const;

/** A host. Nothing here throws: what cannot be known is undefined. */
export interface Host {
  readonly os: string;
  readonly arch: string;
  /** Kernel release, as `uname -r` prints it. */
  readonly release: string | undefined;
  /** User id of this process. */
  readonly uid: number | undefined;
  /** Processors that this process may use. */
  readonly processors: number;
  readonly versions: { readonly deno: string; readonly v8: string; readonly typescript: string };
  /** C library with its version. */
  libc(): string | undefined;
  /** Text of a file. */
  text(path: string): string | undefined;
  /** What is there, links followed. */
  stat(path: string): FileFacts | undefined;
  /** Whether there is such a program on the PATH or in the system's directories. */
  hasTool(name: string): Promise<boolean | undefined>;
  /** Opens a file for reading and writing and closes it; the error, if that fails. Needs the permission `ffi`. */
  tryOpen(path: string): KernelError | undefined;
  /** Whether Deno was given this permission without a restriction. */
  permitted(name: (typeof PERMISSIONS)[number]): boolean;
}

/** The host that this runs on. */
export function thisHost(): Host {
  // Each use asks for its permission first: an examination must not make Deno prompt.
  return {
    os: Deno.build.os,
    arch: Deno.build.arch,
    release: granted({ name: "sys", kind: "osRelease" }) ? Deno.osRelease() : undefined,
    uid: granted({ name: "sys", kind: "uid" }) ? Deno.uid() ?? undefined : undefined,
    processors: navigator.hardwareConcurrency,
    versions: Deno.version,
    libc: () => granted({ name: "ffi" }) ? attempt(glibcVersion) : undefined,
    text: (path) => granted({ name: "read", path }) ? attempt(() => Deno.readTextFileSync(path)) : undefined,
    stat: (path) => granted({ name: "read", path }) ? attempt(() => factsOf(Deno.statSync(path))) : undefined,
    hasTool: async (name) => {
      if (!granted({ name: "env" }) || !granted({ name: "read" })) return undefined;
      return await findTool(name) !== undefined;
    },
    tryOpen,
    permitted: (name) => granted({ name }),
  };
}

function granted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

/** A missing file, `/proc` without all permissions, another libc: none of it is the doctor's failure. */
function attempt<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

function tryOpen(path: string): KernelError | undefined {
  try {
    OwnedFd.open(path, O_RDWR)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
}

function factsOf(info: Deno.FileInfo): FileFacts {
  const kind = info.isCharDevice
    ? "character device"
    : info.isBlockDevice
    ? "block device"
    : info.isDirectory
    ? "directory"
    : info.isFile
    ? "file"
    : "socket or pipe";
  return { kind, mode: (info.mode ?? 0) & 0o7777, uid: info.uid ?? 0, gid: info.gid ?? 0 };
}

function glibcVersion(): string {
  // The library stays open: closing the C library of a running process is nothing to try.
  const { symbols } = Deno.dlopen("libc.so.6", {
    gnu_get_libc_version: { parameters: [], result: "pointer" /* const char * */ },
  });
  return `glibc ${Deno.UnsafePointerView.getCString(symbols.gnu_get_libc_version()!)}`;
}
