/** What is measured against each other: the rows of a table. */

import type { Case, Link, Place, Role } from "./case.ts";
import type { Compiled, Compiler } from "./native.ts";
import { ordersPath } from "./orders.ts";
import { workerArgs } from "./worker_args.ts";

/** Two processes of a kind that can be started. */
export interface Contender {
  /** The row: a voice of the case, "C", or one of Deno's own. */
  readonly name: string;
  /** The command line of one side; undefined for what cannot be run. */
  readonly command: (place: Place, role: Role) => readonly string[];
  /** Makes what they talk through. */
  readonly link?: (place: Place) => Link | Promise<Link>;
  /** Whether side `a` starts side `b`. */
  readonly startsPeer: boolean;
  /** Why it cannot be run here, if it cannot. */
  readonly missing?: string;
  /** Why it could not be made, if it should have been. */
  readonly failure?: string;
}

/** The name of the row of the C program. */
export const C = "C";

/** A case's own voices, and C. */
export async function contendersOf(
  measured: Case,
  compiler: Compiler,
): Promise<Contender[]> {
  const voices = measured.voices.map((voice): Contender => ({
    name: voice,
    command: (place, role) => [
      Deno.execPath(),
      ...workerArgs({ case: measured.name, voice, role, place }),
    ],
    link: measured.link,
    startsPeer: measured.startsPeer ?? false,
  }));
  if (measured.c === undefined) return voices;
  const { source, link } = measured.c;
  return [...voices, cContender(await compiler.compile(source), link)];
}

function cContender(compiled: Compiled, link: Contender["link"]): Contender {
  const path = "path" in compiled ? compiled.path : "";
  return {
    name: C,
    command: (place, role) => [path, role, ordersPath(place, role)],
    link,
    startsPeer: false,
    ...compiled,
  };
}

/** One of Deno's own, under its name. */
export function peerContender(peer: Case): Contender {
  const [voice] = peer.voices;
  return {
    name: peer.name,
    command: (place, role) => [
      Deno.execPath(),
      ...workerArgs({ case: peer.name, voice, role, place }),
    ],
    link: peer.link,
    startsPeer: peer.startsPeer ?? false,
  };
}
