/**
 * Contexts of `node:zlib` that many calls share.
 *
 * `gunzipSync` and its like make a stream, its buffers and a native context for one call, and leave them to the garbage
 * collector: of a body of 45 kB that is a third of the cost (docs/decisions.md). Here the native handle below one stream
 * is called again and again. It is the one that the synchronous functions call themselves; its `writeSync` has had this
 * shape since Node 11, and Deno has the same.
 *
 * @module
 */

/** The native part of a stream. */
interface Handle {
  onerror: (message: string, errno: number) => void;
  reset(): void;
  close(): void;
  /** Puts into `state` how much room of the output, and how much of the input, is left. */
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
    state: Uint32Array,
  ): void;
}

/** What is used of a stream; all of it is looked for before it is used. */
interface ZlibStream {
  readonly _handle?: Partial<Handle> | null;
  readonly _writeState?: unknown;
}

interface Open {
  readonly handle: Handle;
  readonly state: Uint32Array;
  /** Keeps the handle alive. */
  readonly stream: ZlibStream;
}

/** One kind of work, done by one native context. */
export class ZlibContext {
  readonly #create: () => ZlibStream;
  readonly #flush: number;
  #open: Open | undefined;
  #failed = false;

  /**
   * @param create Makes a stream whose handle is used; it is never written to itself.
   * @param flush The flag that says that the input is all there is.
   */
  constructor(create: () => unknown, flush: number) {
    this.#create = create as () => ZlibStream;
    this.#flush = flush;
  }

  /**
   * Does one whole input.
   *
   * @param output Where it goes. It must be longer than what comes out.
   * @returns What came out, bytes. undefined when it was not all taken, is not valid, or fills the output: then the public
   *   functions of `node:zlib` are to be asked, which also say what is wrong.
   */
  run(input: Uint8Array, output: Uint8Array): number | undefined {
    const open = this.#open ??= this.#make();
    if (open === undefined) return undefined;
    const { handle, state } = open;
    this.#failed = false;
    try {
      handle.reset();
      handle.writeSync(this.#flush, input, 0, input.length, output, 0, output.length, state);
    } catch {
      this.#failed = true;
    }
    const [roomLeft = 0, inputLeft = 0] = state;
    if (!this.#failed && roomLeft > 0 && inputLeft === 0) return output.length - roomLeft;
    this.#open = undefined; // in the middle of something
    handle.close();
    return undefined;
  }

  #make(): Open | undefined {
    const stream = this.#create();
    const { _handle: handle, _writeState: state } = stream;
    if (!(state instanceof Uint32Array) || !isHandle(handle)) return undefined;
    handle.onerror = () => this.#failed = true;
    return { handle, state, stream };
  }
}

function isHandle(handle: Partial<Handle> | null | undefined): handle is Handle {
  return typeof handle?.writeSync === "function" && typeof handle.reset === "function" &&
    typeof handle.close === "function";
}
