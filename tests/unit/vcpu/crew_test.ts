import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { HostError, toPlainError, UserError } from "../../../src/errors.ts";
import { Arena } from "../../../src/state/arena.ts";
import { DOING, VCPU_CONTROL_BYTES, VcpuControl } from "../../../src/vcpu/control.ts";
import { type CrewMember, VcpuCrew } from "../../../src/vcpu/crew.ts";
import { RunPage } from "../../../src/vcpu/run_page.ts";
import { stayAlive } from "../../support/stay_alive.ts";
import type { FakeOrders } from "./crew_worker.ts";

const WORKER = new URL("./crew_worker.ts", import.meta.url);

/** A crew of fake vCPUs, not started yet. */
class Rig implements AsyncDisposable {
  readonly messages: string[] = [];
  readonly crashes: string[] = [];
  readonly turns: Int32Array<SharedArrayBuffer>[];
  readonly members: CrewMember[];
  readonly crew: VcpuCrew;
  readonly #alive = stayAlive();

  constructor(behaviours: readonly FakeOrders["behaviour"][], module = WORKER) {
    this.turns = behaviours.map(() => new Int32Array(new SharedArrayBuffer(4)));
    this.members = behaviours.map((behaviour, i) => {
      const scratch = new SharedArrayBuffer(VCPU_CONTROL_BYTES), page = new SharedArrayBuffer(4096);
      const orders: FakeOrders = { scratch, page, turns: this.turns[i]!, behaviour };
      return {
        control: new VcpuControl(new Arena(scratch)),
        run: new RunPage(page as unknown as ArrayBuffer),
        order: orders as unknown as CrewMember["order"],
      };
    });
    this.crew = new VcpuCrew(
      behaviours.length,
      () => new Worker(module, { type: "module" }),
      (message) => this.messages.push(message.kind === "log" ? message.text : message.kind),
      (text) => this.crashes.push(text),
    );
  }

  /** Resolves when every guest has made a turn that it had not made before. */
  async turning(): Promise<void> {
    const before = this.turns.map((turns) => Atomics.load(turns, 0));
    while (this.turns.some((turns, i) => Atomics.load(turns, 0) === before[i])) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crew.end();
    this.crew[Symbol.dispose]();
    this.#alive[Symbol.dispose]();
  }
}

Deno.test("crew: paused vCPUs stand still, resumed ones go on, all at their end have said their last words", async () => {
  const rig = new Rig(["run", "run"]);
  {
    await using _ = rig;
    rig.crew.start(rig.members);
    await rig.turning();
    for (let round = 0; round < 50; round++) {
      await rig.crew.pause();
      const still = rig.turns.map((turns) => turns[0]);
      await new Promise((resolve) => setTimeout(resolve, round % 2));
      assertEquals(rig.turns.map((turns) => turns[0]), still);
      rig.crew.resume();
      if (round % 5 === 0) await rig.turning();
    }
  }
  assertEquals(rig.messages, ["last words", "last words"]);
  assertEquals(rig.crashes, []);
});

Deno.test("crew: a pause that is taken back resolves, and the vCPUs run", async () => {
  await using rig = new Rig(["run", "run"]);
  rig.crew.start(rig.members);
  await rig.turning();
  for (let i = 0; i < 200; i++) {
    const paused = rig.crew.pause();
    rig.crew.resume();
    await paused;
  }
  await rig.turning();
});

Deno.test("crew: nothing ordered after the end, and nothing before it, keeps it from ending", async () => {
  for (let i = 0; i < 20; i++) {
    const rig = new Rig(["run"]);
    rig.crew.start(rig.members);
    if (i % 2 === 0) await rig.turning();
    if (i % 3 === 0) await rig.crew.pause();
    const ended = rig.crew.end();
    rig.crew.resume();
    const paused = rig.crew.pause();
    await Promise.all([ended, paused]);
    await rig[Symbol.asyncDispose](); // a second end is none
  }
});

