/** What is said of a name that nothing has. */

import { strictEqual } from "node:assert/strict";
import { MAX_LISTED_NAMES, unknownName } from "../../../routes/admin/unknown.ts";

const NODES = [
  "receiver:otlp",
  "processor:batch:traces",
  "processor:batch:logs",
  "exporter:otlp_http/eu:traces",
  "exporter:otlp_http/eu:logs",
];
const many = Array.from({ length: MAX_LISTED_NAMES }, (_, at) => `receiver:r${at}`);

const cases: { name: string; asked: string; known: readonly string[]; want: string }[] = [
  {
    name: "a letter wrong: it comes first",
    asked: "exporter:otlp_http/eu:lgs",
    known: NODES,
    want: "exporter:otlp_http/eu:logs, exporter:otlp_http/eu:traces, receiver:otlp, processor:batch:traces, " +
      "processor:batch:logs",
  },
  {
    name: "a part of it: those that have it come first",
    asked: "batch",
    known: NODES,
    want: "processor:batch:traces, processor:batch:logs, receiver:otlp, exporter:otlp_http/eu:traces, " +
      "exporter:otlp_http/eu:logs",
  },
  {
    name: "the component without its signal",
    asked: "exporter:otlp_http/eu",
    known: NODES,
    want: "exporter:otlp_http/eu:traces, exporter:otlp_http/eu:logs, receiver:otlp, processor:batch:traces, " +
      "processor:batch:logs",
  },
  {
    name: "a letter wrong comes before one that has all its words",
    asked: "batch:log",
    known: ["processor:batch:logs", "batch:logs"],
    want: "batch:logs, processor:batch:logs",
  },
  { name: "like none", asked: "x", known: ["a", "b"], want: "a, b" },
  { name: "as many as are listed", asked: "x", known: many, want: many.join(", ") },
  { name: "one more", asked: "x", known: [...many, "z"], want: `${many.join(", ")} and 1 more` },
  {
    name: "a likely one past them",
    asked: "z:y",
    known: [...many, "z"],
    want: `z, ${many.slice(0, -1).join(", ")} and 1 more`,
  },
];

Deno.test("unknownName()", async (t) => {
  for (const { name, asked, known, want } of cases) {
    await t.step(name, () => {
      const { message, httpStatus } = unknownName("node", asked, known);
      strictEqual(message, `Cannot find the node "${asked}": there are ${want}`);
      strictEqual(httpStatus, 404);
    });
  }
  await t.step("nothing is there", () => {
    strictEqual(unknownName("queue", "x", []).message, 'Cannot find the queue "x": there is none');
  });
  await t.step("a long name is cut", () => {
    strictEqual(
      unknownName("queue", "x".repeat(101), []).message,
      `Cannot find the queue "${"x".repeat(100)}": there is none`,
    );
  });
});
