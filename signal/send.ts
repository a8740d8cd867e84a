import { wholeNumber } from "../_internal/arguments.ts";
import { libc as base } from "../_internal/_ffi.ts";
import { check, E, errno, systemError } from "../_internal/errno.ts";
import { notSupported, os } from "../_internal/platform.ts";
import { type SignalName, signalNumber } from "../_internal/signals.ts";
import { libc } from "./_ffi.ts";

const MOST = 0x7fffffff;

/**
 * Sends a signal to a process, or to all of a process group.
 *
 * A process that ended may have been followed by another with the same number:
 * {@linkcode PidFd} is for where that would matter.
 *
 * See [kill(2)](https://man7.org/linux/man-pages/man2/kill.2.html).
 *
 * @param pid The process; 0 for this one's process group, a negative number
 * for the group that it negates. -1, which means everybody, is refused.
 * @param signal The signal's name or number; 0 sends none, but fails as if.
 * @throws {TypeError} If there is no such signal.
 * @throws {RangeError} If `pid` is not the number of a process or group.
 * @throws {Deno.errors.NotFound} If there is no such process or group.
 * @throws {Deno.errors.PermissionDenied} If it belongs to another user.
 *
 * @example Have a program end
 * ```ts
 * import { send } from "@ipc/core/signal";
 * import { spawn } from "@ipc/core/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * const child = spawn("sleep", { args: ["1000"] });
 * send(child.pid, "SIGTERM");
 * assertEquals((await child.status).signal, "SIGTERM");
 * ```
 */
export function send(pid: number, signal: SignalName | number): void {
  const number = signalNumber(signal, "send a signal");
  wholeNumber(pid, "send a signal", "the process or group", -MOST, MOST);
  if (pid === -1) {
    throw new RangeError(
      "Cannot send a signal: the process or group must not be -1, " +
        "which is every process there is",
    );
  }
  const kind = pid < 0 ? "process group" : "process";
  check(base.kill(pid, number), "kill", { on: `${kind} ${Math.abs(pid)}` });
}

/**
 * Sends a signal with a value to a process. A real-time signal is queued as
 * often as it is sent; of another, only the first that was not received yet
 * counts. Linux only.
 *
 * See [sigqueue(3)](https://man7.org/linux/man-pages/man3/sigqueue.3.html).
 *
 * @param pid The process.
 * @param signal The signal's name or number.
 * @param value A whole number of 32 bits, from -2,147,483,648 on.
 * @throws {TypeError} If there is no such signal.
 * @throws {RangeError} If `pid` or `value` is out of range.
 * @throws {Deno.errors.NotFound} If there is no such process.
 * @throws {Deno.errors.PermissionDenied} If it belongs to another user.
 * @throws {Deno.errors.WouldBlock} If the receiver's user has as many signals
 * queued as `ulimit -i` allows; nothing was sent.
 * @throws {Deno.errors.NotSupported} On macOS: send a plain signal, and the
 * value over a pipe or socket.
 *
 * @example To this very process
 * ```ts
 * import { queue, realtime, SignalStream } from "@ipc/core/signal";
 * import { assertEquals } from "@std/assert";
 *
 * using stream = SignalStream.open([realtime(7)]);
 * queue(Deno.pid, realtime(7), 42);
 * assertEquals((await stream.receive()).value, 42);
 * ```
 */
export function queue(
  pid: number,
  signal: SignalName | number,
  value: number,
): void {
  const number = signalNumber(signal, "queue a signal");
  wholeNumber(pid, "queue a signal", "the process", 1, MOST);
  signalValue(value, "queue a signal");
  if (os === "darwin") notSupported("queue()", "send() has no value");
  if (libc.sigqueue(pid, number, BigInt(value)) >= 0) return;
  throw queueError(errno(), "sigqueue", pid);
}

/** A value that can be sent along. */
export function signalValue(value: number, verb: string): number {
  return wholeNumber(value, verb, "the value", -MOST - 1, MOST);
}

/** The error of sending a signal with a value. */
export function queueError(
  number: number,
  syscall: string,
  pid: number,
): Error {
  const hint = number === E.EAGAIN
    ? "its user has as many signals queued as `ulimit -i` allows"
    : undefined;
  return systemError(number, syscall, { on: `process ${pid}`, hint });
}
