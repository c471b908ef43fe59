/**
 * Tables and figures for people.
 *
 * @module
 */

export type Cell = string | number;

/** Columns as wide as they must be; numbers stand to the right. */
export function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isNumber = heads.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === "number"));
  const lines = [heads, ...rows].map((row) => row.map((cell) => plain(String(cell))));
  const widths = heads.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) =>
    line.map((cell, at) => isNumber[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)).join("  ")
      .trimEnd()
  ).join("\n");
}

/** What comes from elsewhere must not steer the terminal. */
export function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- these are the characters that must not reach a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

/** A text of several lines for a terminal. */
export function plainLines(text: string): string {
  return text.split("\n").map(plain).join("\n");
}

/** `12.3k`; "-" when nobody knows. */
export function figure(value: number | null): string {
  if (value === null) return "-";
  const [unit, size] = value >= 1e9 ? ["G", 1e9] : value >= 1e6 ? ["M", 1e6] : value >= 1e4 ? ["k", 1e3] : ["", 1];
  const scaled = value / Number(size);
  return `${scaled >= 100 || Number.isInteger(scaled) ? scaled.toFixed(0) : scaled.toFixed(1)}${unit}`;
}

/** `250ms`, `12.3s`, `5m`, `3h`. */
export function age(durationMs: number | null): string {
  if (durationMs === null) return "-";
  if (durationMs < 1_000) return `${durationMs.toFixed(0)}ms`;
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(1)}s`;
  if (durationMs < 3_600_000) return `${(durationMs / 60_000).toFixed(0)}m`;
  return `${(durationMs / 3_600_000).toFixed(1)}h`;
}

export function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