Deno.test("crew: vCPUs that have not begun are paused as they are, and never begin once ended", async () => {
  await using rig = new Rig(["run", "mute"]);
  rig.crew.start(rig.members);
  await rig.turning.call({ turns: [rig.turns[0]!] });
  await rig.crew.pause();
  rig.crew.resume();
  await rig.crew.end();
  assertEquals(rig.turns[1]![0], 0);
});

Deno.test("crew: paused while its workers load, the guest makes no turn when they have", async () => {
  await using rig = new Rig(["run", "run", "run"]);
  rig.crew.start(rig.members);
  await rig.crew.pause();
  const still = rig.turns.map((turns) => turns[0]);
  while (rig.members.some(({ control }) => control.doing !== DOING.PARKED)) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(rig.turns.map((turns) => turns[0]), still);
  rig.crew.resume();
  await rig.turning();
});

Deno.test("crew: a worker that fails is told, and nobody waits for it", async () => {
  await using rig = new Rig(["run", "crash"]);
  const crashed = Promise.withResolvers<void>();
  const push = rig.crashes.push;
  rig.crashes.push = (...texts) => (crashed.resolve(), push.apply(rig.crashes, texts));
  rig.crew.start(rig.members);
  await crashed.promise;
  await rig.crew.end();
  assertMatch(rig.crashes[0]!, /^vCPU 1's worker failed: .*as told/);
  assertEquals([rig.crashes.length, rig.messages], [1, ["last words"]]);
});

Deno.test("crew: workers that failed before the start are an error of the host's then", async () => {
  await using rig = new Rig(["run"], new URL("data:text/javascript,throw new Error('as told')"));
  for (;;) { // until its failure has arrived
    await new Promise((resolve) => setTimeout(resolve, 1));
    try {
      rig.crew.start([]);
    } catch {
      break;
    }
  }
  assertThrows(() => rig.crew.start(rig.members), HostError, "vCPU 0's worker failed");
});

/** A crew of one, whose worker runs this code; `send` is its postMessage. */
function builder(code: string): { crew: VcpuCrew; heard: string[] } {
  const heard: string[] = [];
  const module = new URL(
    `data:text/javascript,${encodeURIComponent(`const send = (m) => postMessage(m); ${code}`)}`,
  );
  const crew = new VcpuCrew(
    1,
    () => new Worker(module, { type: "module" }),
    (message) => heard.push(message.kind),
    () => {},
  );
  return { crew, heard };
}

const ORDER = { config: {}, serial: [] } as unknown as Parameters<VcpuCrew["build"]>[0];

Deno.test("crew: a built machine is handed over, and what its vCPU says before the start waits for that", async () => {
  const { crew, heard } = builder(`onmessage = ({ data }) => {
    send({ kind: "built", built: data.order });
    send({ kind: "log", level: "info", text: "early" });
    send({ kind: "trace", vcpu: 0, lines: ["early"] });
    send({ kind: "log", level: "info", text: "told all" });
  };`);
  using _ = crew;
  assertEquals(await crew.build(ORDER) as unknown, { config: {}, serial: [] });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(heard, []);
  const control = new VcpuControl(new Arena(new SharedArrayBuffer(VCPU_CONTROL_BYTES)));
  control.countTraces(1);
  crew.start([{ control, run: new RunPage(new ArrayBuffer(4096)), order: undefined }]);
  assertEquals(heard, ["log", "trace", "log"]);
  assertEquals(control.tracesUnderWay, 0);
});

Deno.test("crew: what keeps a machine from being built is thrown as it was", async () => {
  const refusal = toPlainError(new UserError("no such file: x", { field: "kernel", hint: "Look." }));
  using crew =
    builder(`onmessage = () => send({ kind: "refused", error: ${JSON.stringify(refusal)} });`).crew;
  const error = await assertRejects(() => crew.build(ORDER), UserError, "no such file: x");
  assertEquals([error.field, error.hint], ["kernel", "Look."]);
});

Deno.test("crew: a builder that fails is an error of the host's", async () => {
  using crew = builder(`onmessage = () => { throw new Error("as told"); };`).crew;
  await assertRejects(() => crew.build(ORDER), HostError, "vCPU 0's worker failed");
});
