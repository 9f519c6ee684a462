/**
 * The serial target `file:PATH`: a new file that takes the output.
 *
 * @module
 */

import { ERRNO, KernelError } from "../../ffi/errno.ts";
import { O_CREAT, O_EXCL, O_WRONLY, OwnedFd } from "../../ffi/fd.ts";
import { unlink } from "../../ffi/files.ts";
import { libc } from "../../ffi/libc.ts";
import { absolute, cannotCreate } from "./named_files.ts";
import type { FarEnd, Log } from "./far_end.ts";
import type { OpenTarget } from "./open_target.ts";

/** What a guest prints may be secret: the file is its owner's. */
const MODE = 0o600;

/** Creates the file. Throws UserError if there is something at that path already. */
export function openFile(path: string, field: string): OpenTarget {
  const whole = absolute(path);
  try {
    const fd = OwnedFd.open(path, O_WRONLY | O_CREAT | O_EXCL, MODE);
    return {
      orders: { kind: "file", fd: fd.number },
      close(used) {
        fd[Symbol.dispose]();
        if (!used) unlink(whole);
      },
    };
  } catch (error) {
    throw cannotCreate(path, field, error);
  }
}

/** Writes to the file. Waiting for a disk is no waiting for a reader: the writes block. */
export class FileEnd implements FarEnd {
  readonly unread = 0;
  #failed = false;

  /** @param name of the port, for messages */
  constructor(private readonly fd: number, private readonly name: string, private readonly log: Log) {}

  /** Takes everything: what the host refuses (a full disk) is lost, said once, and the guest runs on. */
  write(bytes: Uint8Array<ArrayBuffer>): number {
    const c = libc();
    for (let done = 0; done < bytes.length;) {
      const written = c.write(this.fd, bytes.subarray(done), BigInt(bytes.length - done));
      if (written < 0 && c.errno() === ERRNO.EINTR) continue;
      if (written <= 0) {
        this.#fail(c.errno());
        break;
      }
      done += written;
    }
    return bytes.length;
  }

  read(): number {
    return 0;
  }

  watch(): void {}
  attend(): void {}
  [Symbol.dispose](): void {}

  #fail(errno: number): void {
    if (this.#failed) return;
    this.#failed = true;
    const { message } = new KernelError("write", errno);
    this.log("error", `${this.name}: output is lost, as its file does not take it: ${message}`);
  }
}
