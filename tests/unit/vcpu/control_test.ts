import { assertEquals } from "@std/assert";
import { Arena } from "../../../src/state/arena.ts";
import { DOING, MachineControl, VCPU_CONTROL_BYTES, VcpuControl, WANT } from "../../../src/vcpu/control.ts";
import { stayAlive } from "../../support/stay_alive.ts";

/** The same vCPU's words as its owner and its worker have them. */
function both(): [VcpuControl, VcpuControl] {
  const buffer = new SharedArrayBuffer(VCPU_CONTROL_BYTES);
  return [new VcpuControl(new Arena(buffer)), new VcpuControl(new Arena(buffer))];
}

Deno.test("vcpu control: a fresh vCPU is to run and has not begun", () => {
  const [owner, worker] = both();
  assertEquals([worker.want, owner.doing, owner.tid], [WANT.RUN, DOING.STARTING, 0]);
});

Deno.test("vcpu control: the order to end stands, whatever is ordered after it", () => {
  const [owner, worker] = both();
  owner.want = WANT.PARK;
  assertEquals(worker.want, WANT.PARK);
  owner.want = WANT.END;
  owner.want = WANT.PARK;
  owner.want = WANT.RUN;
  owner.letGo();
  assertEquals(worker.want, WANT.END);
});

Deno.test("vcpu control: either the worker begins or the owner gives it up", () => {
  const [owner, worker] = both();
  assertEquals([worker.begin(), owner.giveUp(), owner.doing], [true, false, DOING.PREPARING]);
  const [owner2, worker2] = both();
  assertEquals([owner2.giveUp(), worker2.begin(), owner2.doing], [true, false, DOING.ENDED]);
});

Deno.test("vcpu control: the owner hears of a change, and of being let go without one", async () => {
  using _alive = stayAlive();
  const [owner, worker] = both();
  worker.doing = DOING.RUNNING;
  const change = owner.changeFrom(DOING.RUNNING);
  worker.doing = DOING.PARKED;
  await change;
  await owner.changeFrom(DOING.RUNNING); // it is something else already
  worker.doing = DOING.RUNNING;
  const other = owner.changeFrom(DOING.RUNNING);
  owner.letGo();
  await other;
});

Deno.test("vcpu control: exits are counted by reason, rare ones together", () => {
  const [owner, worker] = both();
  for (const reason of [2, 2, 6, 47, 48, 1000]) worker.count(reason);
  assertEquals([owner.exits[2], owner.exits[6], owner.exits[47]], [2, 1, 3]);
});

Deno.test("machine control: the first ending wins, with its own detail", async () => {
  using _alive = stayAlive();
  const buffer = new SharedArrayBuffer(8);
  const owner = new MachineControl(new Arena(buffer)), worker = new MachineControl(new Arena(buffer));
  const ending = owner.ending();
  assertEquals(owner.ended, false);
  worker.end("debug-exit", 0xffff_ff2a);
  owner.end("stopped", 7);
  assertEquals(await ending, { ending: "debug-exit", detail: 0xff_ff2a });
  assertEquals([owner.ended, (await worker.ending()).ending], [true, "debug-exit"]);
});
