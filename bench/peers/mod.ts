/** What Deno itself has for the same purpose: rows in every table. */

import type { Case } from "../case.ts";
import { denoCommand } from "./deno_command.ts";
import { denoUnix } from "./deno_unix.ts";

/** A line for each. */
export const peers: readonly Case[] = [
  denoUnix,
  denoCommand,
];
