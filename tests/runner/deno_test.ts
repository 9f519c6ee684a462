import { type Counts, readCounts } from "./counts.ts";

/** Runs `deno test` with its output passed on, and counts. Everything is type-checked by another command. */
export async function runDenoTest(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Counts> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", ...args],
    env: { ...environment, NO_COLOR: Deno.stdout.isTerminal() ? "" : "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const bytes of child.stdout) {
    output += decoder.decode(bytes, { stream: true });
    Deno.stdout.writeSync(bytes);
  }
  const { success } = await child.status;
  const counts = readCounts(output);
  return success || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}
