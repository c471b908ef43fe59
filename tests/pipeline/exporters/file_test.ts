/**
 * What the file exporter writes and answers, format by format.
 *
 * @module
 */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { zstdDecompressSync } from "node:zlib";
import { Scalar } from "../../../pipeline/config/schema.ts";
import type { Consumer, Lifecycle } from "../../../pipeline/contract/consumer.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { createMemoryBudget } from "../../../pipeline/core/memory.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import { type FileConfig, fileFactory } from "../../../pipeline/exporters/file.ts";
import { NO_ORIGIN, type Payload, payloadOf } from "../../../pipeline/otlp/payload.ts";
import { type Signal, SIGNAL_NAMES } from "../../../pipeline/otlp/signals.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { withFullDisk } from "../../support/full_disk.ts";
import { decodeRequest, encodeMessage, REQUEST_TYPES } from "../../support/otlp_proto.ts";
import { requestBytes } from "../../support/otlp_samples.ts";

const NEVER = new AbortController().signal;

async function withExporter(
  config: Record<string, unknown>,
  signal: Signal,
  run: (exporter: Consumer & Lifecycle, directory: string) => Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "sluice-file-" });
  const { path = "out", ...rest } = config;
  const exporter = fileFactory.create(parse({ path: `${directory}/${path}`, ...rest }), depsFor(signal));
  try {
    await exporter.start?.();
    await run(exporter, directory);
    await exporter.shutdown?.(NEVER);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function parse(config: Record<string, unknown>): FileConfig {
  return fileFactory.schema.parse(config);
}

function depsFor(signal: Signal) {
  return {
    id: "file",
    signal,
    logger: silentLogger,
    meter: silentMeter,
    clock: new FakeClock(),
    random: () => 0,
    memory: createMemoryBudget(),
  };
}

const yes = new Scalar(true, "true");

function sample(signal: Signal, items: number, seed = 1): Payload {
  return payloadOf(signal, requestBytes(signal, items, { seed }), items, NO_ORIGIN);
}

/** The messages of a length-prefixed file. */
function framedMessages(path: string): Uint8Array[] {
  const bytes = Deno.readFileSync(path);
  const view = new DataView(bytes.buffer);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at);
    messages.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return messages;
}

Deno.test("format json: one request a line", async (t) => {
  for (const signal of SIGNAL_NAMES) {
    await t.step(signal, () =>
      withExporter({}, signal, async (exporter, directory) => {
        const answers = await Promise.all([
          exporter.consume(sample(signal, 3), NEVER),
          exporter.consume(sample(signal, 2, 2), NEVER),
        ]);
        deepStrictEqual(answers.map(({ rejectedItems }) => rejectedItems), [0, 0]);
        const text = Deno.readTextFileSync(`${directory}/out`);
        ok(text.endsWith("\n"));
        const lines = text.trimEnd().split("\n");
        strictEqual(lines.length, 2);
        for (const line of lines) ok(Object.keys(JSON.parse(line))[0]?.startsWith("resource"));
      }));
  }
});

Deno.test("format proto: big-endian lengths, and the bytes as they came", () =>
  withExporter({ format: "proto" }, "traces", async (exporter, directory) => {
    const payloads = [sample("traces", 3), sample("traces", 200, 2)];
    for (const payload of payloads) await exporter.consume(payload, NEVER);
    deepStrictEqual(framedMessages(`${directory}/out`), payloads.flatMap(({ chunks }) => chunks));
  }));

Deno.test("several chunks are one message", () =>
  withExporter({ format: "proto" }, "logs", async (exporter, directory) => {
    const [a, b] = [sample("logs", 1), sample("logs", 1, 2)];
    const chunks = [...a.chunks, ...b.chunks];
    await exporter.consume({ ...a, chunks, itemCount: 2, byteLength: a.byteLength + b.byteLength }, NEVER);
    const [message, ...more] = framedMessages(`${directory}/out`);
    deepStrictEqual(more, []);
    strictEqual((decodeRequest("logs", message!)["resource_logs"] as unknown[]).length, 2);
  }));

