/**
 * Keeps the event loop turning for a test that waits for shared memory alone: Deno does not count promises of
 * Atomics.waitAsync as work to come.
 *
 * @module
 */

/** Until it is disposed of. */
export function stayAlive(): Disposable {
  const timer = setInterval(() => {}, 2 ** 30);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
