/**
 * /init of the demo's initramfs, for busybox's shell: the guest's half of `denovisor demo` and of the guest tests.
 *
 * Words on the kernel's command line say what it does; without any it gives a shell on the console.
 *
 * | word                          | effect                                                             |
 * |-------------------------------|--------------------------------------------------------------------|
 * | `denovisor.report`            | prints `denovisor: cpus N`, `memory N kB`, `cmdline LENGTH MD5`, `pvpanic yes` or `no` |
 * | `denovisor.script`            | uname, CPU count, memory and uptime, then power off                |
 * | `denovisor.echo`              | answers each console line with `denovisor: echo LINE`, until `quit` |
 * | `denovisor.commands`          | runs each console line as a command and prints `denovisor: status N`, until `quit` |
 * | `denovisor.wait-button`       | waits for the ACPI power button, then powers off                   |
 * | `denovisor.poweroff`          | powers off (ACPI S5)                                               |
 * | `denovisor.reboot`            | restarts as the kernel sees fit                                    |
 * | `denovisor.triplefault`       | restarts by a triple fault                                         |
 * | `denovisor.panic`             | panics; `panic=` on the same line says what follows                |
 * | `denovisor.size=ROWSxCOLUMNS` | the console's window size                                          |
 *
 * Reports come before `echo`, `echo` before `commands`, and those before the ways to end.
 *
 * @module
 */

/** The first line that user space prints; the boot benchmark and the tests wait for it. */
export const USER_SPACE_REACHED = "denovisor: user space reached";

/** The script. Modules lie in /lib/modules, listed in load order by /lib/modules/order. */
export const DEMO_INIT = String.raw`#!/bin/busybox sh
# The first line comes before anything else is done: it is timed.
echo "${USER_SPACE_REACHED}"
/bin/busybox mount -t proc proc /proc
read -r up idle </proc/uptime
echo "denovisor: uptime $up s"
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mkdir -p /dev/pts /tmp /root
/bin/busybox mount -t devpts devpts /dev/pts
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root TERM=linux
hostname denovisor

while read -r module; do
  insmod "/lib/modules/$module.ko" || echo "denovisor: module $module did not load"
done </lib/modules/order

size=80x24
IFS= read -r cmdline </proc/cmdline
for word in $cmdline; do
  case $word in
    denovisor.size=*) size=$word; size=$(echo "$size" | cut -d= -f2); stty rows "$(echo "$size" | cut -dx -f1)" cols "$(echo "$size" | cut -dx -f2)" ;;
    denovisor.report) report=1 ;;
    denovisor.echo) echo_lines=1 ;;
    denovisor.commands) commands=1 ;;
    denovisor.script) end=script ;;
    denovisor.wait-button) end=button ;;
    denovisor.poweroff) end=poweroff ;;
    denovisor.reboot) end=reboot ;;
    denovisor.triplefault) end=triplefault ;;
    denovisor.panic) end=panic ;;
  esac
done

if [ "$report" ]; then
  echo "denovisor: cpus $(nproc)"
  echo "denovisor: memory $(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) kB"
  md5=$(printf %s "$cmdline" | md5sum)
  echo "denovisor: cmdline ${"$"}{#cmdline} ${"$"}{md5%% *}"
  if [ -e /sys/bus/platform/drivers/pvpanic-mmio/QEMU0001:00 ]; then echo "denovisor: pvpanic yes"; else echo "denovisor: pvpanic no"; fi
fi

if [ "$echo_lines" ]; then
  echo "denovisor: echo ready"
  while IFS= read -r line && [ "$line" != quit ]; do echo "denovisor: echo $line"; done
fi

if [ "$commands" ]; then
  stty -echo
  echo "denovisor: commands ready"
  while IFS= read -r line && [ "$line" != quit ]; do
    (eval "$line") # a word that is no shell ends its own shell only
    echo "denovisor: status $?"
  done
fi

case $end in
  script)
    # From here on the kernel's own messages would only tear these lines apart.
    dmesg -n 1
    uname -a
    echo "CPUs: $(nproc)"
    echo "memory: $(free -m | sed -n 's/^Mem: *\([0-9]*\).*/\1/p') MiB"
    uptime
    ;;
  button)
    for device in /sys/class/input/event*; do
      if [ "$(cat "$device/device/name")" = "Power Button" ]; then exec 3<"/dev/input/${"$"}{device##*/}"; fi
    done
    # From now on a press is noticed. One struct input_event is 24 bytes (uapi/linux/input.h).
    echo "denovisor: waiting for the power button"
    dd bs=24 count=1 <&3 >/dev/null 2>&1
    echo "denovisor: power button pressed"
    ;;
  reboot)
    reboot -f
    ;;
  triplefault)
    # Linux Documentation/ABI/testing/sysfs-kernel-reboot
    echo triple >/sys/kernel/reboot/type
    echo 1 >/sys/kernel/reboot/force
    reboot -f
    ;;
  panic)
    # Returns when what was printed has left the UART, or the panic's words would come in the middle of it.
    stty -F /dev/console cs8
    echo c >/proc/sysrq-trigger
    ;;
  poweroff) ;;
  *)
    dmesg -n 4
    cat <<GREETING

  Linux $(uname -r) on $(nproc) CPU(s), $(free -m | sed -n 's/^Mem: *\([0-9]*\).*/\1/p') MiB, by Denovisor.
  This is busybox in memory: nothing is kept. "exit" powers the machine off.

GREETING
    cd /root
    # A session of its own with the console as its terminal, so that Ctrl-C and job control work.
    PS1='denovisor:\w# ' setsid cttyhack sh
    ;;
esac
poweroff -f
`;
