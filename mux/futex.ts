/**
 * How the wait loop waits for a word of memory to change. On Linux 5.16 one
 * parked thread does so for 127 words; before, and on macOS, each word needs a
 * thread, so there are few of them at a time.
 */

import { closedError } from "../_internal/errno.ts";
import {
  futexWait,
  futexWake,
  parkedFutexWait,
  type Word,
} from "../_internal/futex.ts";
import { onUnmap } from "../_internal/mapped_region.ts";
import { ThreadParking } from "../_internal/thread.ts";
import type { Cancel, Park, Parking } from "../_internal/wait.ts";
import { EXIT } from "./_backend.ts";
import { FutexBackend } from "./_futex_backend.ts";
import { Reactor } from "./reactor.ts";

const backend = new FutexBackend();
const reactor = new Reactor(() => backend);
let together: boolean | undefined;
/** Of every word: this file says when one is gone. */
const owner = Symbol();
let lastKey = 0;

/** Whether many words can be waited on at once here, and one more. */
function waitsTogether(): boolean {
  together ??= FutexBackend.supported();
  return together && backend.size < FutexBackend.capacity;
}

/**
 * Parks until a word is not what it was, or was woken, or its memory is closed.
 *
 * A wake-up that was meant for one waiter, and came to one who had just called
 * its wait off, is passed on.
 *
 * @param word What is waited on, in mapped memory.
 * @param expected What was in it when the last attempt had failed.
 * @param canWaitTogether Whether to use the one thread for many words.
 */
export function futexParking(
  word: Word,
  expected: () => number,
  canWaitTogether: () => boolean = waitsTogether,
): Parking {
  const alone = new ThreadParking({
    begin: () => ({
      back: parkedFutexWait(word, expected()),
      interrupt: () => futexWake(word),
    }),
    blockSync: (milliseconds) => futexWait(word, expected(), milliseconds),
  });
  return {
    park: (wake) =>
      canWaitTogether()
        ? parkTogether(word, expected(), wake)
        : parkAlone(word, alone, wake),
    parkSync: alone.parkSync,
  };
}

type Wake = Parameters<Park>[0];

function parkTogether(word: Word, expected: number, wake: Wake): Cancel {
  const key = ++lastKey;
  const ignore = onClose(word, (error) => reactor.forget(key, () => error));
  backend.set(key, { word, expected });
  const cancel = reactor.watch(key, EXIT, (error) => {
    ignore();
    wake(error);
  }, owner);
  return (done) => {
    ignore();
    backend.disarm(key);
    cancel(done);
  };
}

function parkAlone(word: Word, alone: ThreadParking, wake: Wake): Cancel {
  const ignore = onClose(word, (error) => alone.close(error));
  const cancel = alone.park((error) => {
    ignore();
    wake(error);
  });
  return (done) => {
    ignore();
    cancel(done);
  };
}

function onClose(word: Word, callback: (error: Error) => void): () => void {
  return onUnmap(new Uint8Array(word.buffer), () => {
    callback(closedError("wait", "shared memory"));
    // So that the thread does not stay there and take what is for others.
    futexWake(word);
  }, "wait");
}
