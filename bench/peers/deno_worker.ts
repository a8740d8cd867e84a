import type { Case, Endpoint, Place } from "../case.ts";
import type { Assignment } from "../orders.ts";

/** `postMessage` between a program and its Worker, which is a thread of it. */
export const denoWorker: Case = {
  name: "Deno Worker",
  voices: ["async"],
  startsPeer: true,
  open(place, role) {
    return role === "a"
      ? parent(place)
      : messages(self as unknown as Messenger);
  },
};

/** Either side of a Worker. */
interface Messenger extends EventTarget {
  postMessage(message: unknown): void;
}

function parent(place: Place): Endpoint {
  const url = new URL("./_worker_side.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const assignment: Assignment = {
    case: denoWorker.name,
    voice: "async",
    role: "b",
    place,
  };
  worker.postMessage(assignment);
  return messages(worker);
}

function messages(other: Messenger): Endpoint {
  const arrived: Uint8Array[] = [];
  let wake: (() => void) | undefined;
  other.addEventListener("message", (event) => {
    const { data } = event as MessageEvent;
    if (!(data instanceof Uint8Array)) return;
    arrived.push(data);
    wake?.();
  });
  // Taken from the front in bulk: shift() on a long queue takes its time.
  let [queue, next] = [arrived.splice(0), 0];
  return {
    async: {
      send(p) {
        other.postMessage(p);
        return Promise.resolve();
      },
      async receive(p) {
        while (next === queue.length) {
          [queue, next] = [arrived.splice(0), 0];
          if (queue.length > 0) break;
          await new Promise<void>((resolve) => wake = resolve);
        }
        p.set(queue[next++]);
      },
    },
  };
}
