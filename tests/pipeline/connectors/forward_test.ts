import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { forwardConnectorFactory } from "../../../pipeline/connectors/forward.ts";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import { Destination, payloadWith } from "../queue/support.ts";
import { testDeps } from "../../support/component_deps.ts";

function create(pipelines: Destination[]) {
  const byId = new Map(pipelines.map((pipeline, place) => [`traces/${place}`, pipeline]));
  return forwardConnectorFactory.create({}, { ...testDeps(), from: "traces", to: "traces" }, byId);
}

Deno.test("forward hands the payload itself to each pipeline", async () => {
  const pipelines = [new Destination(), new Destination()];
  for (const pipeline of pipelines) pipeline.answer = () => KEPT;
  const payload = payloadWith(3);
  strictEqual(await create(pipelines).consume(payload, new AbortController().signal), KEPT);
  for (const { calls } of pipelines) strictEqual(calls[0]?.payload, payload);
});

Deno.test("forward asks its pipelines before a body is read, and does not own them", () => {
  const full = Object.assign(new Destination(), {
    admit: () => {
      throw new UnavailableError("Cannot queue: full");
    },
    shutdown: () => Promise.reject(new Error("not its to stop")),
  });
  const forward = create([full]);
  throws(() => forward.admit?.(1), UnavailableError);
  strictEqual(forward.shutdown, undefined);
});

Deno.test("forward keeps the signal", () => {
  deepStrictEqual(forwardConnectorFactory.routes.filter(({ from, to }) => from !== to), []);
  strictEqual(forwardConnectorFactory.routes.length, 4);
  deepStrictEqual(forwardConnectorFactory.schema.parse(null), {});
  strictEqual(forwardConnectorFactory.schema.safeParse({ pipelines: [] }).success, false);
});
