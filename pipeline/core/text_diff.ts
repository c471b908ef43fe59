/**
 * The difference of two texts as a unified diff, bounded in time: what differs too much is told as a whole.
 *
 * Source: Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), its greedy form.
 *
 * @module
 */

/** Lines of context around a change. */
const CONTEXT_LINES = 3;
/** Lines that may differ before the middle is told as one replacement: memory and time grow with its square. */
export const MAX_DIFFERENCES = 1_000;

/** One line of a diff: in both, only in the old, only in the new. */
interface DiffLine {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

/** A unified diff without file names; "" when both are the same. */
export function diffLines(before: string, after: string): string {
  if (before === after) return "";
  return hunksOf(linesBetween(before.split("\n"), after.split("\n"))).join("\n");
}

function linesBetween(before: readonly string[], after: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return [
    ...marked(" ", before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...marked(" ", before.slice(before.length - tail)),
  ];
}

function marked(mark: DiffLine["mark"], lines: readonly string[]): DiffLine[] {
  return lines.map((text) => ({ mark, text }));
}

function middle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const trace = traceOf(before, after);
  if (trace === undefined) return [...marked("-", before), ...marked("+", after)];
  return walkBack(before, after, trace);
}

/** For each number of differences how far each diagonal (old less new position) came, in positions of the old. */
function traceOf(before: readonly string[], after: readonly string[]): readonly Int32Array[] | undefined {
  const most = Math.min(before.length + after.length, MAX_DIFFERENCES);
  const furthest = new Int32Array(2 * most + 3);
  const at = (diagonal: number) => diagonal + most + 1;
  const trace: Int32Array[] = [];
  for (let differences = 0; differences <= most; differences++) {
    trace.push(furthest.slice(at(-differences) - 1, at(differences) + 2));
    for (let diagonal = -differences; diagonal <= differences; diagonal += 2) {
      const isInsertion = diagonal === -differences ||
        (diagonal !== differences && furthest[at(diagonal - 1)]! < furthest[at(diagonal + 1)]!);
      let old = isInsertion ? furthest[at(diagonal + 1)]! : furthest[at(diagonal - 1)]! + 1;
      while (old < before.length && old - diagonal < after.length && before[old] === after[old - diagonal]) old++;
      furthest[at(diagonal)] = old;
      if (old >= before.length && old - diagonal >= after.length) return trace;
    }
  }
  return undefined;
}

function walkBack(before: readonly string[], after: readonly string[], trace: readonly Int32Array[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let [old, fresh] = [before.length, after.length];
  for (let differences = trace.length - 1; differences >= 0; differences--) {
    const furthest = trace[differences] ?? new Int32Array();
    const at = (diagonal: number) => diagonal + differences + 1;
    const diagonal = old - fresh;
    const isInsertion = diagonal === -differences ||
      (diagonal !== differences && furthest[at(diagonal - 1)]! < furthest[at(diagonal + 1)]!);
    const from = differences === 0 ? 0 : diagonal + (isInsertion ? 1 : -1);
    const oldFrom = differences === 0 ? 0 : furthest[at(from)]!;
    const freshFrom = oldFrom - from;
    while (old > oldFrom && fresh > freshFrom) {
      lines.push({ mark: " ", text: before[--old] ?? "" });
      fresh--;
    }
    if (differences === 0) break;
    if (isInsertion) lines.push({ mark: "+", text: after[--fresh] ?? "" });
    else lines.push({ mark: "-", text: before[--old] ?? "" });
  }
  return lines.reverse();
}

/** Changes with the lines around them, those that lie close together in one hunk. */
function hunksOf(lines: readonly DiffLine[]): string[] {
  const shown = new Set<number>();
  lines.forEach(({ mark }, index) => {
    if (mark === " ") return;
    for (let near = index - CONTEXT_LINES; near <= index + CONTEXT_LINES; near++) shown.add(near);
  });
  const output: string[] = [];
  let [old, fresh] = [1, 1];
  lines.forEach(({ mark, text }, index) => {
    if (shown.has(index)) {
      if (!shown.has(index - 1) || index === 0) output.push(`@@ -${old} +${fresh} @@`);
      output.push(`${mark}${text}`);
    }
    if (mark !== "+") old++;
    if (mark !== "-") fresh++;
  });
  return output;
}
