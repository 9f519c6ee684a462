import { assert, assertEquals, assertMatch } from "@std/assert";
import { complaints } from "../support/dmesg.ts";
import { Guest } from "../support/guest.ts";

const MIB = 2 ** 20;
/** Size of the disk with the file system, and of the other. */
const SIZE = 64 * MIB, OTHER = 8 * MIB;
const FILES = [1, 2, 3, 4];

/** What a kernel may not complain of here; that its clock is slow, where the lab's is, is no matter. */
const OF_DISKS = /virtio|vd[ab]|ext4|pci|acpi|irq|BUG|Call Trace/i;

/** How a disk is attached, and the name that its queue's interrupt then has. */
const WAYS = [
  { transport: "pci", cpus: 2, words: [], interrupt: /^ *\d+:.* PCI-MSI.* virtio0-req\.0$/m },
  { transport: "pci", cpus: 1, words: ["pci=nomsi"], interrupt: /^ *17:.* IO-APIC +17-fasteoi +virtio0$/m },
  { transport: "mmio", cpus: 1, words: [], interrupt: /^ *16:.* IO-APIC +16-edge +virtio0$/m },
] as const;

for (const { transport, cpus, words, interrupt } of WAYS) {
  const how = [transport, ...words].join(", ");
  Deno.test(`virtio disk, ${how}, ${cpus} vCPU(s): a file system holds what is written`, async () => {
    const directory = await Deno.makeTempDir({ prefix: "denovisor-disk-" });
    try {
      const disk = `${directory}/disk.raw`, other = `${directory}/other.raw`;
      for (const [path, size] of [[disk, SIZE], [other, OTHER]] as const) {
        await Deno.writeFile(path, new Uint8Array());
        await Deno.truncate(path, size);
      }
      await command("mkfs.ext4", "-q", disk);
      {
        await using guest = await Guest.boot({
          initramfs: "VIRTIO_INITRD",
          cpus,
          transport,
          disks: [{ path: disk, serial: "first" }, { path: other, readOnly: true }],
          words: [...words, "denovisor.commands", "denovisor.poweroff"],
        });
        await useDisk(guest);
        assertMatch(await guest.run("cat /proc/interrupts"), interrupt);
        const log = complaints(await guest.run("dmesg -r"));
        assertEquals(log.filter((line) => OF_DISKS.test(line)), []);
        await guest.quit();
        assertEquals(await guest.end(), { reason: "poweroff" });
      }
      await command("e2fsck", "-f", "-n", disk);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

/** Writes files from all vCPUs at once, and reads them again from the disk: also after its driver has left and come back. */
async function useDisk(guest: Guest): Promise<void> {
  const block = "/sys/block";
  assertEquals(
    await guest.run(`cat ${block}/vda/size ${block}/vda/serial; echo; cat ${block}/vdb/size ${block}/vdb/ro`),
    `${SIZE / 512}\nfirst\n${OTHER / 512}\n1\n`,
  );
  await guest.run("mkdir /m && mount -t ext4 /dev/vda /m");
  await guest.run(
    `for n in ${FILES.join(" ")}; do dd if=/dev/urandom of=/m/$n bs=64k count=64 2>/dev/null & done; wait`,
  );
  const sums = () => guest.run("cd /m && md5sum [0-9]; cd /");
  const written = await sums();
  assertEquals(written.split("\n").length, FILES.length + 1);
  await guest.run("sync; echo 3 >/proc/sys/vm/drop_caches");
  assertEquals(await sums(), written);
  await guest.run("umount /m");
  const driver = "/sys/bus/virtio/drivers/virtio_blk";
  await guest.run(`echo virtio0 >${driver}/unbind && echo virtio0 >${driver}/bind`);
  await guest.run("mount -t ext4 /dev/vda /m");
  assertEquals(await sums(), written);
  await guest.run("rm /m/1 && umount /m");
}

/** Runs one of the file system's programs, which an unprivileged PATH may not have. */
async function command(name: string, ...args: string[]): Promise<void> {
  const PATH = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`;
  const { success, stdout, stderr } = await new Deno.Command("env", { args: [name, ...args], env: { PATH } })
    .output();
  const text = new TextDecoder();
  assert(success, `${name}: ${text.decode(stdout)}${text.decode(stderr)}`);
}
