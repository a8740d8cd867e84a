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
      widths[i] = Math.max(widths[i] ?? 0, columnsOf(cell));
    });
  }
  return rows.map((row) =>
    row.map((cell, i) => aligned(cell, widths[i], aligns[i])).join("  ")
      .trimEnd()
  ).join("\n");
}

function aligned(cell: string, width: number, align: Align = "right"): string {
  const space = " ".repeat(width - columnsOf(cell));
  return align === "left" ? cell + space : space + cell;
}

/** Characters that terminals show in two columns, and on top of others. */
const WIDE =
  /[\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/u;
const COMBINING = /[\p{Mn}\p{Me}]/u;

/** How many columns of a terminal a text takes. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (COMBINING.test(character)) continue;
    columns += WIDE.test(character) ? 2 : 1;
  }
  return columns;
}
