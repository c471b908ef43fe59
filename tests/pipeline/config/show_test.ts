/** The effective configuration without its secrets. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { showConfig } from "../../../pipeline/config/show.ts";
import { catalog, load } from "./support.ts";
import { plainValue } from "./tree/plain_value.ts";

Deno.test("showConfig() masks secrets wherever they stand", async () => {
  const resolved = await load(
    `
receivers:
  otlp:
    protocols:
      http:
        endpoint: 0.0.0.0:4318
        tls: { key_pem: s3cret, cert_file: /etc/cert.pem, ca_pem: }
        response_headers: { x-a: s3cret }
exporters:
  otlphttp:
    endpoint: https://user:s3cret@h/p@th
    proxy_url: http://s3cret@proxy:3128
    headers: [{ name: authorization, value: "Bearer \${env:API_TOKEN}" }]
    timeout: 5s
    sending_queue: { storage: "\${env:API_TOKEN}" }
  vendor/x:
    endpoint: "https://h/?k=\${file:/run/secrets/api_token}"
    api_key: s3cret
    headers: { name: s3cret, n: 1 }
    sasl: { username: u, password: s3cret, tokens: [s3cret], mechanism: PLAIN }
    urls: ["amqp://u:s3cret@h", plain]
extensions:
  bearertokenauth: { token: "\${env:API_TOKEN}", scopes: [a] }
service:
  pipelines: { traces: { receivers: [otlp], exporters: [otlphttp, vendor/x] } }
  telemetry: { traces: { processors: [{ headers: { a: s3cret } }] }, metrics: { level: basic } }
unknown: { client_secret: s3cret, other: "$$\{x}" }
`,
    { API_TOKEN: "s3cret" },
    { "/run/secrets/api_token": "s3cret\n" },
  );
  const shown = showConfig(resolved, catalog);
  ok(!shown.includes("s3cret"), shown);
  strictEqual(
    shown,
    `receivers:
  otlp:
    protocols:
      http:
        endpoint: 0.0.0.0:4318
        tls:
          key_pem: "[REDACTED]"
          cert_file: /etc/cert.pem
          ca_pem: null
        response_headers:
          x-a: "[REDACTED]"
exporters:
  otlphttp:
    endpoint: "https://[REDACTED]@h/p@th"
    proxy_url: "http://[REDACTED]@proxy:3128"
    headers:
      - name: authorization
        value: "[REDACTED]"
    timeout: 5s
    sending_queue:
      storage: "[REDACTED]"
  vendor/x:
    endpoint: "[REDACTED]"
    api_key: "[REDACTED]"
    headers:
      name: "[REDACTED]"
      n: "[REDACTED]"
    sasl:
      username: u
      password: "[REDACTED]"
      tokens:
        - "[REDACTED]"
      mechanism: PLAIN
    urls:
      - "amqp://[REDACTED]@h"
      - plain
extensions:
  bearertokenauth:
    token: "[REDACTED]"
    scopes:
      - a
service:
  pipelines:
    traces:
      receivers:
        - otlp
      exporters:
        - otlphttp
        - vendor/x
  telemetry:
    traces:
      processors:
        - headers:
            a: "[REDACTED]"
    metrics:
      level: basic
unknown:
  client_secret: "[REDACTED]"
  other: "$$\{x}"
`,
  );
});

Deno.test("showConfig() of a configuration without secrets loads as the same", async () => {
  const names = [...Deno.readDirSync(new URL("../../peers/configs/", import.meta.url))].map(({ name }) => name);
  const env = { IN_PORT: "4318", OUT_PORT: "4319", METRICS_PORT: "8888", KAFKA_BOOTSTRAP: "h:9092", KAFKA_TOPIC: "t" };
  ok(names.length > 0);
  for (const name of names) {
    const text = await Deno.readTextFile(new URL(`../../peers/configs/${name}`, import.meta.url));
    const resolved = await load(text, env);
    const again = await load(showConfig(resolved, catalog));
    deepStrictEqual(again.problems, [], name);
    deepStrictEqual(plainValue(again.tree), plainValue(resolved.tree), name);
  }
});
