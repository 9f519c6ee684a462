/**
 * Where a text stops being JSON: V8's messages tell it only sometimes.
 *
 * @module
 */

const SPACE = /[ \t\r\n]*/y;
// deno-lint-ignore no-control-regex -- JSON allows them in strings only escaped
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const ATOM = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Offset of the first character that RFC 8259 does not allow; the text's length if only its end is missing. */
export function jsonErrorOffset(text: string): number {
  const scanner = new Scanner(text);
  if (scanner.value() && scanner.take(SPACE)) return scanner.at;
  return scanner.at;
}

class Scanner {
  at = 0;

  constructor(private readonly text: string) {}

  take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  value(): boolean {
    this.take(SPACE);
    if (this.#symbol("{")) return this.#members("}", () => this.#member());
    if (this.#symbol("[")) return this.#members("]", () => this.value());
    return this.take(STRING) || this.take(ATOM);
  }

  #member(): boolean {
    this.take(SPACE);
    return this.take(STRING) && this.#symbol(":") && this.value();
  }

  /** Comma-separated members up to the closing bracket. */
  #members(close: string, member: () => boolean): boolean {
    if (this.#symbol(close)) return true;
    do if (!member()) return false; while (this.#symbol(","));
    return this.#symbol(close);
  }

  #symbol(symbol: string): boolean {
    this.take(SPACE);
    if (this.text[this.at] !== symbol) return false;
    this.at++;
    return true;
  }
}
