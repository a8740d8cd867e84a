/** Lines of columns that are as wide as what is in them. */

/** How a column is set: by default the first to the left, others to the right. */
export type Align = "left" | "right";

/** Rows as lines of equal columns. */
export function textTable(
  rows: readonly (readonly string[])[],
  aligns: readonly Align[] = ["left"],
): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row.map((cell, i) =>
      aligns[i] === "left" ? cell.padEnd(widths[i]) : cell.padStart(widths[i])
    ).join("  ").trimEnd()
  ).join("\n");
}
