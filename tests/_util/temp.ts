/** Places that leave nothing behind. */

/** A directory of its own, removed with everything in it. */
export class TempDir implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "ipc-test-" });

  /** The path of `name` in it. */
  join(name: string): string {
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
