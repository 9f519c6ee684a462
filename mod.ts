/**
 * Denovisor: virtual machines on Linux KVM, from TypeScript.
 *
 * ```ts
 * import { Vm } from "@denovisor/denovisor";
 *
 * await using vm = await Vm.start({ cmdline: "poweroff", memory: "64M" }); // no kernel: the embedded guest
 * let output = "";
 * for await (const bytes of vm.console.readable) output += new TextDecoder().decode(bytes);
 * console.assert(output.includes("Denovisor") && (await vm.wait()).reason === "poweroff");
 * ```
 *
 * Needs Linux on x86-64 with `/dev/kvm`, and `--allow-ffi --allow-read` (see the README for what else).
 *
 * @module
 */

export { type CheckedConfig, type MachineConfig, MachineSchema } from "./src/config/schema.ts";
export { type SerialPort } from "./src/console/serial_ports.ts";
export { type SerialConsole } from "./src/console/stream_console.ts";
export { DenovisorError, type ErrorDetails, GuestError, HostError, UserError } from "./src/errors.ts";
export { type Outcome } from "./src/outcome.ts";
export { SpareWorkers } from "./src/vcpu/spare_workers.ts";
export { type StartOptions, Vm } from "./src/vm.ts";
