/**
 * The worker of a machine's virtio devices: sleeps until a driver rings a doorbell, and serves its queue.
 *
 * @module
 */

import { EPOLL, Epoll } from "../ffi/epoll.ts";
import { IoVector } from "../ffi/iovec.ts";
import { borrow } from "../ffi/mapping.ts";
import { IoControl } from "./backends/io_control.ts";
import type { QueueMessage, QueueOrder } from "./backends/queue_thread.ts";
import { type BoardParts, loadBoardParts } from "./board_parts.ts";
import type { CheckedConfig } from "./config/schema.ts";
import type { DiskImage } from "./disk/disk_image.ts";
import { openDisk } from "./disk/open_disk.ts";
import { toPlainError } from "./errors.ts";
import { kvmWires } from "./kvm_wires.ts";
import { composeMachine, type Machine } from "./machine.ts";
import { ramRegionsOver } from "./memory/host_memory.ts";
import { BlockRequests } from "./virtio/block/requests.ts";
import { DeviceQueues } from "./virtio/device_queues.ts";
import { RamAccess } from "./virtio/queue/ram_access.ts";
import { MAX_QUEUES } from "./virtio/state.ts";

/** The worker's side of its channel; the DOM library's types do not know it. */
interface Channel {
  onmessage: ((event: MessageEvent<QueueOrder>) => void) | null;
  postMessage(message: QueueMessage): void;
  close(): void;
}

/** Pieces of one request that go to the host in one call, IOV_MAX of `limits.h`. */
const PIECES = 1024;
/** Requests that one turn serves of a queue before the others have theirs are all that are there: rings are bounded. */
const ORDERS = 0;

if ("WorkerGlobalScope" in globalThis) {
  const channel = globalThis as unknown as Channel;
  const disks: DiskImage[] = [];
  channel.onmessage = async ({ data }) => {
    if (data.kind === "open") return open(data.disks, disks, channel);
    const control = new IoControl(data.control);
    try {
      serve(
        data,
        await loadBoardParts(data.plan.pci !== undefined, data.plan.virtio.length > 0),
        control,
        disks,
        channel,
      );
    } finally {
      for (const disk of disks) disk[Symbol.dispose]();
      control.tellEnded();
    }
    channel.close(); // not after a defect of ours: a worker that closes itself tells its owner no error
  };
}

/** Opens all images, or none. */
function open(configs: CheckedConfig["disks"], disks: DiskImage[], channel: Channel): void {
  try {
    configs.forEach(({ path, readOnly, format, cache }, index) => {
      disks.push(openDisk(path, { readOnly, format, cache, field: `disks.${index}` }));
    });
  } catch (error) {
    for (const disk of disks.splice(0)) disk[Symbol.dispose]();
    channel.postMessage({ kind: "refused", error: toPlainError(error) });
    return;
  }
  channel.postMessage({
    kind: "opened",
    disks: disks.map(({ size, readOnly }, index) => ({ size, readOnly, queues: configs[index]!.queues })),
  });
}

/** Works the queues until the owner wants the end. */
function serve(
  { plan, memory, control: _, serials }: Extract<QueueOrder, { kind: "serve" }>,
  parts: BoardParts,
  control: IoControl,
  disks: readonly DiskImage[],
  channel: Channel,
): void {
  const log = (text: string) => channel.postMessage({ kind: "log", level: "warning", text });
  const machine = composeMachine(plan, {
    initialize: false,
    ...parts,
    ...kvmWires(plan.vmFd),
    onBroken: (name, error) => log(`${name} is out of service: ${error}`),
    requests: { request: () => {} }, // requests come from guests, and guests are on other threads
  });
  // SAFETY: the owner unmaps it only after this worker has told its end.
  const ram = new RamAccess(ramRegionsOver(borrow(memory.address, memory.length)), Number(memory.address));
  const devices = machine.virtio.map(({ registers, config }, index) => {
    const requests = new BlockRequests(disks[index]!, new IoVector(PIECES), config, serials[index]!);
    return new DeviceQueues(registers, ram, requests, (error) => log(`disk ${index}: ${error.message}`));
  });
  using epoll = new Epoll();
  machine.virtio.forEach(({ plan: { queueFds, orderFd } }, device) => {
    if (device === 0) epoll.add(orderFd, ORDERS);
    queueFds.forEach((fd, queue) => epoll.add(fd, 1 + device * MAX_QUEUES + queue, EPOLL.IN));
  });
  while (control.lingerMs === undefined) {
    const count = epoll.wait(-1);
    for (let n = 0; n < count; n++) {
      const token = epoll.token(n) - 1;
      if (token < 0) obey(machine, devices);
      else devices[Math.floor(token / MAX_QUEUES)]!.run(token % MAX_QUEUES);
    }
  }
  for (const disk of disks) if (!disk.readOnly) disk.flush();
}

/** Starts and stops devices as their drivers want. */
function obey({ virtio }: Machine, devices: readonly DeviceQueues[]): void {
  virtio.forEach(({ orders }, index) => {
    const { stop, start, upTo } = orders.next;
    if (stop) devices[index]!.stop();
    if (start) devices[index]!.start();
    if (stop || start) orders.done(upTo);
  });
}
