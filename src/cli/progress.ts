/**
 * Progress on standard error: lines, and on a terminal how far the present one is.
 *
 * @module
 */

import type { Progress } from "../debian/progress.ts";
import { tell } from "./output.ts";
import { styleFor } from "./style.ts";

/** Up to the line above, and clear it (ECMA-48 CUU, EL). */
const REWRITE = "\x1b[1A\r\x1b[K";

/** Where progress is written. */
export interface ProgressOptions {
  readonly terminal: boolean;
  readonly tell: (text: string) => void;
  readonly dim: (text: string) => string;
}

/** Progress for whoever looks at standard error. */
export function progressOn(
  { terminal, tell, dim }: ProgressOptions = {
    terminal: Deno.stderr.isTerminal(),
    tell: tellUser,
    dim: styleFor(Deno.stderr).dim,
  },
): Progress {
  let line = "";
  let shown = -1;
  return {
    step(text) {
      line = dim(`denovisor: ${text}`);
      shown = -1;
      tell(`${line}\n`);
    },
    fraction(done) {
      const percent = Math.floor(Math.min(1, Math.max(0, done)) * 100);
      if (!terminal || percent === shown) return;
      // The step's line has been ended already, so that anybody may write below it.
      tell(`${REWRITE}${line} ${dim(`${percent}%`)}\n`);
      shown = percent;
    },
  };
}

const tellUser = tell;
