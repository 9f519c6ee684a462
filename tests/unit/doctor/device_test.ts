import { assert, assertEquals, assertMatch } from "@std/assert";
import { ERRNO, KernelError } from "../../../ffi/errno.ts";
import { type DeviceOptions, openDevice } from "../../../src/doctor/device.ts";
import type { Host } from "../../../src/doctor/host.ts";
import { cpuinfo, fakeHost, FakeKvm, refuses } from "./fake_host.ts";

/** Why the device is not to be had. */
function closed(host: Host, options: DeviceOptions) {
  const state = openDevice(host, options);
  assert(state.kvm === undefined, "the device opened");
  assertEquals(state.findings.map(({ id, status, found, remedy }) => [id, status, found, remedy]), [
    ["kvm.device", "problem", state.reason, state.remedy],
  ]);
  return state;
}

Deno.test("doctor: a missing /dev/kvm is mended by what the processor says", () => {
  const cases: [Parameters<typeof fakeHost>[0], RegExp][] = [
    [{ files: { "/proc/cpuinfo": cpuinfo("vmx") } }, /modprobe kvm_intel/],
    [{ files: { "/proc/cpuinfo": cpuinfo("hypervisor", "svm") } }, /modprobe kvm_amd/],
    [{ files: { "/proc/cpuinfo": cpuinfo("hypervisor") } }, /nested virtualization/],
    [{ files: { "/proc/cpuinfo": cpuinfo("svm_lock") } }, /firmware/],
    [{}, /firmware/],
    [{ release: "5.15.0-microsoft-standard-WSL2" }, /\.wslconfig/],
  ];
  for (const [host, remedy] of cases) {
    const state = closed(fakeHost(host), { open: refuses(ERRNO.ENOENT) });
    assertEquals(state.reason, "there is no /dev/kvm");
    assertMatch(state.remedy, remedy);
  }
});

Deno.test("doctor: a device without permission names its group, and how to join it", () => {
  const host = fakeHost({
    nodes: { "/dev/kvm": { mode: 0o660, gid: 992 } },
    files: { "/etc/group": "root:x:0:\nkvm:x:992:somebody\n" },
  });
  const state = closed(host, { open: refuses(ERRNO.EACCES) });
  assertMatch(state.reason, /EACCES\): mode 0660, group kvm, which you are not in/);
  assertMatch(state.remedy, /usermod -aG kvm \$USER/);

  const rootOnly = fakeHost({ nodes: { "/dev/kvm": { mode: 0o600 } } });
  assertMatch(closed(rootOnly, { open: refuses(ERRNO.EACCES) }).remedy, /Only root/);
});

Deno.test("doctor: other failures to open say what they mean", () => {
  const cases: [number, RegExp, RegExp][] = [
    [ERRNO.EPERM, /container or service may not use it/, /--device \/dev\/kvm/],
    [ERRNO.ENODEV, /no driver behind it/, /firmware/],
    [21, /is a directory/, /--device/],
    [ERRNO.EMFILE, /cannot be opened: EMFILE/, /./],
  ];
  for (const [errno, reason, remedy] of cases) {
    const state = closed(fakeHost(), { open: refuses(errno) });
    assertMatch(state.reason, reason);
    assertMatch(state.remedy, remedy);
  }
});

Deno.test("doctor: an API version other than 12, and a file that is no KVM, are told and closed", () => {
  const old = new FakeKvm(11);
  assertMatch(closed(fakeHost(), { open: () => old }).reason, /API version 11, and Denovisor version 12/);
  assert(old.disposed);

  const other = new FakeKvm(new KernelError("ioctl KVM_GET_API_VERSION", ERRNO.ENOTTY));
  assertMatch(
    closed(fakeHost(), { open: () => other, device: "/dev/zero" }).reason,
    /^\/dev\/zero opens, but/,
  );
  assert(other.disposed);
});

Deno.test("doctor: another system and a missing permission are told before anything is opened", () => {
  const open = () => {
    throw new Error("opened");
  };
  assertMatch(closed(fakeHost({ os: "darwin", arch: "aarch64" }), { open }).reason, /darwin on aarch64/);
  assertMatch(closed(fakeHost({ permitted: (name) => name !== "ffi" }), { open }).reason, /--allow-ffi/);
});

Deno.test("doctor: an open device says what lets us in", () => {
  const said = (host: Parameters<typeof fakeHost>[0]) => {
    const state = openDevice(fakeHost(host), { open: () => new FakeKvm() });
    assert(state.kvm !== undefined);
    return state.findings[0]!.found;
  };
  const nodes = { "/dev/kvm": { mode: 0o660, gid: 992 } };
  assertMatch(said({ nodes, uid: 0 }), /as root/);
  assertMatch(said({ nodes: { "/dev/kvm": { mode: 0o666 } } }), /to everybody/);
  const files = { "/etc/group": "kvm:x:992:\n", "/proc/self/status": "Gid:\t1000\t1000\nGroups:\t27 992 \n" };
  assertMatch(said({ nodes, files }), /by group kvm/);
  assertMatch(said({ nodes }), /access control list/);
});
