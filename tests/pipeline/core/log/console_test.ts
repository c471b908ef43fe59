import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type ConsoleLogOptions,
  createConsoleLogger,
  MAX_SAMPLED_MESSAGES,
  MAX_TEXT_CHARS,
} from "../../../../pipeline/core/log/console.ts";
import { type LogRecord, LogTee } from "../../../../pipeline/core/log/tee.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const START_MS = Date.parse("Thu, 01 Jan 2026 00:00:00 GMT");

function createLog(options: Partial<ConsoleLogOptions> = {}) {
  const lines: string[] = [];
  const clock = new FakeClock(START_MS);
  const logger = createConsoleLogger({
    level: "info",
    encoding: "console",
    sinks: [(line) => lines.push(new TextDecoder().decode(line))],
    initialFields: {},
    clock,
    ...options,
  });
  return { logger, lines, clock };
}

Deno.test("createConsoleLogger()", async (t) => {
  await t.step("console", () => {
    const { logger, lines } = createLog();
    logger.info("Serving", { port: 4318 });
    logger.warn("Plain");
    deepStrictEqual(lines, [
      '2026-01-01T00:00:00.000Z\tinfo\tServing\t{"port":4318}\n',
      "2026-01-01T00:00:00.000Z\twarn\tPlain\n",
    ]);
  });

  await t.step("json, with fields of the logger, of `with` and of the line", () => {
    const { logger, lines } = createLog({ encoding: "json", initialFields: { region: "eu" } });
    logger.with({ component: "otlp" }).error("Down", { attempt: 2 });
    deepStrictEqual(lines.map((line) => JSON.parse(line)), [{
      level: "error",
      ts: "2026-01-01T00:00:00.000Z",
      msg: "Down",
      region: "eu",
      component: "otlp",
      attempt: 2,
    }]);
  });

  await t.step("the resource, in JSON alone", () => {
    const resource = { "service.name": "edge" };
    const json = createLog({ encoding: "json", resource });
    json.logger.info("Up", { port: 1 });
    const start = '{"level":"info","ts":"2026-01-01T00:00:00.000Z","msg":"Up",';
    deepStrictEqual(json.lines, [`${start}"resource":{"service.name":"edge"},"port":1}\n`]);
    const plain = createLog({ resource });
    plain.logger.info("Up");
    deepStrictEqual(plain.lines, ["2026-01-01T00:00:00.000Z\tinfo\tUp\n"]);
  });

  for (
    const { level, want } of [
      { level: "debug", want: ["d", "i", "w", "e"] },
      { level: "info", want: ["i", "w", "e"] },
      { level: "warn", want: ["w", "e"] },
      { level: "error", want: ["e"] },
    ] as const
  ) {
    await t.step(`level ${level}`, () => {
      const { logger, lines } = createLog({ level, encoding: "json" });
      logger.debug("d");
      logger.info("i");
      logger.warn("w");
      logger.error("e");
      deepStrictEqual(lines.map((line) => JSON.parse(line).msg), want);
      strictEqual(logger.enabled("info"), want.includes("i" as never));
    });
  }

  await t.step("a tee has what is written, masked and cut, until it is let go", () => {
    const tee = new LogTee();
    const { logger } = createLog({ tee });
    const records: LogRecord[] = [];
    const letGo = tee.use((record) => void records.push(record));
    logger.debug("not written");
    logger.with({ trace_id: "a" }).warn("m".repeat(MAX_TEXT_CHARS + 1), { token: "x" });
    letGo();
    logger.info("nobody listens");
    deepStrictEqual(records, [{
      timeMs: START_MS,
      level: "warn",
      message: `${"m".repeat(MAX_TEXT_CHARS - 1)}…`,
      fields: { trace_id: "a", token: "[REDACTED]" },
    }]);
  });

  await t.step("a message cannot forge a second line", () => {
    const { logger, lines } = createLog();
    logger.info("first\n2026\tinfo\tsecond\u001b[31m");
    deepStrictEqual(lines, ["2026-01-01T00:00:00.000Z\tinfo\tfirst 2026 info second [31m\n"]);
  });

  await t.step("fields that hold secrets are not shown", () => {
    const { logger, lines } = createLog({ encoding: "json" });
    logger.info("m", { authorization: "Bearer x", "api-key": "k", password: "p", url: "u" });
    const { authorization, "api-key": key, password, url } = JSON.parse(lines[0] ?? "");
    deepStrictEqual([authorization, key, password, url], ["[REDACTED]", "[REDACTED]", "[REDACTED]", "u"]);
  });

  await t.step("text is cut one past its bound", () => {
    const { logger, lines } = createLog({ encoding: "json" });
    const atBound = "x".repeat(MAX_TEXT_CHARS);
    logger.info("m", { at: atBound, past: `${atBound}y` });
    const { at, past } = JSON.parse(lines[0] ?? "");
    deepStrictEqual([at, past], [atBound, `${atBound.slice(1)}…`]);
  });
});

Deno.test("sampling", async (t) => {
  const sampling = { tickMs: 1_000, initial: 2, thereafter: 3 };

  await t.step("the first, then every n-th, by message; anew in the next tick", async () => {
    const { logger, lines, clock } = createLog({ encoding: "json", sampling });
    for (let n = 1; n <= 8; n++) logger.info("a", { n });
    logger.info("b", { n: 1 });
    await clock.advance(1_000);
    logger.info("a", { n: 9 });
    deepStrictEqual(lines.map((line) => JSON.parse(line)).map(({ msg, n }) => `${msg}${n}`), [
      "a1",
      "a2",
      "a5",
      "a8",
      "b1",
      "a9",
    ]);
  });

  await t.step("thereafter 0 drops the rest", () => {
    const { logger, lines } = createLog({ sampling: { ...sampling, thereafter: 0 } });
    for (let n = 0; n < 10; n++) logger.info("a");
    strictEqual(lines.length, 2);
  });

  await t.step("messages past the bound share one count", () => {
    const { logger, lines } = createLog({ sampling: { ...sampling, initial: 1, thereafter: 0 } });
    for (let n = 0; n < MAX_SAMPLED_MESSAGES; n++) logger.info(`message ${n}`);
    strictEqual(lines.length, MAX_SAMPLED_MESSAGES);
    logger.info("one past");
    logger.info("two past");
    strictEqual(lines.length, MAX_SAMPLED_MESSAGES + 1);
  });
});
