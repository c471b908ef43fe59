/**
 * "Did you mean": the name nearest to one that is not known.
 *
 * @module
 */

/**
 * The name that takes the fewest edits, if they are few for its length; else one that begins with a word so near:
 * `log.sevrity` means `log.severity_number`. undefined when none is near.
 */
export function nearestName(wrong: string, names: Iterable<string>): string | undefined {
  const known = [...names];
  const whole = fewestEdits(wrong, known);
  if (whole !== undefined) return whole;
  const longer = known.filter((name) => name.includes("_")).reverse(); // of several with one beginning the first
  const beginnings = new Map(longer.map((name) => [name.slice(0, name.lastIndexOf("_")), name]));
  const beginning = fewestEdits(wrong, beginnings.keys());
  return beginning === undefined ? undefined : beginnings.get(beginning);
}

function fewestEdits(wrong: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.max(1, Math.floor(wrong.length / 3)) + 1;
  for (const name of names) {
    // Case counts little: ismatch means IsMatch, whatever else is near.
    const edits = wrong.toLowerCase() === name.toLowerCase() ? 0.5 : editDistance(wrong, name, fewest);
    if (edits >= fewest) continue;
    nearest = name;
    fewest = edits;
  }
  return nearest;
}

/** `, did you mean "…"?`, or nothing. */
export function suggestion(wrong: string, names: Iterable<string>): string {
  const name = nearestName(wrong, names);
  return name === undefined ? "" : `, did you mean "${name}"?`;
}

/** Characters to add, take out, replace or swap with their neighbour; `bound` when it is that many or more. */
function editDistance(left: string, right: string, bound: number): number {
  if (Math.abs(left.length - right.length) >= bound) return bound;
  const rows = [Array.from({ length: right.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= right.length; j++) row.push(stepCost(left, right, rows, i, j));
  }
  return Math.min(rows[left.length]![right.length]!, bound);
}

function stepCost(left: string, right: string, rows: number[][], i: number, j: number): number {
  const replaced = rows[i - 1]![j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
  const cost = Math.min(replaced, rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1);
  const isSwapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
  return isSwapped ? Math.min(cost, rows[i - 2]![j - 2]! + 1) : cost;
}
