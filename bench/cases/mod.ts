/** The mechanisms that are measured, in the order of the report. */

import type { Case } from "../case.ts";
import { fifo } from "./fifo.ts";
import { posixMq, sysvMq } from "./mq.ts";
import { pipe } from "./pipe.ts";

/** A line for each. */
export const cases: readonly Case[] = [
  pipe,
  fifo,
  posixMq,
  sysvMq,
];
