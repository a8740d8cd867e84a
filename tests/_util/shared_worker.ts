/** Workers that share memory with the test, and do something in it. */

import type { SharedMemory } from "@ipc/core/shm";

const root = new URL("../../", import.meta.url);

/** A Worker that has the memory `name` open, and answers what it is asked. */
export class MemoryWorker implements Disposable {
  readonly #worker: Worker;

  /**
   * @param memory Memory with a name.
   * @param body The body of an asynchronous function of `memory` and of what
   * `@ipc/core/sem` exports, which answers something that can be cloned.
   */
  constructor(memory: SharedMemory, body: string) {
    const source = `
      import * as sem from "${new URL("sem/mod.ts", root)}";
      import { SharedMemory } from "${new URL("shm/mod.ts", root)}";
      const memory = SharedMemory.open(${JSON.stringify(memory.name)});
      async function answer({ Mutex, RwLock, Condition, Barrier }) { ${body} }
      onmessage = async () => postMessage(await answer(sem));
      postMessage("ready");
    `;
    const url = `data:application/javascript,${encodeURIComponent(source)}`;
    this.#worker = new Worker(url, { type: "module" });
  }

  /** Resolves when it can be asked. */
  async ready(): Promise<void> {
    await this.#next();
  }

  /** Has the function called, and resolves with what it answers. */
  ask(): Promise<unknown> {
    const answer = this.#next();
    this.#worker.postMessage(null);
    return answer;
  }

  /** Ends it, whatever it does. */
  terminate(): void {
    this.#worker.terminate();
  }

  #next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.onerror = ({ message }) => reject(new Error(message));
    });
  }

  [Symbol.dispose](): void {
    this.terminate();
  }
}
