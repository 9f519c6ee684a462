/**
 * What a benchmark yields: figures, each beside what it is compared with.
 *
 * @module
 */

/** One line of the table. */
export interface Figure {
  /** What was measured, for example `a port write`. */
  readonly name: string;
  readonly unit: "ns" | "ms" | "s" | "MB";
  /** Medians; absent where it could not be measured. */
  readonly ours?: number | undefined;
  readonly theirs?: number | undefined;
  /** Ours to theirs: the median of the rounds' ratios. */
  readonly ratio?: number | undefined;
  /** What `theirs` is, for example `C`. */
  readonly than?: string | undefined;
  /** The most that the ratio of ours to theirs, or ours itself, may be. */
  readonly target?: Target | undefined;
  /** Why there is no figure, or what must be known to read it. */
  readonly note?: string | undefined;
}

/** A limit on `ours / theirs`, or on `ours`. */
export type Target = { readonly ratio: number } | { readonly most: number };

/** A benchmark that can be asked for by name. */
export interface Bench {
  readonly name: string;
  /** One line for the head of its part of the table. */
  readonly title: string;
  /** Runs it; `progress` is told what happens now. */
  run(progress: (text: string) => void): Promise<readonly Figure[]>;
}

/** Whether the target is met; undefined without a target or a figure. */
export function isMet(figure: Figure): boolean | undefined {
  const { target, ours, ratio } = figure;
  if (target === undefined) return undefined;
  const value = "ratio" in target ? ratio : ours;
  if (value === undefined) return undefined;
  return value <= ("ratio" in target ? target.ratio : target.most);
}

/** For figures that stand beside a program in C, where it cannot be built. */
export const NO_COMPILER = { note: "no C compiler (gcc) here: nothing to compare with" } as const;
