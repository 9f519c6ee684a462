/**
 * Which kind of KVM this is, for the words of an error.
 *
 * @module
 */

/** True on a host whose KVM works without VMX or SVM (`kvm_pvm`) and interprets kernel-mode code. */
export function interpretsKernelMode(): boolean {
  try {
    return Deno.statSync("/sys/module/kvm_pvm").isDirectory;
  } catch {
    return false;
  }
}
