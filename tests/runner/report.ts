import { lineProgress, type Progress } from "../../src/debian/progress.ts";
import type { Counts } from "./counts.ts";
import type { Ring } from "./rings.ts";

/** Tells what runs where and how long it took, and closes with the counts. */
export class Report {
  /** Something took longer than it may. */
  overBudget = false;
  readonly #lines: string[] = [];

  /** Where downloads and starts report to. */
  readonly progress: Progress = lineProgress("   ");

  heading(text: string): void {
    console.log(`── ${text} ──`);
  }

  problem(text: string): void {
    console.log(`!! ${text}`);
    this.#lines.push(`!! ${text}`);
  }

  /** A line under the part before it. */
  note(text: string): void {
    this.#lines.push(`${"".padEnd(40)} ${text}`);
  }

  /** Runs and times one part against its budget in minutes. */
  async timed<T>(what: string, minutes: number, part: () => Promise<T>): Promise<T> {
    this.heading(what);
    const started = performance.now();
    const result = await part();
    const seconds = (performance.now() - started) / 1000;
    const over = seconds > minutes * 60;
    this.overBudget ||= over;
    this.#lines.push(
      `${what.padEnd(40)} ${seconds.toFixed(0).padStart(5)} s of ${minutes * 60} s${
        over ? "  OVER BUDGET" : ""
      }`,
    );
    return result;
  }

  /** One ring. */
  async ring(ring: Ring, where: string, part: () => Promise<Counts>): Promise<Counts> {
    const counts = await this.timed(`${ring.name}, ${where}`, ring.minutes, part);
    this.#lines.push(
      `${"".padEnd(40)} ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
    );
    return counts;
  }

  /** The summary; its last line is the one that programs read. */
  close(counts: Counts): void {
    console.log("\n── what ran where ──");
    for (const line of this.#lines) console.log(line);
    for (const name of counts.skippedNames) console.log(`skipped: ${name}`);
    console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
