import type { Bench } from "./figure.ts";
export const boot: Bench = { name: "boot", title: "boot", run: () => Promise.resolve([]) };
