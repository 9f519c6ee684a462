/**
 * A byte out of a UART driver's polling loop: two exits, a device and a queue to the host.
 *
 * @module
 */

import { PORT } from "../../src/board/addresses.ts";
import { exitProgram, uartByte } from "./exit_payloads.ts";
import { type Bench, type Figure, NO_COMPILER, type Target } from "./figure.ts";
import { bareLoop, denovisor, duel } from "./loop_runners.ts";
import { Workshop } from "./measure.ts";

interface Variant {
  readonly name: string;
  /** The UART of each vCPU. */
  readonly uarts: readonly [number] | readonly [number, number];
  readonly target?: Target;
}

const VARIANTS: readonly Variant[] = [
  { name: "1 vCPU", uarts: [PORT.COM1], target: { ratio: 1.2 } },
  { name: "2 vCPUs, each its own UART", uarts: [PORT.COM1, PORT.COM2], target: { ratio: 1.2 } },
  { name: "2 vCPUs, one UART", uarts: [PORT.COM1, PORT.COM1] },
];

/** Bytes through UARTs. */
export const uart: Bench = {
  name: "uart",
  title: "uart: a byte of a polling driver (line status read, write) to a reader, beside two bare exits in C",
  async run(progress) {
    await using workshop = await Workshop.open();
    const c = await bareLoop(workshop);
    const figures: Figure[] = [];
    for (const { name, uarts, target } of VARIANTS) {
      progress(name);
      const image = (count: number) => {
        const [first, second] = uarts.map((port) => ({ body: uartByte(port), count, port }));
        return exitProgram(second === undefined ? [first!] : [first!, second]);
      };
      const ours = denovisor(new Set(uarts).size);
      figures.push({
        name,
        unit: "ns",
        ...await duel(workshop, image, { vcpus: uarts.length, ours, theirs: c, exitsATurn: 1 }),
        than: "C",
        target,
        ...(c === undefined ? NO_COMPILER : {}),
      });
    }
    return figures;
  },
};
