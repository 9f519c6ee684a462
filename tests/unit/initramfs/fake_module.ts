/** A kernel module's ELF file reduced to what we read: a `.modinfo` section among others (System V ABI, ELF64). */
export function fakeModule(
  modinfo: Readonly<Record<string, string>> | readonly string[],
): Uint8Array<ArrayBuffer> {
  const lines = Array.isArray(modinfo)
    ? modinfo
    : Object.entries(modinfo).map(([key, value]) => `${key}=${value}`);
  const names = new TextEncoder().encode("\0.text\0.modinfo\0.shstrtab\0");
  const info = new TextEncoder().encode(lines.map((line) => `${line}\0`).join(""));
  const namesAt = 64;
  const infoAt = namesAt + names.length;
  const table = (infoAt + info.length + 7) & ~7;
  const file = new Uint8Array(table + 4 * 64);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setBigUint64(0x28, BigInt(table), true);
  view.setUint16(0x3a, 64, true);
  view.setUint16(0x3c, 4, true);
  view.setUint16(0x3e, 3, true);
  file.set(names, namesAt);
  file.set(info, infoAt);
  const sections = [[1, 0, 0], [7, infoAt, info.length], [16, namesAt, names.length]];
  sections.forEach(([name, offset, size], index) => {
    const at = table + (index + 1) * 64;
    view.setUint32(at, name!, true);
    view.setBigUint64(at + 0x18, BigInt(offset!), true);
    view.setBigUint64(at + 0x20, BigInt(size!), true);
  });
  return file;
}
