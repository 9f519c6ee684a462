/** Drives any device with random accesses from a seed. */
import type { IoDevice } from "../../src/bus/device.ts";

/** A repeatable source of random numbers (xorshift32; any seed but 0). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed | 0) || 1;
  }

  /** An integer from 0 to `limit` − 1; `limit` up to 2^32. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return Math.floor((x >>> 0) / 2 ** 32 * limit);
  }
}

/** A device to hammer, with the host around it. */
export interface Subject {
  /** The device, as several workers have it: several objects over the same state. */
  readonly twins: readonly IoDevice[];
  /** Offsets that it covers. */
  readonly span: number;
  /** Something that the host does to it now and then. */
  disturb?(random: Random): void;
  /** Throws if an invariant does not hold. */
  check?(): void;
}

const WIDTHS = [1, 2, 4] as const;
/** Values that change much at once; the rest is random. */
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0xffff_ffff];

/**
 * Does `steps` random things, each on a random one of the first `workers` twins, and returns a digest of all values
 * read. Throws an Error that names the step and the access when a device throws, answers out of range, or breaks an invariant.
 */
export function hammer(subject: Subject, seed: number, steps: number, workers = 1): number {
  const random = new Random(seed);
  let digest = 0, doing = "nothing yet";
  try {
    for (let step = 0; step < steps; step++) {
      const device = subject.twins[random.below(2) % workers]!;
      const widths = WIDTHS.filter((w) => w <= Math.min(device.maxWidth, subject.span));
      const width = widths[random.below(widths.length)]!;
      const offset = random.below(subject.span - width + 1);
      const value = random.below(3) === 0 ? EXTREMES[random.below(EXTREMES.length)]! : random.below(2 ** 32);
      const kind = random.below(16);
      if (kind === 0) {
        doing = `step ${step}: the host acts`;
        subject.disturb?.(random);
      } else if (kind < 8) {
        const masked = width === 4 ? value : value & (2 ** (8 * width) - 1);
        doing = `step ${step}: write ${width} bytes 0x${masked.toString(16)} at ${offset}`;
        device.write(offset, width, masked);
      } else {
        doing = `step ${step}: read ${width} bytes at ${offset}`;
        const got = device.read(offset, width);
        if (!Number.isInteger(got) || got < 0 || got >= 2 ** (8 * width)) throw new Error(`it gave ${got}`);
        digest = (Math.imul(digest, 31) + got) | 0;
      }
      subject.check?.();
    }
  } catch (error) {
    throw new Error(`${doing}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  return digest;
}
