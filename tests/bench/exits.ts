/**
 * An exit, from the guest's instruction to the next one, in TypeScript and in C.
 *
 * @module
 */

import { PORT } from "../../src/board/addresses.ts";
import { ACCESSES, type Body, exitProgram, UNROLLED } from "./exit_payloads.ts";
import { type Bench, type Figure, NO_COMPILER } from "./figure.ts";
import { bareLoop, denovisor, duel } from "./loop_runners.ts";
import { Workshop } from "./measure.ts";

const NAMES: Readonly<Record<keyof typeof ACCESSES, string>> = {
  portRead: "a read of an unclaimed port",
  portWrite: "a write to an unclaimed port",
  mmioWrite: "a memory-mapped write, 4 bytes",
  deviceRead: "a read of a device's port (UART, scratch register)",
};

/** Exits of each kind. */
export const exits: Bench = {
  name: "exits",
  title: "exits: one exit, handled by the product's worker, run loop and bus, beside a bare loop in C",
  async run(progress) {
    await using workshop = await Workshop.open();
    const c = await bareLoop(workshop);
    const figures: Figure[] = [];
    for (const kind of Object.keys(NAMES) as (keyof typeof NAMES)[]) {
      progress(NAMES[kind]);
      const body: Body = ACCESSES[kind];
      const image = (count: number) => exitProgram([{ body, count, port: PORT.COM1 }]);
      figures.push({
        name: NAMES[kind],
        unit: "ns",
        ...await duel(workshop, image, { vcpus: 1, ours: denovisor(1), theirs: c, exitsATurn: UNROLLED }),
        than: "C",
        ...(kind === "deviceRead" ? {} : { target: { ratio: 1.05 } }),
        ...(c === undefined ? NO_COMPILER : {}),
      });
    }
    return figures;
  },
};
