/**
 * Walks over payloads: what is visited, what an edit changes, and that nothing else does.
 *
 * @module
 */

import { deepStrictEqual, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { OttlError } from "../../../../ottl/values/errors.ts";
import { InvalidPayloadError } from "../../../../pipeline/core/errors.ts";
import {
  contextsOf,
  Cursor,
  type LevelName,
  openContext,
  partition,
  walk,
} from "../../../../pipeline/otlp/ottl/mod.ts";
import { MAX_ATTRIBUTES, WireMap } from "../../../../pipeline/otlp/ottl/wire_map.ts";
import { mergePayloads, NO_ORIGIN, type Payload, payloadBytes, payloadOf } from "../../../../pipeline/otlp/payload.ts";
import { type Signal, SIGNAL_NAMES, SIGNALS } from "../../../../pipeline/otlp/signals.ts";
import { ProtoWriter } from "../../../../pipeline/wire/protobuf_writer.ts";
import { arbitraryRequest, countLines, itemLines } from "../../../support/otlp_arbitrary.ts";
import { decodeRequest, encodeMessage, REQUEST_TYPES } from "../../../support/otlp_proto.ts";
import { assertSound, DATA, type Message, messagesOf, PATHS, read } from "../../../support/otlp_levels.ts";
import { requestBytes } from "../../../support/otlp_samples.ts";

const RUNS = { numRuns: 60 };

function sample(signal: Signal, items = 10, resources = 2): Payload {
  return read(signal, requestBytes(signal, items, { resources }));
}

function linesOf(payload: Payload): string[] {
  return itemLines(payload.signal, payloadBytes(payload));
}

/** Counts what is counted, by the oracle. */
function countOf(payload: Payload): number {
  return countLines(payload.signal, linesOf(payload));
}

const keepAll = () => true;

Deno.test("walk() without a change gives the payload itself", () => {
  for (const signal of SIGNAL_NAMES) {
    fc.assert(
      fc.property(arbitraryRequest(signal), (bytes) => {
        const payload = read(signal, bytes);
        const cursor = new Cursor(signal);
        for (const level of contextsOf(signal)) {
          strictEqual(walk(payload, cursor, { visit: { [level]: keepAll } }), payload);
        }
      }),
      RUNS,
    );
  }
});

const attribute = { key: "added", value: { string_value: "x" } };

/** Adds `attribute` as the oracle has it. */
function addTo(message: Message, field: string): void {
  const list = (message[field] ?? []) as Message[];
  message[field] = [...list.filter(({ key }) => key !== "added"), attribute];
}

/** Paths to attributes by level. */
const ATTRIBUTES: Readonly<Record<string, string>> = { metric: "metadata", exemplar: "filtered_attributes" };

Deno.test("walk() writes what was edited, and all else survives", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    for (const [depth, level] of contextsOf(signal).entries()) {
      // Attributes of profiles go through the dictionary and have a test of their own.
      if (signal === "profiles") continue;
      const field = ATTRIBUTES[level] ?? "attributes";
      const { resolver, cursor } = openContext(signal, level);
      const path = resolver.resolve({
        context: level,
        fields: [{ name: field, keys: [{ constant: "added", evaluate: () => "added" }] }],
        text: "",
      });
      await t.step(`${signal}: ${level}`, () => {
        fc.assert(
          fc.property(arbitraryRequest(signal), fc.array(fc.boolean(), { minLength: 1 }), (bytes, mask) => {
            let i = 0;
            const payload = read(signal, bytes);
            const got = walk(payload, cursor, {
              visit: {
                [level]: (item: Cursor) => {
                  if (mask[i++ % mask.length]) path.set(item, "x");
                  return true;
                },
              },
            });
            assertSound(got);
            const want = decodeRequest(signal, bytes);
            messagesOf(signal, depth, want).forEach(({ message }, i) => {
              if (!mask[i % mask.length]) return;
              if (depth > 1) return addTo(message, field);
              message[level] ??= {};
              addTo(message[level] as Message, field);
            });
            deepStrictEqual(decodeRequest(signal, payloadBytes(got)), want);
          }),
          RUNS,
        );
      });
    }
  }
});

/** Takes out what is in `dropped`, and what has nothing in it then, down to the level of `depth`. */
function dropFrom(signal: Signal, depth: number, request: Message, isDropped: (i: number) => boolean): void {
  messagesOf(signal, depth, request).forEach(({ message, list }, i) => {
    if (isDropped(i) || isEmptyEntry(signal, depth, message)) list.splice(list.indexOf(message), 1);
  });
  for (let level = depth - 1; level >= 0; level--) {
    for (const { message, list } of messagesOf(signal, level, request)) {
      if (level === 2 && signal !== "metrics" || level > 2) continue;
      if (!hasChildren(signal, level, message)) list.splice(list.indexOf(message), 1);
    }
  }
  const key = PATHS[signal][0]![0]!;
  if ((request[key] as unknown[] | undefined)?.length === 0) delete request[key];
}

function isEmptyEntry(signal: Signal, depth: number, message: Message): boolean {
  return depth < 2 && !hasChildren(signal, depth, message);
}

