/**
 * The user that a container image's program runs as (OCI image specification 1.1, config.md, User).
 *
 * @module
 */

import { UserError } from "../errors.ts";
import type { ContentStore } from "./content_store.ts";
import { type FileTree, ROOT_OWNED } from "./file_tree.ts";
import { textOf } from "./identity.ts";

/** The name of an entry that is added where the image knows no user of that number and group. */
const ADDED = "denovisor";
/** uid_t's last number means "none" (chown(2)). */
const MAX_ID = 2 ** 32 - 2;

/**
 * The name in /etc/passwd of the user that an image asks for. A user that is only a number, or has another group
 * than the file says, gets an entry there, as su goes by it.
 *
 * @param wanted `user` or `user:group`, by names or numbers; empty for root.
 * @returns undefined for root.
 * @throws {UserError} for a name that the image does not have.
 */
export async function machineUser(
  tree: FileTree,
  store: ContentStore,
  wanted: string,
): Promise<string | undefined> {
  const [user = "", group = ""] = wanted.split(":", 2);
  if (user === "" && group === "") return undefined;
  const passwd = await textOf(tree, "/etc/passwd");
  const known = entry(passwd, user || "0");
  const uid = Number(known?.[2] ?? user);
  const gid = group === ""
    ? Number(known?.[3] ?? 0)
    : Number(entry(await textOf(tree, "/etc/group"), group)?.[2] ?? group);
  for (const [id, name] of [[uid, user], [gid, group]] as const) {
    if (Number.isInteger(id) && id >= 0 && id <= MAX_ID) continue;
    throw new UserError(
      `the image is to run as ${JSON.stringify(wanted)}, but has no ${JSON.stringify(name)}`,
    );
  }
  if (uid === 0 && gid === 0) return undefined;
  if (known !== undefined && Number(known[3]) === gid) return known[0];
  const line = `${ADDED}:x:${uid}:${gid}::${known?.[5] ?? "/"}:/bin/sh\n`;
  const separator = passwd === "" || passwd.endsWith("\n") ? "" : "\n";
  tree.put("/etc/passwd", {
    ...ROOT_OWNED,
    kind: "file",
    ...await store.writeText(passwd + separator + line),
  });
  return ADDED;
}

/** The entry of a name or number in /etc/passwd or /etc/group: both have the name first and the number third. */
function entry(text: string, who: string): string[] | undefined {
  const entries = text.split("\n").map((line) => line.split(":"));
  return entries.find(([name]) => name === who) ?? entries.find(([, , id]) => id === who);
}
