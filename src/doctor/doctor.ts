/**
 * `denovisor doctor`: examines the host, and says what guests it can run.
 *
 * @module
 */

import { KernelError } from "../../ffi/errno.ts";
import { addressFinding, capabilityFindings, vcpuFinding } from "./capabilities.ts";
import { type DeviceOptions, openDevice } from "./device.ts";
import { behaviourFindings, exitCostFinding } from "./flavour.ts";
import { type Host, thisHost } from "./host.ts";
import { ioFindings } from "./io_devices.ts";
import { nestedFinding, pagingFindings } from "./modules.ts";
import { exitCost } from "./probe/behaviour.ts";
import { type KvmDevice, ProbeMachine } from "./probe/machine.ts";
import { conclude, type DoctorReport, type Finding, findings, type KvmVerdict } from "./report.ts";
import { resourceFindings } from "./resources.ts";
import { systemFindings } from "./system.ts";
import { toolFindings } from "./tools.ts";
import { cannotCreate, tryBehaviour, unavailable, verdictOf } from "./verdict.ts";

/** What {@linkcode runDoctor} may be told. */
export interface DoctorOptions extends DeviceOptions {
  /** Run guest code to see how it behaves, and measure it; default true. Without it, the verdict goes by names. */
  readonly probe?: boolean;
  /** Default: the host that this runs on. */
  readonly host?: Host;
}

const { note, problem } = findings("kvm");

/**
 * Examines this host. Takes about 0.1 s, of which most is guest code that is measured.
 *
 * Does not reject for what the host lacks; nothing is left open, changed or running.
 */
export async function runDoctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  const start = performance.now();
  const host = options.host ?? thisHost();
  const kvm = examineKvm(host, options);
  const sections = [
    { title: "KVM", findings: kvm.findings },
    { title: "Host", findings: systemFindings(host) },
    { title: "Memory and limits", findings: resourceFindings(host) },
    { title: "Networks and sockets", findings: ioFindings(host) },
    { title: "Tools", findings: await toolFindings(host) },
  ];
  return {
    format: "denovisor-doctor/1",
    verdict: kvm.verdict,
    ...conclude(kvm.verdict),
    sections,
    tookMs: Math.round(performance.now() - start),
  };
}

interface KvmExamination {
  readonly verdict: KvmVerdict;
  readonly findings: readonly Finding[];
}

function examineKvm(host: Host, options: DoctorOptions): KvmExamination {
  const device = openDevice(host, options);
  if (device.kvm === undefined) {
    return { verdict: unavailable(device.reason, device.remedy), findings: device.findings };
  }
  using kvm = device.kvm;
  const probed = options.probe === false ? byNames(host) : probe(host, kvm);
  const facts = [
    ...pagingFindings(host),
    vcpuFinding(kvm),
    addressFinding(kvm),
    nestedFinding(host, kvm),
    ...capabilityFindings(kvm),
  ];
  return { verdict: probed.verdict, findings: [...device.findings, ...probed.findings, ...facts] };
}

function probe(host: Host, kvm: KvmDevice): KvmExamination {
  try {
    using machine = new ProbeMachine(kvm);
    const behaviour = tryBehaviour(machine, true);
    if (behaviour === undefined) return failed(verdictOf(undefined));
    const cost = exitCost(machine);
    const costs = cost === undefined ? [] : [exitCostFinding(cost)];
    return { verdict: verdictOf(behaviour), findings: [...behaviourFindings(host, behaviour), ...costs] };
  } catch (error) {
    if (error instanceof KernelError) return failed(cannotCreate(error));
    throw error;
  }
}

function failed(verdict: KvmVerdict): KvmExamination {
  const { reason = "", remedy = "" } = verdict;
  return { verdict, findings: [problem("machine", "virtual machines", reason, { remedy })] };
}

/** Without running guest code: `kvm_pvm` is known not to run stock kernels. */
function byNames(host: Host): KvmExamination {
  const pvm = host.stat("/sys/module/kvm_pvm") !== undefined;
  const found = pvm
    ? "kvm_pvm, by its name: interprets kernel-mode code"
    : "taken for hardware virtualization, by its name";
  return {
    verdict: { available: true, runsStockKernels: !pvm, interpretsKernelMode: pvm },
    findings: [note("flavour", "flavour", `${found}; not tried`)],
  };
}
