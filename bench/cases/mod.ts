/** The mechanisms that are measured, in the order of the report. */

import type { Case } from "../case.ts";
import { broadcast } from "./broadcast.ts";
import { event, eventPoller } from "./event.ts";
import { fifo } from "./fifo.ts";
import { alone } from "./lock_alone.ts";
import { posixMq, sysvMq } from "./mq.ts";
import { pipe } from "./pipe.ts";
import { pty } from "./pty.ts";
import { signal } from "./signal.ts";
import { socketConnect } from "./socket_connect.ts";
import { socketDatagram, socketSeqpacket, socketStream } from "./socket.ts";
import { ring, ringAsleep, ringInPlace } from "./ring.ts";
import { contendedMutex, semaphores, sysvSemaphores } from "./sem.ts";

/** A line for each. */
export const cases: readonly Case[] = [
  pipe,
  fifo,
  event,
  eventPoller,
  socketStream,
  socketSeqpacket,
  socketDatagram,
  socketConnect,
  posixMq,
  sysvMq,
  ring,
  ringInPlace,
  ringAsleep,
  broadcast,
  semaphores,
  sysvSemaphores,
  contendedMutex,
  ...alone,
  signal,
  pty,
];
