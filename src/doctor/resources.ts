/**
 * Memory and limits that guests live within.
 *
 * @module
 */

import type { Host } from "./host.ts";
import { type Finding, findings } from "./report.ts";

const { ok, note, warning } = findings("resources");

/** Less than this leaves no room for a guest beside the hypervisor. */
const LITTLE_MEMORY_MIB = 512;
/** A guest takes an fd for each vCPU, disk, network card and event. */
const FEW_FILES = 256;

/** Findings on memory, huge pages and limits. */
export function resourceFindings(host: Host): Finding[] {
  return [
    memory(host),
    ...containerLimit(host),
    overcommit(host),
    transparentHugepages(host),
    hugepages(host),
    ...limits(host),
  ];
}

function memory(host: Host): Finding {
  const meminfo = host.text("/proc/meminfo") ?? "";
  const mib = (name: string) =>
    Math.floor(Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(meminfo)?.[1]) / 1024);
  const total = mib("MemTotal"), available = mib("MemAvailable");
  if (Number.isNaN(total) || Number.isNaN(available)) return note("memory", "memory", "unknown");
  const data = { totalMiB: total, availableMiB: available };
  const found = `${inGib(available)} available of ${inGib(total)}`;
  if (available >= LITTLE_MEMORY_MIB) return ok("memory", "memory", found, { data });
  return warning("memory", "memory", found, {
    remedy: "Give guests little memory (`--memory 64M`), or free some.",
    data,
  });
}

/** A control group's limit, as containers have it; only where there is one. */
function containerLimit(host: Host): Finding[] {
  const text =
    (host.text("/sys/fs/cgroup/memory.max") ?? host.text("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
      ?.trim();
  const bytes = Number(text);
  // No limit is "max" in version 2; in version 1 it is the largest multiple of a page (Documentation/admin-guide/cgroup-v1).
  if (text === undefined || !(bytes < 2 ** 60)) return [];
  const found = `this container may use ${
    inGib(Math.floor(bytes / 2 ** 20))
  }; a guest that uses more is killed`;
  return [note("memory_limit", "memory limit", found, { data: { bytes } })];
}

function overcommit(host: Host): Finding {
  const mode = host.text("/proc/sys/vm/overcommit_memory")?.trim();
  const title = "memory overcommit";
  const data = mode === undefined ? null : Number(mode);
  if (mode === "2") {
    return warning("overcommit", title, "strict: a guest's memory counts in full from its start", {
      remedy: "`sudo sysctl vm.overcommit_memory=0` lets large guests start that use little.",
      data,
    });
  }
  if (mode === undefined) return note("overcommit", title, "unknown", { data });
  return ok("overcommit", title, "allowed: a guest costs the memory that it touches", { data });
}

/** Guest memory is a memfd, which follows the setting for shared memory and not the general one. */
function transparentHugepages(host: Host): Finding {
  const directory = "/sys/kernel/mm/transparent_hugepage";
  const chosen = (file: string) => /\[(\w+)\]/.exec(host.text(`${directory}/${file}`) ?? "")?.[1];
  const title = "transparent huge pages";
  const general = chosen("enabled"), shared = chosen("shmem_enabled");
  if (general === undefined || shared === undefined) {
    return note("thp", title, "unknown, or not in this kernel");
  }
  const data = { enabled: general, shmem: shared };
  const found = `for guest memory (shmem) ${shared}, in general ${general}`;
  if (["always", "within_size", "advise", "force"].includes(shared)) return ok("thp", title, found, { data });
  return note("thp", title, `${found}: guests that use much memory run somewhat slower`, {
    remedy: "`echo advise | sudo tee /sys/kernel/mm/transparent_hugepage/shmem_enabled`.",
    data,
  });
}

function hugepages(host: Host): Finding {
  const directory = "/sys/kernel/mm/hugepages/hugepages-2048kB";
  const count = (file: string) => Number(host.text(`${directory}/${file}`) ?? NaN);
  const reserved = count("nr_hugepages"), free = count("free_hugepages");
  if (Number.isNaN(reserved + free)) return note("hugepages", "reserved 2 MiB pages", "unknown");
  const found = reserved === 0 ? "none" : `${reserved}, ${free} of them free (${inGib(2 * free)})`;
  return note("hugepages", "reserved 2 MiB pages", found, { data: { reserved, free } });
}

function limits(host: Host): Finding[] {
  const text = host.text("/proc/self/limits") ?? "";
  const soft = (name: string) => {
    const word = new RegExp(`^Max ${name}\\s+(\\S+)`, "m").exec(text)?.[1];
    return word === undefined ? undefined : word === "unlimited" ? Infinity : Number(word);
  };
  const files = soft("open files"), locked = soft("locked memory"), space = soft("address space");
  const found: Finding[] = [];
  if (files !== undefined) {
    found.push(
      files < FEW_FILES
        ? warning("nofile", "open files", `at most ${files}`, { remedy: "`ulimit -n 4096`.", data: files })
        : ok("nofile", "open files", `at most ${plain(files)}`, { data: forJson(files) }),
    );
  }
  if (locked !== undefined) {
    const amount = locked === Infinity ? "unlimited" : `at most ${inGib(locked / 2 ** 20)}`;
    const found_ = locked === Infinity ? ok : note;
    found.push(found_("memlock", "locked memory", amount, { data: forJson(locked) }));
  }
  if (space !== undefined && space !== Infinity) {
    found.push(
      warning("address_space", "address space", `limited to ${inGib(space / 2 ** 20)}, guests included`, {
        remedy: "`ulimit -v unlimited`.",
        data: space,
      }),
    );
  }
  return found;
}

/** JSON has no infinity. */
function forJson(value: number): number | string {
  return value === Infinity ? "unlimited" : value;
}

function plain(value: number): string {
  return value === Infinity ? "any number" : `${value}`;
}

function inGib(mib: number): string {
  return mib < 1024 ? `${Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
