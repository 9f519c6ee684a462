/**
 * `deno task soak`: the many-round tests with their full counts; some quarter of an hour and more. Its last result is in
 * the README.
 *
 * @module
 */

/** A part of the soak: a command of this project and what differs from its run among the tests. */
interface Part {
  readonly what: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly rounds: number;
}

const TEST = ["test", "-A", "--no-check"];
const PARTS: readonly Part[] = [
  {
    what: "a guest that hammers random ports and addresses, 60 s",
    args: [...TEST, "tests/fuzz/guest_hammer_test.ts"],
    env: { HAMMER_SECONDS: "60" },
    rounds: 1,
  },
  {
    what: "every device's registers, 3,000,000 random steps each",
    args: [...TEST, "tests/fuzz/devices_test.ts"],
    env: { FUZZ_STEPS: "3000000" },
    rounds: 1,
  },
  {
    what: "kicks, pauses, SMP and resources",
    args: [
      ...TEST,
      "tests/kvm/kick_test.ts",
      "tests/kvm/pause_test.ts",
      "tests/kvm/smp_test.ts",
      "tests/kvm/resources_test.ts",
    ],
    rounds: 10,
  },
  { what: "Debian guests", args: ["run", "-A", "tests/run.ts", "guests"], rounds: 3 },
];

let failures = 0;
const results: string[] = [];
for (const { what, args, env, rounds } of PARTS) {
  const started = performance.now();
  let failed = 0;
  for (let round = 1; round <= rounds; round++) {
    console.log(`── ${what}: round ${round} of ${rounds} ──`);
    const command = new Deno.Command(Deno.execPath(), {
      args: [...args],
      ...(env === undefined ? {} : { env }),
    });
    const { success } = await command.spawn().status;
    if (!success) failed++;
  }
  failures += failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  results.push(
    `${failed === 0 ? "ok    " : "FAILED"} ${what}: ${rounds - failed} of ${rounds} rounds, ${seconds} s`,
  );
}
console.log(["", ...results].join("\n"));
Deno.exit(failures === 0 ? 0 : 1);
