/**
 * Telling "no writer yet" from "all writers gone": read(2) answers 0 for both
 * on a FIFO that was opened without waiting.
 */

import { libc } from "../_internal/_ffi.ts";
import type { Descriptor } from "../_internal/descriptor.ts";
import { check, E, systemError } from "../_internal/errno.ts";
import { os, platform, POLLHUP, POLLIN } from "../_internal/platform.ts";
import { poll } from "../_internal/poll.ts";
import type { Parking } from "../_internal/wait.ts";
import { readParking } from "../mux/parking.ts";
import { getAvailable } from "../_internal/pipe_capacity.ts";

/** Whether the writers have come and gone, after a read that answered 0. */
export function writersHaveGone(fd: number): boolean {
  if (os === "darwin") return selectsAsReadable(fd) && getAvailable(fd) === 0;
  // Linux reports a hang-up only once there has been a writer. If one came,
  // wrote and went since that read, there is data as well: that comes first.
  const events = poll(fd, POLLIN, 0);
  return (events & POLLHUP) !== 0 && (events & POLLIN) === 0;
}

/** How to wait for a FIFO's reading end. */
export function fifoParking(descriptor: Descriptor): Parking {
  const parking = readParking(descriptor);
  return os === "darwin" ? withSecondLooks(parking) : parking;
}

/** How often macOS is asked again, in milliseconds. */
const SECOND_LOOK = 20;

/** Neither kqueue nor poll of macOS reports the end of a FIFO. */
function withSecondLooks({ park, parkSync }: Parking): Parking {
  return {
    park(wake) {
      const cancel = park((error) => {
        clearTimeout(timer);
        wake(error);
      });
      const timer = setTimeout(() => cancel(wake), SECOND_LOOK);
      return (done) => {
        clearTimeout(timer);
        cancel(done);
      };
    },
    parkSync: (milliseconds) => parkSync(Math.min(milliseconds, SECOND_LOOK)),
  };
}

function selectsAsReadable(fd: number): boolean {
  if (fd >= platform.FD_SETSIZE) {
    throw systemError(E.EMFILE, "select", {
      on: `fd ${fd}`,
      hint: `a FIFO's descriptor must be below ${platform.FD_SETSIZE} here`,
    });
  }
  const set = new Uint8Array(platform.FD_SETSIZE / 8);
  set[fd >> 3] = 1 << (fd & 7);
  const now = new Uint8Array(16);
  const result = libc.select(fd + 1, set, null, null, now);
  return check(result, "select", { on: `fd ${fd}` }) > 0;
}
