import { assert, assertEquals } from "@std/assert";
import { endingExitCode, EXIT, EXIT_CODE_HELP } from "../../../src/cli/exit_codes.ts";
import { toFailure } from "../../../src/cli/failure.ts";
import { GuestError, HostError, UserError } from "../../../src/errors.ts";
import { LabError } from "../../../src/lab/machine.ts";

Deno.test("exit codes: each way in which a guest ends", () => {
  assertEquals(endingExitCode({ reason: "poweroff" }), 0);
  assertEquals(endingExitCode({ reason: "stopped" }), 0);
  assertEquals(endingExitCode({ reason: "reset" }), 10);
  assertEquals(endingExitCode({ reason: "panic" }), 11);
  assertEquals(endingExitCode({ reason: "triple-fault" }), 12);
  assertEquals(endingExitCode({ reason: "debug-exit", code: 33 }), 33);
});

Deno.test("exit codes: each kind of failure", () => {
  assertEquals(toFailure(new UserError("x")).exitCode, 2);
  assertEquals(toFailure(new HostError("x")).exitCode, 3);
  assertEquals(toFailure(new GuestError("x")).exitCode, 1);
  assertEquals(toFailure(new LabError("x")).exitCode, 125);
  assertEquals(toFailure(new TypeError("x")).exitCode, 1);
  assertEquals(toFailure("thrown by somebody careless").exitCode, 1);
  const noFfi = new Deno.errors.NotCapable("Requires ffi access, run again with the --allow-ffi flag");
  assertEquals([toFailure(noFfi).exitCode, toFailure(noFfi).kind], [2, "permission"]);
  assert(toFailure(noFfi).hint?.includes("--allow-ffi (or -A"));
});

Deno.test("exit codes: a failure carries its hint and field, and a bug says that it is one", () => {
  assertEquals(toFailure(new UserError("bad", { hint: "mend it", field: "memory" })), {
    kind: "usage",
    message: "bad",
    hint: "mend it",
    field: "memory",
    exitCode: 2,
  });
  assert(toFailure(new TypeError("x is undefined")).message.startsWith("internal error: TypeError: x is"));
});

Deno.test("exit codes: the help tells every code", () => {
  const told = EXIT_CODE_HELP.map(([code]) => code);
  for (const code of Object.values(EXIT)) {
    assert(told.includes(code === EXIT.SIGNAL ? "128+n" : String(code)), `${code} is not in the help`);
  }
});
