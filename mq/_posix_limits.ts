/** Which of the system's limits refused a POSIX message queue: mq_overview(7). */

import { libc as base } from "../_internal/_ffi.ts";
import { check, E } from "../_internal/errno.ts";
import { readTextFile } from "../_internal/file.ts";
import { cString } from "../_internal/memory.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";

const LIMITS = "/proc/sys/fs/mqueue";

// The same on every architecture: getrlimit(2).
const RLIMIT_MSGQUEUE = 12;

/** How much a queue may hold. */
export interface QueueSize {
  /** The most messages. */
  readonly maxMessages: number;
  /** The most bytes of a message. */
  readonly messageSize: number;
}

/** One of the system's limits, such as "msg_max". */
function limit(name: string): number {
  return Number(readTextFile(`${LIMITS}/${name}`));
}

/** What the kernel gives queues of which nothing else was said. */
export function withDefaults({
  maxMessages = Math.min(limit("msg_default"), limit("msg_max")),
  messageSize = Math.min(limit("msgsize_default"), limit("msgsize_max")),
}: Partial<QueueSize>): QueueSize {
  return { maxMessages, messageSize };
}

/** What to do about a queue that could not be made. */
export function limitHint(
  number: number,
  size: Partial<QueueSize>,
): string | undefined {
  if (number === E.EINVAL) return tooLarge(withDefaults(size));
  if (number === E.EMFILE) return tooMuchMemory(size);
  if (number !== E.ENOSPC) return undefined;
  return `there are as many queues as ${LIMITS}/queues_max allows, ` +
    `which is ${limit("queues_max")}`;
}

function tooLarge({ maxMessages, messageSize }: QueueSize): string {
  const most = { msg_max: limit("msg_max"), msgsize_max: limit("msgsize_max") };
  const wanted = { msg_max: maxMessages, msgsize_max: messageSize };
  const names = { msg_max: "maxMessages", msgsize_max: "messageSize" };
  const exceeded = (["msg_max", "msgsize_max"] as const)
    .filter((name) => wanted[name] > most[name])
    .map((name) =>
      `${names[name]} is ${wanted[name]}, and ${LIMITS}/${name} allows ` +
      `${most[name]}`
    );
  return exceeded.join("; ");
}

function tooMuchMemory(size: Partial<QueueSize>): string {
  const fd = base.open(cString(`${LIMITS}/msg_max`), O_RDONLY, 0);
  // The number of descriptors has the same error.
  if (fd < 0) return "close some descriptors, or raise RLIMIT_NOFILE";
  base.close(fd);
  const { maxMessages, messageSize } = withDefaults(size);
  const limits = new BigUint64Array(2);
  check(libc.getrlimit(RLIMIT_MSGQUEUE, limits), "getrlimit");
  return `${maxMessages} messages of ${messageSize} bytes, beside what other ` +
    `queues of this user have, are more than RLIMIT_MSGQUEUE allows, which ` +
    `is ${limits[0]} bytes; see ulimit -q`;
}
