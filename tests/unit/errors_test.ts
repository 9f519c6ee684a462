import { assertEquals, assertInstanceOf } from "@std/assert";
import { fromPlainError, GuestError, HostError, toPlainError, UserError } from "../../src/errors.ts";

const roundTrip = (thrown: unknown) => fromPlainError(structuredClone(toPlainError(thrown)));

Deno.test("errors: class, message, hint, field, cause and stack survive another isolate", () => {
  const cause = new TypeError("below");
  const error = new UserError("memory: is too much", { hint: "Less.", field: "memory", cause });
  const back = roundTrip(error);
  assertInstanceOf(back, UserError);
  assertEquals(
    [back.name, back.message, back.hint, back.field, back.stack],
    ["UserError", error.message, "Less.", "memory", error.stack],
  );
  assertInstanceOf(back.cause, Error);
  assertEquals(back.cause.message, "below");
});

Deno.test("errors: each kind comes back as itself, and what is none as an error", () => {
  assertInstanceOf(roundTrip(new HostError("h")), HostError);
  assertInstanceOf(roundTrip(new GuestError("g")), GuestError);
  const host = roundTrip(new HostError("h")) as HostError;
  assertEquals([host.hint, host.field, host.cause], [undefined, undefined, undefined]);
  assertEquals(roundTrip(new RangeError("r")).message, "r");
  assertEquals(roundTrip("just a text").message, "just a text");
});