/** A metric without data counts as one that has something. */
function hasChildren(signal: Signal, level: number, message: Message): boolean {
  const step = PATHS[signal][level + 1]!;
  const kind = DATA.find((kind) => kind in message);
  if (step[0] === "*" && kind === undefined) return true;
  const holder = step[0] === "*" ? message[kind!] as Message : message;
  return ((holder[step[step.length - 1]!] ?? []) as unknown[]).length > 0;
}

/** Lists that became empty are not there, as the oracle has it. */
function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists);
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0))
      .map(([key, inner]) => [key, withoutEmptyLists(inner)]),
  );
}

Deno.test("walk() drops what visitors do not keep, and what is empty then", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    for (const [depth, level] of contextsOf(signal).entries()) {
      const cursor = new Cursor(signal);
      await t.step(`${signal}: ${level}`, () => {
        fc.assert(
          fc.property(arbitraryRequest(signal), fc.array(fc.boolean(), { minLength: 1 }), (bytes, mask) => {
            let i = 0;
            const got = walk(read(signal, bytes), cursor, {
              visit: { [level]: () => !mask[i++ % mask.length] },
              prune: true,
            });
            assertSound(got);
            const want = decodeRequest(signal, bytes);
            dropFrom(signal, depth, want, (i) => mask[i % mask.length]!);
            if (got.byteLength === 0) return strictEqual(PATHS[signal][0]![0]! in want, false);
            deepStrictEqual(decodeRequest(signal, payloadBytes(got)), withoutEmptyLists(want));
          }),
          RUNS,
        );
      });
    }
  }
});

Deno.test("partition() puts each item in the part of its key", async (t) => {
  const levels: [Signal, LevelName][] = [
    ["traces", "resource"],
    ["traces", "span"],
    ["metrics", "metric"],
    ["logs", "log"],
    ["profiles", "profile"],
  ];
  for (const [signal, level] of levels) {
    await t.step(`${signal} by ${level}`, () => {
      const payload = sample(signal, 12, 3);
      let i = 0;
      const parts = partition(payload, new Cursor(signal), level, () => i++ % 2);
      deepStrictEqual([...parts.keys()], [0, 1]);
      for (const part of parts.values()) assertSound(part);
      const items = [...parts.values()].reduce((sum, { itemCount }) => sum + itemCount, 0);
      strictEqual(items, payload.itemCount);
      deepStrictEqual(
        [...parts.values()].flatMap(linesOf).toSorted(),
        linesOf(payload).toSorted(),
      );
    });
  }
  await t.step("data points take their metric along, without metadata when they are moved", () => {
    const metadata = [{ key: "src", value: { string_value: "x" } }];
    const gauge = (name: string, values: string[]) => ({
      name,
      gauge: { data_points: values.map((as_int) => ({ as_int })) },
    });
    const requestOf = (...metrics: Record<string, unknown>[]) => ({
      resource_metrics: [{ scope_metrics: [{ metrics }] }],
    });
    const whole = requestOf({ ...gauge("a", ["1", "2", "3"]), metadata }, { name: "none" }, gauge("b", ["5", "7"]));
    const payload = read("metrics", encodeMessage(REQUEST_TYPES.metrics, whole));
    let i = 0;
    const parts = partition(payload, new Cursor("metrics"), "datapoint", () => [-1, 4, -1, 4, 4][i++]!);
    for (const part of parts.values()) assertSound(part);
    const decoded = (key: number) => decodeRequest("metrics", payloadBytes(parts.get(key)!));
    deepStrictEqual(decoded(-1), requestOf({ ...gauge("a", ["1", "3"]), metadata }, { name: "none" }));
    deepStrictEqual(decoded(4), requestOf(gauge("a", ["2"]), gauge("b", ["5", "7"])));
  });
  await t.step("one key gives the payload itself", () => {
    const payload = sample("logs");
    strictEqual(partition(payload, new Cursor("logs"), "log", () => 7).get(7), payload);
  });
});

Deno.test("partition() gives the parts that a walk for each of them gives", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    const cursor = new Cursor(signal);
    for (const level of contextsOf(signal).filter((level) => level !== "datapoint" && level !== "exemplar")) {
      await t.step(`${signal} by ${level}`, () => {
        fc.assert(
          fc.property(arbitraryRequest(signal), fc.array(fc.nat({ max: 2 }), { minLength: 1 }), (bytes, keys) => {
            const one = read(signal, bytes);
            const payload = SIGNALS[signal].mergeable ? mergePayloads([one, one], NO_ORIGIN) : one;
            let i = 0;
            const parts = partition(payload, cursor, level, () => keys[i++ % keys.length]!);
            if (parts.size < 2) return;
            for (const [key, part] of parts) {
              let i = 0;
              const visit = { [level]: () => keys[i++ % keys.length] === key };
              const want = walk(payload, cursor, { visit, prune: true });
              deepStrictEqual([...payloadBytes(part)], [...payloadBytes(want)]);
              strictEqual(part.itemCount, want.itemCount);
              assertSound(part);
            }
          }),
          RUNS,
        );
      });
    }
  }
});

