/** The results as text. */

import { C } from "./contender.ts";
import { denoConnections } from "./peers/deno_connections.ts";
import { denoDatagram } from "./peers/deno_datagram.ts";
import { denoUnix } from "./peers/deno_unix.ts";
import {
  type Figure,
  figure,
  isRate,
  ratio,
  type Row,
  rowOf,
  type Table,
} from "./results.ts";
import type { Outcome } from "./targets.ts";
import { textTable } from "../cli/_text_table.ts";
import { digits } from "./digits.ts";

const HEADINGS = [
  "",
  "p50 µs",
  "p99 µs",
  "× C",
  "× Deno",
  "MB/s",
  "msg/ms",
  "× C",
  "× Deno",
];

const ALONE_HEADINGS = ["", "ns", "a ms", "× C"];

/** A table, with its title above and what went wrong below. */
export function formatTable(table: Table): string {
  const alone = table.rows.some(({ samples }) => samples.alone.length > 0);
  const c = rowOf(table, C);
  const deno = [denoUnix, denoConnections, denoDatagram]
    .map(({ name }) => rowOf(table, name))
    .find((row) => row !== undefined);
  const rows = table.rows.map((row) =>
    alone ? aloneCells(row, c) : cells(row, table.size, c, deno)
  );
  const headings = alone ? ALONE_HEADINGS : HEADINGS;
  const title = `${table.case}, ${placementText(table)}` +
    (alone ? "" : `, ${table.size} B`);
  const notes = table.rows.flatMap(({ name, failure, missing }) =>
    failure
      ? [`${name} FAILED: ${failure}`]
      : missing
      ? [`${name}: ${missing}`]
      : []
  );
  return [title, textTable([headings, ...rows]), ...notes].join("\n");
}

function placementText({ placement }: Table): string {
  return placement === "free" ? "free placement" : "both on one core";
}

function cells(
  row: Row,
  size: number,
  c: Row | undefined,
  deno: Row | undefined,
): string[] {
  const messages = figure(row, "throughput");
  const bytes = messages === undefined ? undefined : messages * size;
  return [
    row.name,
    digits(figure(row, "p50")),
    digits(figure(row, "p99")),
    ratioCell(row, c, "p50"),
    ratioCell(row, deno, "p50"),
    digits(bytes && bytes / 1e6),
    digits(messages && messages / 1e3),
    ratioCell(row, c, "throughput"),
    ratioCell(row, deno, "throughput"),
  ];
}

function aloneCells(row: Row, c: Row | undefined): string[] {
  const times = figure(row, "alone");
  return [
    row.name,
    digits(times && 1e9 / times),
    digits(times && times / 1e3),
    ratioCell(row, c, "alone"),
  ];
}

function ratioCell(row: Row, other: Row | undefined, which: Figure): string {
  return digits(other && ratio(row, other, which));
}

/** A line for each target. */
export function formatOutcomes(all: readonly Outcome[]): string {
  const rows = all.map((each) => [
    `${each.case}, ${each.placement}, ${each.size} B: ` +
    `${each.voice} ${each.figure}`,
    digits(each.ratio),
    `× ${each.against}`.padEnd("× Deno unix socket".length),
    `${isRate(each.figure) ? "≥" : "≤"} ${each.limit}`.padEnd(6),
    each.ratio === undefined ? "not measured" : each.met ? "met" : "MISSED",
  ]);
  return ["Targets", textTable(rows)].join("\n");
}