Deno.test("compression zstd: each message by itself behind its length, JSON too", async (t) => {
  for (const format of ["json", "proto"]) {
    await t.step(format, () =>
      withExporter({ format, compression: "zstd" }, "traces", async (exporter, directory) => {
        const payload = sample("traces", 20);
        await exporter.consume(payload, NEVER);
        await exporter.consume(payload, NEVER);
        const messages = framedMessages(`${directory}/out`).map((message) => zstdDecompressSync(message));
        strictEqual(messages.length, 2);
        for (const message of messages) {
          if (format === "json") JSON.parse(new TextDecoder().decode(message));
          else deepStrictEqual(new Uint8Array(message), payload.chunks[0]);
        }
      }));
  }
});

Deno.test("a start goes on behind what a file has; with append: false it empties it, and says so", async (t) => {
  const no = new Scalar(false, "false");
  const cases: { name: string; config: Record<string, unknown>; empties: boolean }[] = [
    { name: "by default", config: {}, empties: false },
    { name: "append: true", config: { append: yes }, empties: false },
    { name: "compressed", config: { compression: "zstd" }, empties: false },
    { name: "rotated", config: { rotation: {} }, empties: false },
    { name: "append: true, rotated", config: { append: yes, rotation: {} }, empties: false },
    { name: "append: false, rotated", config: { append: no, rotation: {} }, empties: false },
    { name: "append: false", config: { append: no }, empties: true },
    { name: "append: false, compressed", config: { append: no, compression: "zstd" }, empties: true },
  ];
  for (const { name, config, empties } of cases) {
    await t.step(name, async () => {
      const path = Deno.makeTempFileSync({ prefix: "sluice-file-" });
      Deno.writeTextFileSync(path, "before\n");
      const parsed = parse({ path, ...config });
      const exporter = fileFactory.create(parsed, depsFor("traces"));
      await exporter.start?.();
      strictEqual(Deno.readTextFileSync(path), empties ? "" : "before\n");
      const warnings = fileFactory.warnings?.(parsed) ?? [];
      deepStrictEqual(
        warnings,
        empties ? [{ path: "append", message: `is false: every start empties ${path}` }] : [],
      );
      await exporter.shutdown?.(NEVER);
      Deno.removeSync(path);
    });
  }
});

Deno.test("what was acknowledged is there after a restart, in every format", async (t) => {
  const cases: { name: string; config: Record<string, unknown> }[] = [
    { name: "json", config: {} },
    { name: "proto", config: { format: "proto" } },
    { name: "zstd", config: { compression: "zstd" } },
  ];
  for (const { name, config } of cases) {
    await t.step(name, async () => {
      const directory = Deno.makeTempDirSync({ prefix: "sluice-file-" });
      const path = `${directory}/out`;
      const lengths: number[] = [];
      for (let start = 0; start < 2; start++) {
        const exporter = fileFactory.create(parse({ path, ...config }), depsFor("traces"));
        await exporter.start?.();
        await exporter.consume(sample("traces", 3), NEVER);
        await exporter.shutdown?.(NEVER);
        lengths.push(Deno.statSync(path).size);
      }
      const [first = 0, second = 0] = lengths;
      ok(first > 0);
      strictEqual(second, 2 * first);
      Deno.removeSync(directory, { recursive: true });
    });
  }
});

Deno.test("append: false does not empty the file of a group", async () => {
  const config = { path: "*.json", group_by: groupBy(9), append: new Scalar(false, "false") };
  await withExporter(config, "traces", async (exporter, directory) => {
    Deno.writeTextFileSync(`${directory}/a.json`, "before\n");
    await exporter.consume(grouped("a"), NEVER);
    ok(Deno.readTextFileSync(`${directory}/a.json`).startsWith("before\n"));
  });
  deepStrictEqual(fileFactory.warnings?.(parse({ ...config, path: "a/*" })), []);
});

Deno.test("create_directory", async (t) => {
  await t.step("makes the directories with the mode", () =>
    withExporter(
      { path: "a/b/out", create_directory: yes, directory_permissions: "0700" },
      "traces",
      (_, directory) => {
        strictEqual((Deno.statSync(`${directory}/a/b`).mode ?? 0) & 0o777, 0o700);
        return Promise.resolve();
      },
    ));
  await t.step("without it the start fails", async () => {
    const exporter = fileFactory.create(parse({ path: "/no/such/directory/out" }), depsFor("traces"));
    await rejects(async () => await exporter.start?.(), {
      name: "UnavailableError",
      message: 'Cannot open "/no/such/directory/out": ENOENT, ' +
        "wanted create_directory: true, or a directory that is there",
    });
  });
});

