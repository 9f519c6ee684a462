/**
 * The owner's side of a machine that was built. Loaded while the machine is being built: nothing here is on the way to
 * the first instruction.
 *
 * @module
 */

import type { QueueThread } from "./backends/queue_thread.ts";
import type { BoardParts } from "./board_parts.ts";
import type { SerialPorts } from "./console/serial_ports.ts";
import { kvmWires } from "./kvm_wires.ts";
import { composeMachine, type Machine } from "./machine.ts";
import { HeldMachine } from "./machine_handles.ts";
import { serveTimers } from "./timer_service.ts";
import type { CrewMember, VcpuCrew } from "./vcpu/crew.ts";
import type { BuiltMachine } from "./vcpu/messages.ts";
import { RunPage } from "./vcpu/run_page.ts";

/** How often traced exits of a guest that rests are fetched. */
const TRACE_INTERVAL_MS = 100;

/** A running machine. */
export interface OwnedMachine {
  readonly machine: Machine;
  /** Settles when the devices' timer is no more. */
  readonly timerService: Promise<void>;
}

/** What the rest of the owner has of a machine. */
export interface OwnerParts {
  readonly crew: VcpuCrew;
  readonly ports: SerialPorts;
  readonly queues: QueueThread | undefined;
  /** Gets what must be freed when no vCPU runs any more. */
  readonly resources: DisposableStack;
  /** Of the machine's plan. */
  readonly board: BoardParts;
  readonly onBroken: (device: string, error: unknown) => void;
}

/** Takes a built machine over, whose vCPU 0 runs already, and lets the others run. Throws as {@link VcpuCrew.start}. */
export function takeOver(
  built: BuiltMachine,
  { crew, ports, queues, resources, onBroken, board }: OwnerParts,
): OwnedMachine {
  const { plan, setup } = built;
  const machine = composeMachine(plan, {
    initialize: false,
    ...board,
    ...kvmWires(plan.vmFd),
    onBroken,
    requests: { request: () => {} }, // requests come from guests, and guests are on other threads
  });
  const held = new HeldMachine(built.handles);
  const { vcpus, control } = machine;
  const members = held.runPages.map((page, index): CrewMember => ({
    control: vcpus[index]!,
    run: new RunPage(page.buffer),
    order: index === 0 ? undefined : { kind: "join", index, built },
  }));
  // Not sooner: nothing may be freed under a vCPU that nobody can end, and the crew can from here on.
  resources.use(held);
  queues?.start(plan, built.handles.memory.range);
  crew.start(members);
  resources.use(stayAlive());
  if (setup.traceExits) {
    const timer = setInterval(() => crew.nudge(), TRACE_INTERVAL_MS);
    resources.defer(() => clearInterval(timer));
  }
  ports.connect(machine, plan);
  const timerService = serveTimers(machine.timed, machine.timerBell, () => control.ended);
  return { machine, timerService };
}

/** Keeps the program from ending: promises of Atomics.waitAsync do not, and a machine may wait for nothing else. */
function stayAlive(): Disposable {
  const timer = setInterval(() => {}, 2 ** 30);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
