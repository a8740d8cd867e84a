/** Waiting for a process to end, again and again, beside something else. */

import { Descriptor } from "../_internal/descriptor.ts";
import { E, errno } from "../_internal/errno.ts";
import { soon } from "../_internal/park.ts";
import { os } from "../_internal/platform.ts";
import type { Park } from "../_internal/wait.ts";
import { EXIT } from "./_backend.ts";
import { openPidfd } from "./_pidfd.ts";
import { readParking } from "./parking.ts";
import { reactor } from "./reactor.ts";

/** Something to park on until a process has ended. */
export interface ExitParking extends Disposable {
  readonly park: Park;
}

/**
 * Gets ready to wait for a process; undefined where that is not possible, such
 * as before Linux 5.3.
 *
 * @param pid The process, which may have ended already.
 */
export function exitParking(pid: number): ExitParking | undefined {
  if (os === "darwin") {
    return {
      park: (wake) => reactor.watch(-pid, EXIT, wake),
      [Symbol.dispose]() {},
    };
  }
  const fd = openPidfd(pid);
  if (fd < 0) {
    const gone = errno() === E.ESRCH;
    return gone ? { park: soon, [Symbol.dispose]() {} } : undefined;
  }
  const pidfd = new Descriptor(fd, `process ${pid}`);
  return {
    park: readParking(pidfd).park,
    [Symbol.dispose]: () => pidfd.close(),
  };
}
