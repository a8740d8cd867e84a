/** How many events are taken at a time. */

import { wholeNumber } from "../_internal/arguments.ts";
import type { EventsOptions } from "./epoll_types.ts";

/** If nothing is said. */
export const DEFAULT_EVENTS = 256;
const MOST_EVENTS = 1_000_000;

/** How many to take at the most. */
export function mostOf({ maxEvents = DEFAULT_EVENTS }: EventsOptions): number {
  return wholeNumber(
    maxEvents,
    "wait for events",
    "maxEvents",
    1,
    MOST_EVENTS,
  );
}
