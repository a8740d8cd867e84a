import type { Case } from "../_demo/case.ts";
import { fifoCases } from "./fifo.ts";
import { fifoPythonCases } from "./fifo_python.ts";
import { mqCases } from "./mq.ts";
import { pipeCases } from "./pipe.ts";

/** Every case, in the order in which they are played. */
export const cases: readonly Case[] = [
  ...pipeCases,
  ...fifoCases,
  ...fifoPythonCases,
  ...mqCases,
];
