/**
 * The C compiler, where there is one.
 *
 * @module
 */

/** Whether a program that includes the kernel's and libc's headers can be compiled and run here. */
export function compilerWorks(): boolean {
  try {
    return compileAndRun("#include <stdio.h>\n#include <linux/kvm.h>\nint main(void) { return 0; }\n") === "";
  } catch {
    return false;
  }
}

/** Compiles a C program, runs it and returns what it prints. Throws with the compiler's words if it does not build. */
export function compileAndRun(source: string, options: readonly string[] = []): string {
  const folder = Deno.makeTempDirSync({ prefix: "denovisor-abi-" });
  try {
    Deno.writeTextFileSync(`${folder}/abi.c`, source);
    run("gcc", ["-std=gnu11", ...options, "-o", `${folder}/abi`, `${folder}/abi.c`]);
    return run(`${folder}/abi`, []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function run(command: string, args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(`${command} failed:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
