/** Files that components read when they start: told before, with their keys. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { whyUnreadableFile } from "../../../../pipeline/config/environment.ts";
import { parseConfig } from "../../../../pipeline/config/parse.ts";
import { formatProblem } from "../../../../pipeline/config/problem.ts";
import { loadConfig } from "../../../../pipeline/config/source.ts";
import { fileProblems, MAX_FILES } from "../../../../pipeline/config/checks/files.ts";
import { loadComponents, REGISTRY } from "../../../../pipeline/graph/registry.ts";
import { environmentOf } from "../support.ts";

async function problems(text: string): Promise<readonly string[]> {
  const resolved = await loadConfig([{ kind: "text", name: "f", text }], environmentOf({ CA: "/gone/ca.pem" }));
  await loadComponents(resolved.tree);
  const config = parseConfig(resolved, REGISTRY);
  const isGone = (path: string) => path.startsWith("/gone/") ? `there is no file ${path}` : undefined;
  return fileProblems(config, REGISTRY, isGone).map(formatProblem);
}

const GOOD = `service: { pipelines: { traces: { receivers: [otlp], exporters: [otlp_http] } } }`;

const cases: { name: string; text: string; want: string[] }[] = [
  {
    name: "of a receiver, an exporter and a variable",
    text: `receivers:
  otlp: { protocols: { http: { tls: { cert_file: /gone/c.pem, key_file: /here/k.pem, client_ca_file: /gone/a.pem } } } }
exporters:
  otlp_http: { endpoint: "https://h", tls: { ca_file: "\${env:CA}" } }
`,
    want: [
      "f:2:50: receivers::otlp::protocols::http::tls::cert_file: cannot be read: there is no file /gone/c.pem",
      "f:2:102: receivers::otlp::protocols::http::tls::client_ca_file: cannot be read: there is no file /gone/a.pem",
      "f:4:55: exporters::otlp_http::tls::ca_file: cannot be read: there is no file /gone/ca.pem",
    ],
  },
  {
    name: "not of what no pipeline names, nor where TLS is off",
    text: `receivers: { otlp: { protocols: { http: } } }
exporters:
  otlp_http: { endpoint: "http://h", tls: { insecure: true, ca_file: /gone/a.pem } }
  otlp_http/2: { endpoint: "https://h", tls: { ca_file: /gone/a.pem } }
`,
    want: [],
  },
  {
    name: "of another top-level key",
    text: `receivers: { otlp: { protocols: { http: } } }
exporters: { otlp_http: { endpoint: "http://h" } }
tenancy: { fleet: { mode: redis, redis: { endpoint: "h:6379", tls: { ca_file: /gone/r.pem } } } }
`,
    want: ["f:3:79: tenancy::fleet::redis::tls::ca_file: cannot be read: there is no file /gone/r.pem"],
  },
];

Deno.test("fileProblems()", async (t) => {
  for (const { name, text, want } of cases) {
    await t.step(name, async () => deepStrictEqual(await problems(text + GOOD), want));
  }
});

Deno.test("fileProblems() looks for so many files", async () => {
  const many = (count: number) => {
    const ids = Array.from({ length: count }, (_, at) => `otlp_http/${at}`);
    const exporters = ids.map((id) => `  ${id}: { endpoint: "https://h", tls: { ca_file: /gone/a.pem } }`).join("\n");
    return `receivers: { otlp: { protocols: { http: } } }\nexporters:\n${exporters}\n` +
      `service: { pipelines: { traces: { receivers: [otlp], exporters: [${ids.join(", ")}] } } }`;
  };
  strictEqual((await problems(many(MAX_FILES))).length, MAX_FILES);
  strictEqual((await problems(many(MAX_FILES + 1))).length, MAX_FILES);
});

Deno.test("whyUnreadableFile()", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/a`, "");
    strictEqual(whyUnreadableFile(`${dir}/a`), undefined);
    strictEqual(whyUnreadableFile(`${dir}/b`), `there is no file ${dir}/b`);
    match(whyUnreadableFile(dir) ?? "", /is a directory, wanted a regular file$/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