Deno.test("partition() by resource slices long runs and copies short ones together", () => {
  const long = sample("traces", 80, 4);
  const chunksOf = (payload: Payload) => {
    let i = 0;
    return partition(payload, new Cursor("traces"), "resource", () => [0, 0, 1, 0][i++]!).get(0)!.chunks;
  };
  deepStrictEqual(chunksOf(long).map(({ buffer }) => buffer === long.chunks[0]!.buffer), [true, true]);
  const short = sample("traces", 4, 4);
  deepStrictEqual(chunksOf(short).map(({ buffer }) => buffer === short.chunks[0]!.buffer), [false]);
});

Deno.test("walk() on damaged bytes throws InvalidPayloadError or gives a payload", () => {
  for (const signal of SIGNAL_NAMES) {
    const level = contextsOf(signal).at(-1)!;
    const cursor = new Cursor(signal);
    fc.assert(
      fc.property(arbitraryRequest(signal), fc.nat(), fc.nat({ max: 255 }), (bytes, at, byte) => {
        const damaged = bytes.slice();
        if (damaged.length > 0) damaged[at % damaged.length] = byte;
        try {
          let i = 0;
          walk(payloadOf(signal, damaged, 0, NO_ORIGIN), cursor, { visit: { [level]: () => i++ % 2 === 0 } });
        } catch (error) {
          strictEqual(error instanceof InvalidPayloadError, true, String(error));
        }
      }),
      RUNS,
    );
  }
});

Deno.test("bounds of walk()", async (t) => {
  const edit = (cursor: Cursor) => {
    cursor.scopeEntry.setText(3, "x".repeat(1_000));
    return true;
  };
  await t.step("bytes written", () => {
    const cursor = new Cursor("logs");
    const payload = sample("logs", 10, 1);
    const size = walk(payload, cursor, { visit: { scope: edit } }).byteLength;
    strictEqual(walk(payload, cursor, { visit: { scope: edit }, maxOutputBytes: size }).byteLength, size);
    throws(
      () => walk(payload, cursor, { visit: { scope: edit }, maxOutputBytes: 1_000 }),
      (error) => error instanceof OttlError && error.category === "limit",
    );
  });
  await t.step("metrics added", () => {
    const cursor = new Cursor("metrics");
    const payload = sample("metrics", 4, 1);
    const copyOf = (most: number) => {
      let left = most;
      return (item: Cursor) => {
        if (left-- > 0) item.appendMetric(item.metricBytes().slice());
        return true;
      };
    };
    const doubled = walk(payload, cursor, { visit: { metric: copyOf(5) }, maxAppendedMetrics: 5 });
    assertSound(doubled);
    throws(
      () => walk(payload, cursor, { visit: { metric: copyOf(6) }, maxAppendedMetrics: 5 }),
      (error) => error instanceof OttlError && error.category === "limit",
    );
  });
  await t.step("bytes of metrics added", () => {
    const cursor = new Cursor("metrics");
    const visit = {
      metric: (item: Cursor) => {
        item.appendMetric(new Uint8Array(1_001));
        return true;
      },
    };
    throws(
      () => walk(sample("metrics", 1, 1), cursor, { visit, maxOutputBytes: 1_000 }),
      (error) => error instanceof OttlError && error.category === "limit" && /too much/.test(error.message),
    );
  });
  await t.step("attributes", () => {
    const writer = new ProtoWriter();
    for (let i = 1; i < MAX_ATTRIBUTES; i++) writer.bytesField(6, new Uint8Array(0));
    const log = writer.finish();
    const cursor = new Cursor("logs");
    cursor.item.reset(log, 0, log.length);
    const map = new WireMap(cursor.item);
    map.set("last", 1n);
    strictEqual(map.size, MAX_ATTRIBUTES);
    map.set("last", 2n);
    throws(() => map.set("more", 1n), (error) => error instanceof OttlError && error.category === "limit");
  });
  await t.step("time", () => {
    const payload = sample("logs", 200, 1);
    let checks = 0;
    walk(payload, new Cursor("logs"), { visit: { log: keepAll }, checkDeadline: () => checks++ });
    strictEqual(checks, 3);
  });
});

Deno.test("an edit that an item makes on its resource is seen by the items behind it", () => {
  const { resolver, cursor } = openContext("logs", "log");
  const name = (key: string) => ({
    context: "resource",
    fields: [{ name: "attributes", keys: [{ constant: key, evaluate: () => key }] }],
    text: "",
  });
  const path = resolver.resolve(name("count"));
  const payload = sample("logs", 6, 2);
  const seen: unknown[] = [];
  const got = walk(payload, cursor, {
    visit: {
      log: (item) => {
        const before = path.get(item) as bigint | null;
        seen.push(before);
        path.set(item, (before ?? 0n) + 1n);
        return true;
      },
    },
  });
  deepStrictEqual(seen, [null, 1n, 2n, null, 1n, 2n]);
  strictEqual(got.itemCount, payload.itemCount);
  strictEqual(countOf(got), 6);
});
