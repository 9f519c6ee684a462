import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { complaints } from "../support/dmesg.ts";
import { Guest } from "../support/guest.ts";

/** How far the guest's clock may be from the host's: both are read at their own pace (s). */
const CLOCK_TOLERANCE = 3;

/** A guest whose shell the test types at. */
function bootShell(cpus: number, options: { serial?: string[]; debugExit?: boolean } = {}): Promise<Guest> {
  return Guest.boot({ protocol: "pvh", cpus, words: ["denovisor.commands"], ...options });
}

/** Checks the processors' places in the machine, as the guest's scheduler sees them. */
async function checkTopology(guest: Guest, cpus: number): Promise<void> {
  const all = cpus === 1 ? "0" : `0-${cpus - 1}`;
  assertEquals(await guest.run("cat /sys/devices/system/cpu/online"), `${all}\n`);
  assertEquals(await guest.run("cat /sys/devices/system/cpu/possible"), `${all}\n`);
  const topology = await guest.run(
    "cd /sys/devices/system/cpu; grep . cpu*/topology/*_list cpu*/topology/*_id; cd /",
  );
  for (let cpu = 0; cpu < cpus; cpu++) {
    const told = (name: string) => new RegExp(`^cpu${cpu}/topology/${name}:(.*)$`, "m").exec(topology)?.[1];
    assertEquals(told("physical_package_id"), "0");
    assertEquals(told("package_cpus_list"), all, "all in one package");
    assertEquals(told("core_id"), String(cpu));
    assertEquals(told("core_cpus_list"), String(cpu), "a core each, without hyper-threads");
  }
  const cpuinfo = await guest.run("cat /proc/cpuinfo");
  assertEquals([...cpuinfo.matchAll(/^apicid\s*: (\d+)$/gm)].map((match) => Number(match[1])), range(cpus));
  assertEquals(
    [...cpuinfo.matchAll(/^siblings\s*: (\d+)$/gm)].map((match) => Number(match[1])),
    Array(cpus).fill(cpus),
  );
}

/** Checks the interrupt controllers' counts: every vCPU has its timer, and nothing came that nobody expected. */
async function checkInterrupts(guest: Guest, cpus: number): Promise<string> {
  const table = await guest.run("cat /proc/interrupts");
  const counts = (name: string) => row(table, name).slice(1, 1 + cpus).map(Number);
  assert(counts("LOC").every((count) => count > 0), `a timer on every vCPU:\n${table}`);
  assertEquals(sum(counts("SPU")), 0);
  assertEquals(row(table, "ERR")[1], "0");
  assertEquals(row(table, "MIS")[1], "0");
  assert(sum(counts("4")) > 0, "the console is driven by its interrupt");
  assertMatch(table, /^ *4: .* IO-APIC +4-edge +ttyS0$/m);
  assertMatch(table, /^ *1: .* IO-APIC +1-edge +i8042$/m);
  assertMatch(table, /^ *8: .* IO-APIC +8-edge +rtc0$/m);
  assertMatch(table, /^ *9: .* IO-APIC +9-fasteoi +acpi$/m);
  return table;
}

for (const cpus of [1, 2, 4]) {
  Deno.test(`the guest's own view, ${cpus} vCPU(s): no complaints, its devices, its clocks, its processors`, async () => {
    await using guest = await bootShell(cpus, { debugExit: true });
    const dmesg = await guest.run("dmesg -r");
    assertEquals(complaints(dmesg), []);
    assertMatch(dmesg, /Hypervisor detected: KVM/);
    assertMatch(dmesg, /ttyS0 at I\/O 0x3f8 \(irq = 4, base_baud = 115200\) is a 16550A/);
    assertMatch(dmesg, /i8042: PNP: PS\/2 Controller .* at 0x60,0x64 irq 1,12/);
    assertMatch(dmesg, /input: AT Translated Set 2 keyboard/);
    assertMatch(dmesg, /ACPI: button: Power Button \[PWRF\]/);
    assertMatch(dmesg, /ACPI: PM: \(supports S0 S5\)/);
    assertMatch(dmesg, new RegExp(`smpboot: Allowing ${cpus} CPUs, 0 hotplug CPUs`));
    assertEquals(
      await guest.run("ls /sys/bus/acpi/drivers/ /sys/bus/platform/drivers/pvpanic-mmio | grep QEMU0001"),
      "QEMU0001:00\n",
    );

    const clock = "/sys/devices/system/clocksource/clocksource0";
    assertEquals(await guest.run(`cat ${clock}/current_clocksource`), "kvm-clock\n");
    assertMatch(await guest.run(`cat ${clock}/available_clocksource`), /\bacpi_pm\b/);
    await checkTopology(guest, cpus);
    await checkInterrupts(guest, cpus);

    const chip = "/sys/class/rtc/rtc0";
    const before = Date.now() / 1000;
    const time = Number(await guest.run(`cat ${chip}/since_epoch`));
    assert(
      time > before - CLOCK_TOLERANCE && time < Date.now() / 1000 + CLOCK_TOLERANCE,
      `RTC at ${time}, host at ${before}`,
    );
    const alarms = async () =>
      sum(row(await guest.run("cat /proc/interrupts"), "8").slice(1, 1 + cpus).map(Number));
    const seen = await alarms();
    await guest.run(`echo +2 >${chip}/wakealarm; while [ "$(cat ${chip}/wakealarm)" ]; do sleep 1; done`);
    assert(await alarms() > seen, "the alarm interrupts");

    assertEquals(complaints(await guest.run("dmesg -r")), [], "nor after all this");
    await guest.console.type("printf '\\025' | dd of=/dev/port bs=1 seek=$((0xf4)) count=1\n");
    assertEquals(await guest.end(), { reason: "debug-exit", code: 0x15 << 1 | 1 });
  });
}

Deno.test("5 GiB: the guest has the memory above the hole", async () => {
  const GIB = 2 ** 30;
  await using guest = await Guest.boot({
    memory: "5G",
    cpus: 2,
    words: ["denovisor.report", "denovisor.commands", "denovisor.poweroff"],
  });
  const { memory } = await guest.report();
  assert(memory * 1024 > 4.8 * GIB && memory * 1024 < 5 * GIB, `${memory} kB`);
  assertMatch(await guest.run("cat /proc/iomem"), /^100000000-17fffffff : System RAM$/m);
  await guest.run("mkdir /t; mount -t tmpfs -o size=90% t /t");
  const write = (name: string) =>
    guest.run(
      `yes ${name} | dd of=/t/${name} bs=1M count=32 iflag=fullblock 2>/dev/null; md5sum </t/${name}`,
    );
  const first = await write("a");
  assertNotEquals(await write("b"), first);
  assertEquals(await guest.run("md5sum </t/a"), first);
  await guest.quit();
  assertEquals(await guest.end(), { reason: "poweroff" });
});

/** The words of a row of /proc/interrupts, its name first. */
function row(table: string, name: string): string[] {
  const line = new RegExp(`^ *${name}:.*$`, "m").exec(table)?.[0];
  assert(line !== undefined, `no line ${name} in\n${table}`);
  return line.trim().split(/\s+/);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
