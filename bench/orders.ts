/**
 * How the bench tells a measured process what to do, and what that answers.
 * Orders are lines of plain words, so that a C program needs no parser; they
 * come through a FIFO, since a process may need its standard input for data.
 */

import type { Measure, Place, Role, Voice } from "./case.ts";

/** Measure `count` times with `size` bytes. */
export interface Order {
  readonly measure: Measure;
  readonly size: number;
  readonly count: number;
}

/** What came out, which side `a` prints as a line of JSON. */
export interface Sample {
  /** How long all of it took. */
  readonly seconds: number;
  /** The median round trip, in microseconds. */
  readonly p50?: number;
  /** The round trip that only one in a hundred exceeds, in microseconds. */
  readonly p99?: number;
}

/** The argument of a worker. */
export interface Assignment {
  readonly case: string;
  readonly voice: Voice;
  readonly role: Role;
  readonly place: Place;
}

/** Where the orders for one side come from. */
export function ordersPath(place: Place, role: Role): string {
  return `${place.directory}/orders-${role}`;
}

/** The line for an order. */
export function formatOrder({ measure, size, count }: Order): string {
  return `${measure.replace(" ", "-")} ${size} ${count}\n`;
}

/** The order of a line. */
export function parseOrder(line: string): Order {
  const [measure, size, count] = line.split(" ");
  return {
    measure: measure.replace("-", " ") as Measure,
    size: Number(size),
    count: Number(count),
  };
}
