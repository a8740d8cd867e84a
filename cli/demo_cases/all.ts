import type { Case } from "../_demo/case.ts";
import { eventCases } from "./event.ts";
import { fifoCases } from "./fifo.ts";
import { fifoPythonCases } from "./fifo_python.ts";
import { lockCases } from "./lock.ts";
import { muxCases } from "./mux.ts";
import { mqCases } from "./mq.ts";
import { pipeCases } from "./pipe.ts";
import { semCases } from "./sem.ts";
import { semMutexCases } from "./sem_mutex.ts";
import { ptyCases } from "./pty.ts";
import { signalCases } from "./signal.ts";
import { socketCases } from "./socket.ts";
import { socketPythonCases } from "./socket_python.ts";
import { shmCases } from "./shm.ts";

/** Every case, in the order in which they are played. */
export const cases: readonly Case[] = [
  ...pipeCases,
  ...fifoCases,
  ...fifoPythonCases,
  ...eventCases,
  ...muxCases,
  ...socketCases,
  ...socketPythonCases,
  ...mqCases,
  ...shmCases,
  ...semCases,
  ...semMutexCases,
  ...lockCases,
  ...signalCases,
  ...ptyCases,
];
