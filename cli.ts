/**
 * The command line: `deno run -A cli.ts COMMAND`.
 *
 * @module
 */

import { main } from "./src/cli/main.ts";

// Deno.exit, since a read of the terminal that waits for a key would keep the process alive. In a worker
// `import.meta.main` is true as well.
if (import.meta.main && !("WorkerGlobalScope" in globalThis)) Deno.exit(await main(Deno.args));
