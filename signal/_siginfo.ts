/** `siginfo_t`, as far as it is passed on: sigaction(2), Linux. */

import { type SignalName, signalName } from "../_internal/signals.ts";

/** A signal, and what is known of where it comes from. */
export interface ReceivedSignal {
  /** Which signal; `SIGRTMIN+n` for real-time ones. */
  readonly signal: SignalName;
  /** The process that sent it, if one did. */
  readonly pid?: number;
  /** The user of that process. */
  readonly uid?: number;
  /** What was sent along by {@linkcode queue}. */
  readonly value?: number;
  /**
   * How it came about, the `si_code` of sigaction(2): 0 for
   * {@linkcode send}, -1 for {@linkcode queue}.
   */
  readonly code?: number;
}

/** So many bytes of it say all there is to say about a signal that was sent. */
export const RECORD_SIZE = 32;

const SIGINFO_SIGNO = 0;
const SIGINFO_CODE = 8;
const SIGINFO_PID = 16;
const SIGINFO_UID = 20;
const SIGINFO_VALUE = 24;

/** The size of the whole. */
const SIGINFO_SIZE = 128;

const SI_QUEUE = -1;
const SI_TIMER = -2;
const SI_SIGIO = -5;
const SI_TKILL = -6;
const SIGCHLD = 17;

/** A code that the kernel never has: nothing but the signal is known. */
const BARE = 0x697063;

/** What a record says. */
export function decode(record: DataView): ReceivedSignal {
  const number = record.getInt32(SIGINFO_SIGNO, true);
  const code = record.getInt32(SIGINFO_CODE, true);
  const signal = signalName(number) as SignalName;
  if (code === BARE) return { signal };
  const sent = code <= 0 && code !== SI_TIMER && code !== SI_SIGIO;
  const pid = record.getInt32(SIGINFO_PID, true);
  const uid = record.getUint32(SIGINFO_UID, true);
  const value = record.getInt32(SIGINFO_VALUE, true);
  const hasValue = code < 0 && code !== SI_SIGIO && code !== SI_TKILL;
  // The process is 0 if it is not of our namespace, or if there were too many
  // signals to remember it.
  const hasSender = (sent || number === SIGCHLD) && pid !== 0;
  return {
    signal,
    ...hasSender && { pid, uid },
    ...hasValue && { value },
    code,
  };
}

/** The record for a signal of which nothing else is known. */
export function bareRecord(number: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(RECORD_SIZE));
  view.setInt32(SIGINFO_SIGNO, number, true);
  view.setInt32(SIGINFO_CODE, BARE, true);
  return new Uint8Array(view.buffer);
}

/** What {@linkcode encode} puts together. */
export interface Siginfo {
  readonly number: number;
  readonly code?: number;
  readonly pid: number;
  readonly uid: number;
  /** As many bits as a pointer has. */
  readonly value: bigint;
}

/** The struct for a signal that is sent, as sigqueue(3) makes it. */
export function encode(
  { number, code = SI_QUEUE, pid, uid, value }: Siginfo,
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(SIGINFO_SIZE));
  view.setInt32(SIGINFO_SIGNO, number, true);
  view.setInt32(SIGINFO_CODE, code, true);
  view.setInt32(SIGINFO_PID, pid, true);
  view.setUint32(SIGINFO_UID, uid, true);
  view.setBigInt64(SIGINFO_VALUE, value, true);
  return new Uint8Array(view.buffer);
}
