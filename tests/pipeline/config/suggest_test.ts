/** The name that somebody probably meant. */

import { strictEqual } from "node:assert/strict";
import { componentSuggestion, nearest, suggestion } from "../../../pipeline/config/suggest.ts";

const KNOWN = ["endpoint", "read_timeout", "tls", "timeout", "batch"];

const cases: [name: string, want: string | undefined][] = [
  ["endpiont", "endpoint"],
  ["Endpoint", "endpoint"],
  ["read-timeout", "read_timeout"],
  ["readtimeout", "read_timeout"],
  ["timeouts", "timeout"],
  ["tlss", "tls"],
  ["ab", undefined],
  ["compression", undefined],
  ["x".repeat(65), undefined],
];

Deno.test("nearest()", async (t) => {
  for (const [name, want] of cases) await t.step(name, () => strictEqual(nearest(name, KNOWN), want));
});

Deno.test("suggestion()", async (t) => {
  const texts: [name: string, known: string[], want: string][] = [
    ["tlss", KNOWN, 'did you mean "tls"?'],
    ["zzz", ["b", "a"], "wanted one of a, b"],
    ["zzz", [], "there are none"],
  ];
  for (const [name, known, want] of texts) await t.step(want, () => strictEqual(suggestion(name, known), want));
});

Deno.test("of many known names only some are compared, and listed", async (t) => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `other${index}`);
  const cases: [title: string, known: string[], want: string | undefined][] = [
    ["the 200th", [...names(199), "wanted_name"], "wanted_name"],
    ["the 201st", [...names(200), "wanted_name"], undefined],
  ];
  for (const [title, known, want] of cases) {
    await t.step(title, () => strictEqual(nearest("wantedname", known), want));
  }
  const listed = (count: number) => suggestion("zzzzzz", names(count));
  await t.step("50 are listed", () => strictEqual(listed(50), `wanted one of ${names(50).toSorted().join(", ")}`));
  await t.step("and one more", () => strictEqual(listed(51), `${listed(50)} and 1 more`));
});

const KEPT_BY_SENDERS = "remove it: with wait_for_result (the default) the sender keeps the data until it is delivered";

Deno.test("componentSuggestion() tells what stands for a component of the collector", async (t) => {
  const known = ["otlp_http", "debug"];
  const texts: [section: "exporters" | "processors" | "extensions", type: string, want: string][] = [
    ["exporters", "otlp", "use otlp_http (gRPC is not there yet)"],
    ["exporters", "otlp_grpc", "use otlp_http (gRPC is not there yet)"],
    ["exporters", "logging", "use debug"],
    ["exporters", "loadbalancing", "which is not here: keep a collector for it behind"],
    ["processors", "k8sattributes", "which is not here: keep a collector for it in front"],
    ["extensions", "pprof", "use `sluice admin profile`"],
    ["extensions", "zpages", "use the admin API, `sluice top`"],
    ["extensions", "file_storage", KEPT_BY_SENDERS],
    ["processors", "logging", "wanted one of debug, otlp_http"],
    ["exporters", "debg", 'did you mean "debug"?'],
  ];
  for (const [section, type, want] of texts) {
    await t.step(`${section} ${type}`, () => strictEqual(componentSuggestion(section, type, known), want));
  }
});
