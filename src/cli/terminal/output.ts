/**
 * From the guest to standard output, byte for byte.
 *
 * @module
 */

import type { HostStreams } from "./host.ts";

/** How the copying came to its end. */
export type OutputEnd = "guest ended" | "reader gone";

/**
 * Copies until the guest has ended and all is written, or nobody reads standard output any more.
 *
 * @param onFirst Called before the first bytes are written.
 */
export async function copyOutput(
  from: ReadableStream<Uint8Array>,
  stdout: HostStreams["stdout"],
  onFirst: () => void,
): Promise<OutputEnd> {
  let first = true;
  try {
    for await (const chunk of from) {
      if (first) onFirst();
      first = false;
      for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await stdout.write(rest));
    }
    return "guest ended";
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return "reader gone";
    throw error;
  }
}
