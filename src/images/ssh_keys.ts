/**
 * Keys that open a machine by ssh: the user's, or a pair made for the image.
 *
 * @module
 */

import { join } from "@std/path";
import { UserError } from "../errors.ts";
import { findTool, runTool } from "../debian/tool.ts";

/** The private key that is made where the user names none; the public one lies beside it, with `.pub`. */
export const KEY_FILE = "id_ed25519";

/** A line of authorized_keys without options (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
const PUBLIC_KEY = /^(ssh-(ed25519|rsa)|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/]+={0,3}( .*)?$/;

/**
 * Reads files of public keys.
 *
 * @returns Lines for authorized_keys.
 * @throws {UserError} if a file cannot be read, or has something else in it.
 */
export async function readPublicKeys(files: readonly string[]): Promise<string[]> {
  const keys: string[] = [];
  for (const file of files) {
    let content: string;
    try {
      content = await Deno.readTextFile(file);
    } catch (error) {
      throw new UserError(`ssh-key: cannot read ${file}`, { field: "ssh-key", cause: error });
    }
    const lines = content.split("\n").map((line) => line.trim()).filter((line) =>
      line !== "" && !line.startsWith("#")
    );
    if (lines.length > 0 && lines.every((line) => PUBLIC_KEY.test(line))) keys.push(...lines);
    else {
      const isPrivate = content.includes("PRIVATE KEY");
      throw new UserError(
        `ssh-key: ${file} is ${isPrivate ? "a private key" : "no public key of OpenSSH's"}`,
        {
          field: "ssh-key",
          hint: isPrivate ? `Name the public one: --ssh-key ${file}.pub` : "Such as ~/.ssh/id_ed25519.pub.",
        },
      );
    }
  }
  return keys;
}

/**
 * Makes a pair of keys without a passphrase.
 *
 * @returns The public key as a line for authorized_keys; undefined if the host has no ssh-keygen.
 */
export async function makeKeyPair(directory: string, comment: string): Promise<string | undefined> {
  const keygen = await findTool("ssh-keygen");
  if (keygen === undefined) return undefined;
  const file = join(directory, KEY_FILE);
  const { code } = await runTool(keygen, ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]);
  return code === 0 ? (await Deno.readTextFile(`${file}.pub`)).trim() : undefined;
}
