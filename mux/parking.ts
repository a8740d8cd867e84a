/** How the wait loop waits for a descriptor. */

import type { Descriptor } from "../_internal/descriptor.ts";
import { closedError } from "../_internal/errno.ts";
import { POLLIN, POLLOUT } from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";
import type { Parking } from "../_internal/wait.ts";
import { READ, WRITE } from "./_backend.ts";
import { reactor } from "./reactor.ts";

/** Parks until there is something to read, or nothing more will come. */
export function readParking(descriptor: Descriptor): Parking {
  return parkingOf(descriptor, READ, POLLIN);
}

/** Parks until something can be written, or nothing ever can any more. */
export function writeParking(descriptor: Descriptor): Parking {
  return parkingOf(descriptor, WRITE, POLLOUT);
}

function parkingOf(
  descriptor: Descriptor,
  interest: number,
  events: number,
): Parking {
  const { fd, name, identity } = descriptor;
  descriptor.onClose(forgetting(fd, name));
  return {
    park(wake) {
      return reactor.watch(descriptor.fd, interest, wake, identity);
    },
    parkSync(milliseconds) {
      poll(descriptor.fd, events, milliseconds);
    },
  };
}

/** Apart, so that it does not keep the descriptor from being collected. */
function forgetting(fd: number, name: string): () => void {
  return () =>
    reactor.forget(fd, (interest) => closedError(callFor(interest), name));
}

/** The system call that somebody waits to make. */
function callFor(interest: number): string {
  if (interest & READ) return "read";
  return interest & WRITE ? "write" : "poll";
}
