/** Messages as endpoints: what is sent in one piece comes in one piece. */

import type { Endpoint } from "./case.ts";

/** Where a message is received: the same memory each time, as in C. */
interface Into {
  readonly into: Uint8Array;
}

interface Received {
  readonly data: Uint8Array;
}

/** The part of a receiving end that is measured. */
export interface MessageReceiver {
  receive(options: Into): Promise<Received>;
  receiveSync(options: Into): Received;
}

/** The part of a sending end that is measured. */
export interface MessageSender {
  send(p: Uint8Array): Promise<void>;
  sendSync(p: Uint8Array): void;
}

/**
 * The endpoint that receives from one and sends to the other.
 *
 * @param receiver What to receive from.
 * @param sender What to send to.
 * @param most The most bytes that a message may have.
 */
export function messageEndpoint(
  receiver: MessageReceiver,
  sender: MessageSender,
  most: number,
): Endpoint {
  const options = { into: new Uint8Array(most) };
  return {
    sync: {
      send: (p) => sender.sendSync(p),
      receive: (p) => take(p, receiver.receiveSync(options)),
    },
    async: {
      send: (p) => sender.send(p),
      receive: async (p) => take(p, await receiver.receive(options)),
    },
  };
}

function take(p: Uint8Array, { data }: Received): void {
  if (data.length !== p.length) throw new Error("A message of another size");
  p.set(data);
}
