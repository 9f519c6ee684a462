/**
 * Port and memory-mapped exits, from `kvm_run` to the buses. The hot path: nothing here allocates.
 *
 * @module
 */

import { IO_OUT } from "../../ffi/uapi/kvm_constants.ts";
import type { MmioBus } from "../bus/mmio_bus.ts";
import type { PortBus } from "../bus/port_bus.ts";
import { MMIO_DATA, type RunPage } from "./run_page.ts";

/** KVM_EXIT_IO: one access, or `count` of a string instruction, whose data lie back to back in the page. */
export function portExit(run: RunPage, ports: PortBus): void {
  const size = run.ioSize, port = run.ioPort, out = run.ioDirection === IO_OUT, data = run.data;
  let at = run.ioDataOffset;
  for (let left = run.ioCount; left > 0; left--, at += size) {
    if (size === 1) {
      if (out) ports.write(port, 1, data.getUint8(at));
      else data.setUint8(at, ports.read(port, 1));
    } else if (size === 4) {
      if (out) ports.write(port, 4, data.getUint32(at, true));
      else data.setUint32(at, ports.read(port, 4), true);
    } else {
      if (out) ports.write(port, 2, data.getUint16(at, true));
      else data.setUint16(at, ports.read(port, 2), true);
    }
  }
}

/** KVM_EXIT_MMIO: KVM splits what crosses a page, so that one exit has at most 8 bytes. */
export function mmioExit(run: RunPage, mmio: MmioBus): void {
  mmio.access(run.mmioAddress, run.data, MMIO_DATA, Math.min(run.mmioLength, 8), run.mmioIsWrite);
}