Deno.test("a full disk is told as such, and can be retried", () =>
  withExporter({}, "traces", async (exporter, directory) => {
    await withFullDisk(() =>
      rejects(() => exporter.consume(sample("traces", 7), NEVER), {
        name: "UnavailableError",
        retryable: true,
        message: "Cannot write 7 spans to a file: ENOSPC, wanted a file that can be written",
      })
    );
    strictEqual(Deno.readTextFileSync(`${directory}/out`), "");
  }));

function grouped(...services: (string | undefined)[]): Payload {
  const bytes = encodeMessage(REQUEST_TYPES.traces, {
    resource_spans: services.map((service, number) => ({
      resource: {
        attributes: service === undefined ? [] : [{ key: "service.name", value: { string_value: service } }],
      },
      scope_spans: [{ spans: [{ name: `span ${number}` }] }],
    })),
  });
  return payloadOf("traces", bytes, services.length, NO_ORIGIN);
}

const groupBy = (max: number) => ({
  enabled: yes,
  resource_attribute: "service.name",
  max_open_files: new Scalar(max, String(max)),
});

function spanNames(path: string): string[] {
  return Deno.readTextFileSync(path).trimEnd().split("\n").flatMap((line) => {
    const request = JSON.parse(line) as { resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[] };
    return request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
      .map(({ name }) => name);
  });
}

Deno.test("group_by", async (t) => {
  await t.step(
    "a file for each value, also with one handle",
    () =>
      withExporter({ path: "d/*.json", group_by: groupBy(1) }, "traces", async (exporter, directory) => {
        for (let round = 0; round < 2; round++) {
          deepStrictEqual(await exporter.consume(grouped("a", "b/c", "a"), NEVER), { rejectedItems: 0, message: "" });
        }
        deepStrictEqual(spanNames(`${directory}/d/a.json`), ["span 0", "span 2", "span 0", "span 2"]);
        deepStrictEqual(spanNames(`${directory}/d/b/c.json`), ["span 1", "span 1"]);
      }),
  );

  await t.step(
    "what has no value is told as rejected",
    () =>
      withExporter({ path: "*.json", group_by: groupBy(9) }, "traces", async (exporter, directory) => {
        deepStrictEqual(await exporter.consume(grouped(undefined, "a", undefined), NEVER), {
          rejectedItems: 2,
          message: '2 spans without a resource attribute "service.name" that is a path',
        });
        deepStrictEqual(spanNames(`${directory}/a.json`), ["span 1"]);
      }),
  );

  await t.step(
    "a value that makes no file name is final",
    () =>
      withExporter({ path: "*.json", group_by: groupBy(9) }, "traces", async (exporter) => {
        await rejects(() => exporter.consume(grouped("x".repeat(300)), NEVER), {
          name: "RejectedError",
          retryable: false,
          message: /ENAMETOOLONG/,
        });
      }),
  );
});

const refused: { name: string; config: Record<string, unknown>; path: string }[] = [
  { name: "no path", config: { path: "" }, path: "path" },
  { name: "an encoding extension", config: { encoding: "otlp_encoding" }, path: "encoding" },
  {
    name: "permissions without create_directory",
    config: { directory_permissions: "0755" },
    path: "directory_permissions",
  },
  {
    name: "permissions that are not octal",
    config: { create_directory: yes, directory_permissions: "0799" },
    path: "directory_permissions",
  },
  { name: "group_by without *", config: { group_by: groupBy(1) }, path: "path" },
  { name: "group_by with two *", config: { path: "a/*/*", group_by: groupBy(1) }, path: "path" },
  { name: "group_by that begins with *", config: { path: "*.json", group_by: groupBy(1) }, path: "path" },
  { name: "group_by with rotation", config: { path: "a/*", group_by: groupBy(1), rotation: {} }, path: "rotation" },
  { name: "an unknown compression", config: { compression: "gzip" }, path: "compression" },
];

Deno.test("configurations that are refused", async (t) => {
  for (const { name, config, path } of refused) {
    await t.step(name, () => {
      const { success, error } = fileFactory.schema.safeParse({ path: "out", ...config });
      strictEqual(success, false);
      deepStrictEqual(error?.issues.map((issue) => issue.path.join(".")), [path]);
    });
  }
});
