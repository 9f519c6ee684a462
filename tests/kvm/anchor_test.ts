import { assert, assertEquals } from "@std/assert";
import { anchorProgram } from "../../src/lab/anchor.ts";

Deno.test("lab anchor: it holds a VM with a vCPU until it is ended", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, anchorProgram(), { mode: 0o755 });
    await Deno.chmod(path, 0o755);
    const child = new Deno.Command(path, { stdin: "null", stdout: "null", stderr: "null" }).spawn();
    try {
      const held = () => {
        const links = Array.from(Deno.readDirSync(`/proc/${child.pid}/fd`), ({ name }) => {
          try {
            return Deno.readLinkSync(`/proc/${child.pid}/fd/${name}`);
          } catch {
            return "";
          }
        });
        return links.filter((link) => link.includes("kvm")).sort();
      };
      const late = performance.now() + 5000;
      while (held().length < 3) {
        assert(performance.now() < late, `it holds ${held()}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assertEquals(held(), ["/dev/kvm", "anon_inode:kvm-vcpu:0", "anon_inode:kvm-vm"]);
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  } finally {
    await Deno.remove(path);
  }
});
