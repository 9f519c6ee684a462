/**
 * This process's side of a conversation with a guest, as an interface so that tests can play it.
 *
 * @module
 */

/** Standard streams. */
export interface HostStreams {
  readonly stdin: {
    readonly readable: ReadableStream<Uint8Array>;
    isTerminal(): boolean;
    setRaw(raw: boolean): void;
  };
  readonly stdout: { write(bytes: Uint8Array): Promise<number> };
  /** Tells the user something, on standard error. */
  tell(text: string): void;
}
