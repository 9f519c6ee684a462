/** A vCPU in a thread of its own that masks and unmasks a vector over and over, as a driver that moves interrupts does. */
import type { MsiSender } from "../../../src/bus/device.ts";
import { Msix } from "../../../src/pci/msix.ts";
import { COMMAND, CONFIG, MSIX_CONTROL, MSIX_ENTRY, MSIX_VECTOR_MASKED } from "../../../src/pci/registers.ts";
import { PciSlotState } from "../../../src/pci/state.ts";
import { Lock } from "../../../src/state/lock.ts";

/** Words: the interrupt lock, 1 while the driver knows the vector masked, messages, those while masked, 1 to end. */
export const WORD = { LOCK: 0, MASKED: 1, SENT: 2, WRONG: 3, END: 4, ROUNDS: 5, COUNT: 6 } as const;

export interface MsixJob {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly state: SharedArrayBuffer;
}

/** Offset of the capability. */
const CAPABILITY = 0x40;

/** A driver's or a device's view of one function with MSI-X on. */
export function msixOver({ words, state }: MsixJob): Msix {
  const slot = PciSlotState.at(state);
  const config = new DataView(state, slot.config.byteOffset, slot.config.length);
  config.setUint16(CONFIG.COMMAND, COMMAND.BUS_MASTER, true);
  config.setUint16(CAPABILITY + 2, MSIX_CONTROL.ENABLE, true);
  const sender: MsiSender = {
    send() {
      // Takes its time, so that a mask set without the lock would overtake it.
      for (let i = 0; i < 50; i++) Atomics.load(words, WORD.END);
      if (Atomics.load(words, WORD.MASKED) === 1) Atomics.add(words, WORD.WRONG, 1);
      Atomics.add(words, WORD.SENT, 1);
      Atomics.notify(words, WORD.SENT);
    },
  };
  return new Msix(slot, config, CAPABILITY, 1, new Lock(words, WORD.LOCK), sender, () => {});
}

/** Masks and unmasks until it is told to end; leaves the vector unmasked. */
export function toggleMask(job: MsixJob): void {
  const { table } = msixOver(job);
  while (Atomics.load(job.words, WORD.END) === 0) {
    table.write(MSIX_ENTRY.CONTROL, 4, MSIX_VECTOR_MASKED);
    Atomics.store(job.words, WORD.MASKED, 1);
    for (let i = 0; i < 20; i++) Atomics.load(job.words, WORD.END);
    Atomics.store(job.words, WORD.MASKED, 0);
    table.write(MSIX_ENTRY.CONTROL, 4, 0);
    Atomics.add(job.words, WORD.ROUNDS, 1);
  }
}

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<MsixJob>) => void;
    postMessage(message: string): void;
  };
  scope.onmessage = ({ data }) => {
    toggleMask(data);
    scope.postMessage("done");
  };
}
