/** A number in a file, to which several programs add one at a time. */
export class CounterFile implements Disposable {
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #number = new Int32Array(1);
  readonly #bytes = new Uint8Array(this.#number.buffer);

  constructor(path: string) {
    Deno.writeFileSync(path, this.#bytes);
    this.path = path;
    this.#file = Deno.openSync(path, { read: true, write: true });
  }

  get value(): number {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.readSync(this.#bytes);
    return this.#number[0];
  }

  /** Adds one, but not atomically. */
  increment(): void {
    this.#number[0] = this.value + 1;
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(this.#bytes);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
