/**
 * The loops that are timed: each measure in both roles, blocking and not. The
 * C programs do exactly the same.
 */

import type { Role, Transfer } from "./case.ts";
import type { Order, Sample } from "./orders.ts";
import { percentile } from "./statistics.ts";

/** One byte that says that everything has arrived. */
const RECEIPT = 1;

/** Carries out an order, blocking the thread. */
export function measureSync(
  { send, receive }: Transfer<void>,
  role: Role,
  { measure, size, count }: Order,
): Sample | undefined {
  const data = new Uint8Array(size);
  if (measure === "round trip") {
    return role === "a" ? roundTrips() : echo();
  }
  if (measure === "alone") return role === "a" ? alone() : undefined;
  const receipt = new Uint8Array(RECEIPT);
  return role === "a" ? source() : sink();

  function alone(): Sample {
    const begin = performance.now();
    for (let i = 0; i < count; i++) send(data);
    return { seconds: (performance.now() - begin) / 1000 };
  }

  function roundTrips(): Sample {
    const times = new Float64Array(count + 1);
    times[0] = performance.now();
    for (let i = 1; i <= count; i++) {
      send(data);
      receive(data);
      times[i] = performance.now();
    }
    return toSample(times);
  }

  function echo(): undefined {
    for (let i = 0; i < count; i++) {
      receive(data);
      send(data);
    }
  }

  function source(): Sample {
    const begin = performance.now();
    for (let i = 0; i < count; i++) send(data);
    receive(receipt);
    return { seconds: (performance.now() - begin) / 1000 };
  }

  function sink(): undefined {
    for (let i = 0; i < count; i++) receive(data);
    send(receipt);
  }
}

/** Carries out an order, waiting in the event loop. */
export async function measureAsync(
  { send, receive }: Transfer<Promise<void>>,
  role: Role,
  { measure, size, count }: Order,
): Promise<Sample | undefined> {
  const data = new Uint8Array(size);
  if (measure === "round trip") {
    return role === "a" ? await roundTrips() : await echo();
  }
  if (measure === "alone") return role === "a" ? await alone() : undefined;
  const receipt = new Uint8Array(RECEIPT);
  return role === "a" ? await source() : await sink();

  async function alone(): Promise<Sample> {
    const begin = performance.now();
    for (let i = 0; i < count; i++) await send(data);
    return { seconds: (performance.now() - begin) / 1000 };
  }

  async function roundTrips(): Promise<Sample> {
    const times = new Float64Array(count + 1);
    times[0] = performance.now();
    for (let i = 1; i <= count; i++) {
      await send(data);
      await receive(data);
      times[i] = performance.now();
    }
    return toSample(times);
  }

  async function echo(): Promise<undefined> {
    for (let i = 0; i < count; i++) {
      await receive(data);
      await send(data);
    }
  }

  async function source(): Promise<Sample> {
    const begin = performance.now();
    for (let i = 0; i < count; i++) await send(data);
    await receive(receipt);
    return { seconds: (performance.now() - begin) / 1000 };
  }

  async function sink(): Promise<undefined> {
    for (let i = 0; i < count; i++) await receive(data);
    await send(receipt);
  }
}

/** From the moments between round trips, in milliseconds. */
function toSample(moments: Float64Array): Sample {
  const trips = moments.length - 1;
  const seconds = (moments[trips] - moments[0]) / 1000;
  const microseconds = new Float64Array(trips);
  for (let i = 0; i < trips; i++) {
    microseconds[i] = (moments[i + 1] - moments[i]) * 1000;
  }
  microseconds.sort();
  return {
    seconds,
    p50: percentile(microseconds, 0.5),
    p99: percentile(microseconds, 0.99),
  };
}
