/** What this package sets out to reach, as ratios measured in the same run. */

import type { Voice } from "./case.ts";
import { alone } from "./cases/lock_alone.ts";
import { posixMq, sysvMq } from "./cases/mq.ts";
import { ring, ringAsleep, ringInPlace } from "./cases/ring.ts";
import { semaphores } from "./cases/sem.ts";
import { signal } from "./cases/signal.ts";
import { socketStream } from "./cases/socket.ts";
import { C } from "./contender.ts";
import { denoConnections } from "./peers/deno_connections.ts";
import { denoDatagram } from "./peers/deno_datagram.ts";
import { denoUnix } from "./peers/deno_unix.ts";
import type { PlacementName } from "./placement.ts";
import { type Figure, isRate, ratio, rowOf, type Table } from "./results.ts";

/** A ratio to keep. */
export interface Target {
  /** The case it is for, if not for all. */
  readonly only?: string;
  readonly placement: PlacementName;
  readonly size: number;
  readonly voice: Voice;
  readonly figure: Figure;
  /** The row to compare with. */
  readonly against: string;
  /** The most for times, the least for throughput. */
  readonly limit: number;
}

/** A target and how it stands; `ratio` is undefined if it was not measured. */
export interface Outcome extends Target {
  readonly case: string;
  readonly ratio: number | undefined;
  readonly met: boolean;
}

const DENO = denoUnix.name;
const CONNECTIONS = denoConnections.name;
const DATAGRAMS = denoDatagram.name;
const TARGETS: readonly Target[] = [
  small("one core", "sync", "p50", C, 1.25),
  small("one core", "async", "p50", C, 2),
  small("one core", "async", "p50", DENO, 0.5),
  small("one core", "async, no spin", "p50", DENO, 1.5),
  small("free", "async", "p50", DENO, 0.3),
  small("free", "async", "p99", DENO, 1),
  large("one core", "sync"),
  large("one core", "async"),
  large("free", "sync"),
  large("free", "async"),
  { ...large("one core", "async", DENO, 1.2), only: socketStream.name },
  small("one core", "async", "p50", DATAGRAMS, 0.5),
  { ...small("one core", "sync", "p50", CONNECTIONS, 1), size: 1 },
  { ...small("one core", "async", "p50", CONNECTIONS, 1), size: 1 },
  ...[posixMq, sysvMq].flatMap(({ name: only }) => [
    { ...small("one core", "sync", "throughput", C, 0.6), only },
    { ...small("one core", "async", "throughput", C, 0.6), only },
  ]),
  { ...small("free", "sync", "p50", C, 2.5), only: ring.name },
  { ...small("free", "sync", "throughput", C, 0.35), only: ring.name },
  { ...small("free", "sync", "throughput", C, 0.7), only: ringInPlace.name },
  { ...small("one core", "sync", "p50", C, 2), only: ringAsleep.name },
  { ...small("one core", "sync", "p50", C, 4), size: 0, only: signal.name },
  { ...small("one core", "async", "p50", C, 5), size: 0, only: signal.name },
  ...[ring, ringInPlace].map(({ name: only }) => ({
    ...small("free", "sync", "throughput", C, 0.8),
    size: 4096,
    only,
  })),
  semaphorePair("sync", 1.25),
  semaphorePair("async", 2.5),
  ...alone.map(({ name: only }) => ({
    ...small("one core", "sync", "alone", C, 0.5),
    size: 0,
    only,
  })),
];

/** Cases that are there to be seen, and are only aimed at by name. */
const SHOWN: readonly string[] = [ringAsleep.name];

/** How the targets stand that these tables can answer. */
export function outcomes(tables: readonly Table[]): Outcome[] {
  return tables.flatMap((table) =>
    TARGETS.filter((target) => appliesTo(target, table))
      .map((target) => outcome(target, table))
  );
}

/** A round trip over a pair of semaphores. */
function semaphorePair(voice: Voice, limit: number): Target {
  const target = small("one core", voice, "p50", C, limit);
  return { ...target, size: 0, only: semaphores.name };
}

function small(
  placement: PlacementName,
  voice: Voice,
  figure: Figure,
  against: string,
  limit: number,
): Target {
  return { placement, size: 64, voice, figure, against, limit };
}

function large(
  placement: PlacementName,
  voice: Voice,
  against: string = C,
  limit: number = 0.8,
): Target {
  const size = 65_536;
  return { placement, size, voice, figure: "throughput", against, limit };
}

function appliesTo(target: Target, table: Table): boolean {
  const aimedAt = target.only === undefined
    ? !SHOWN.includes(table.case)
    : target.only === table.case;
  return aimedAt &&
    target.placement === table.placement && target.size === table.size &&
    rowOf(table, target.voice) !== undefined &&
    rowOf(table, target.against) !== undefined;
}

function outcome(target: Target, table: Table): Outcome {
  const ours = rowOf(table, target.voice)!;
  const theirs = rowOf(table, target.against)!;
  const value = ratio(ours, theirs, target.figure);
  const met = value !== undefined &&
    (isRate(target.figure) ? value >= target.limit : value <= target.limit);
  return { ...target, case: table.case, ratio: value, met };
}
