import { deepStrictEqual, throws } from "node:assert";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { OttlList, OttlMap, type Value } from "../../../../ottl/values/value.ts";
import { openContext, walk } from "../../../../pipeline/otlp/ottl/mod.ts";
import { type Origin, payloadOf } from "../../../../pipeline/otlp/payload.ts";
import { requestBytes } from "../../../support/otlp_samples.ts";

const ORIGIN: Origin = {
  metadata: new Map([["x-tenant", ["acme", "b"]], ["y", ["1"]]]),
  client: {
    address: "10.1.1.9:52114",
    grpcMetadata: new Map([["k", ["v1", "v2"]]]),
    authAttributes: new Map<string, string | number | boolean>([["sub", "me"], ["n", 3]]),
  },
};

function plain(value: Value): unknown {
  if (value instanceof OttlList) return value.items;
  if (value instanceof OttlMap) return Object.fromEntries(value.entries().map(([key, entry]) => [key, plain(entry)]));
  return value;
}

/** The path, on one item of a payload from `origin`. */
function onItem(
  origin: Origin,
  name: string,
  keys: readonly Value[],
  use: (get: () => Value, set: () => void) => void,
) {
  const { resolver, cursor } = openContext("logs", "log");
  const fields = name.split(".").map((field) => ({
    name: field,
    keys: [] as { constant: Value; evaluate(): Value }[],
  }));
  fields.at(-1)!.keys.push(...keys.map((key) => ({ constant: key, evaluate: () => key })));
  const path = resolver.resolve({ context: "otelcol", fields, text: `otelcol.${name}` });
  const visit = () => {
    use(() => path.get(cursor), () => path.set(cursor, "x"));
    return true;
  };
  walk(payloadOf("logs", requestBytes("logs", 1), 1, origin), cursor, { visit: { log: visit } });
}

Deno.test("otelcol paths", async (t) => {
  const cases: { name: string; keys?: Value[]; want: unknown; unknown: unknown }[] = [
    { name: "client.addr", want: "10.1.1.9:52114", unknown: null },
    { name: "client.metadata", want: { "x-tenant": ["acme", "b"], y: ["1"] }, unknown: {} },
    { name: "client.metadata", keys: ["X-Tenant"], want: ["acme", "b"], unknown: null },
    { name: "client.metadata", keys: ["x-tenant", 1n], want: "b", unknown: null },
    { name: "client.metadata", keys: ["z"], want: null, unknown: null },
    { name: "grpc.metadata", keys: ["K", 0n], want: "v1", unknown: null },
    { name: "client.auth.attributes", want: { sub: "me", n: 3 }, unknown: {} },
    { name: "client.auth.attributes", keys: ["sub"], want: "me", unknown: null },
  ];
  for (const { name, keys = [], want, unknown } of cases) {
    await t.step(`${name} ${keys.join(" ")}`, () => {
      onItem(ORIGIN, name, keys, (get, set) => {
        deepStrictEqual(plain(get()), want);
        throws(set, (error) => error instanceof OttlError && error.category === "read_only");
      });
      onItem({ metadata: new Map() }, name, keys, (get) => deepStrictEqual(plain(get()), unknown));
    });
  }
  for (const keys of [["x-tenant", 2n], ["x-tenant", -1n], ["x-tenant", 0n, 0n], [1n], ["x-tenant", "a"]]) {
    await t.step(`metadata ${keys.join(" ")} is an error`, () => {
      onItem(ORIGIN, "client.metadata", keys, (get) => {
        throws(get, (error) => error instanceof OttlError && error.category === "index");
      });
    });
  }
});
