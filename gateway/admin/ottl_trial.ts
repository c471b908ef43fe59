/**
 * OTTL tried over OTLP/JSON that an operator gives, as `sluice ottl run` and `explain` do it.
 *
 * @module
 */

import { OttlError } from "../../ottl/mod.ts";
import { GatewayError } from "../../pipeline/core/errors.ts";
import { type Clock, systemClock } from "../../pipeline/core/clock.ts";
import { RefusedError } from "../../routes/admin/control.ts";
import { MAX_TRIAL_WORK, type OttlRequest, type OttlTrial } from "../../routes/admin/schemas.ts";
import { openTexts } from "../ottl/asked.ts";
import { explain } from "../ottl/explain.ts";
import { diffLines, flatten } from "../ottl/item_text.ts";
import { jsonPayload } from "../ottl/payload_source.ts";
import { jsonOf, runOver } from "../ottl/run.ts";
import { counted } from "../ottl/session.ts";
import { optionTexts } from "../ottl/texts.ts";
import { UsageError } from "../ottl/usage_error.ts";

/**
 * What one trial may take, milliseconds: it runs in the control thread, which with `--workers 1` takes data too.
 */
export const MAX_TRIAL_MS = 200;
/** Of that the timing of texts, which would take as long as it may. */
const MAX_TIMED_MS = 60;

/** Who looks at the clock while a trial runs, and says what took long. */
class TrialTime {
  stage = "to read the payload";
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #endMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + MAX_TRIAL_MS;
  }

  /** @throws {RefusedError} It is over. */
  readonly check = (): void => {
    if (this.#clock.monotonicMs() <= this.#endMs) return;
    throw new RefusedError(
      `Cannot try that: it takes longer than ${MAX_TRIAL_MS} ms ${this.stage}, ` +
        "wanted a smaller payload, or fewer or simpler statements",
    );
  };
}

/** @throws {RefusedError} The statements do not load or fail, the payload cannot be read, or it costs too much. */
export function tryOttl(request: OttlRequest, clock: Pick<Clock, "monotonicMs"> = systemClock): OttlTrial {
  checkWork(request);
  try {
    const time = new TrialTime(clock);
    return counted(request.payload.length, time.check, () => run(request, time));
  } catch (thrown) {
    const isExpected = thrown instanceof UsageError || thrown instanceof OttlError || thrown instanceof GatewayError ||
      thrown instanceof RangeError;
    if (isExpected) throw new RefusedError(thrown.message);
    throw thrown;
  }
}

/** Each text is explained by the whole payload before and after it. */
function checkWork({ statements, conditions, payload }: OttlRequest): void {
  const texts = statements.length + conditions.length;
  const work = texts * payload.length;
  if (work <= MAX_TRIAL_WORK) return;
  throw new RefusedError(
    `Cannot try ${texts} texts over ${payload.length} characters: their product is ${work}, wanted ${MAX_TRIAL_WORK} at the most`,
  );
}

function run(
  { statements, conditions, signal, context, error_mode, payload: text, explain_item }: OttlRequest,
  time: TrialTime,
) {
  if (statements.length + conditions.length === 0) {
    throw new RefusedError("Cannot try anything: there are no statements, wanted one or more");
  }
  const payload = jsonPayload(new TextEncoder().encode(text), signal);
  const texts = {
    statements: optionTexts(statements, "statement"),
    conditions: optionTexts(conditions, "condition"),
  };
  const asked = {
    file: undefined,
    statement: statements,
    condition: conditions,
    signal: payload.signal,
    context,
    input: "",
    featureGates: [],
  };
  const session = openTexts(texts, asked, payload.signal);
  time.stage = "to run the statements";
  const { changed, failures } = runOver(payload, session, error_mode, time.check);
  time.stage = "to compare the payloads";
  time.check();
  const after = jsonOf(changed);
  const changes = diffLines(flatten(jsonOf(payload)), flatten(after));
  time.stage = "to explain the item";
  const bounds = { timedMs: MAX_TIMED_MS / (statements.length + conditions.length), check: time.check };
  const isEmpty = payload.itemCount === 0;
  const explanation = isEmpty ? [] : explain(payload, texts, { ...asked, item: explain_item }, undefined, bounds);
  return {
    signal: payload.signal,
    context: session.context,
    payload: JSON.stringify(after),
    changes,
    failures,
    explanation,
  };
}
