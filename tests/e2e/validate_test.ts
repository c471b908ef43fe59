/** `validate` tells every problem with its place, and only then says yes. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runMain } from "../support/gateway_process.ts";

const validate = (yaml: string) => command(["validate"], yaml);

async function command(args: readonly string[], yaml: string) {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, yaml);
    const { code, stdout, stderr } = await runMain([...args, "--config", path]);
    return { code, stdout, stderr: stderr.replaceAll(path, "gateway.yaml") };
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("validate", async (t) => {
  await t.step("a configuration that can run", async () => {
    deepStrictEqual(
      await validate(`
receivers: {otlp: {protocols: {http: }}}
exporters: {nop: }
service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}
`),
      { code: 0, stdout: "valid\n", stderr: "" },
    );
  });

  await t.step("every problem, with file, line, column, path and what is wanted", async () => {
    const { code, stdout, stderr } = await validate(`receivers:
  otlp:
    protocols:
      http:
        max_request_body_size: big
exporters:
  nop:
  unheard_of:
service:
  pipelines:
    logs:
      receivers: [otlp, missing]
      exporters: [nop]
`);
    strictEqual(code, 1);
    strictEqual(stdout, "");
    match(
      stderr,
      /^gateway\.yaml:5:32: receivers::otlp::protocols::http::max_request_body_size: is "big", wanted a whole number/m,
    );
    match(stderr, /^gateway\.yaml:8:3: exporters::unheard_of/m);
    match(stderr, /^gateway\.yaml:12:25: service::pipelines::logs::receivers/m);
    match(stderr, /^3 problems; more may show when these are mended\n$/m);
  });

  await t.step("a text that is not YAML, with its line and a mark", async () => {
    deepStrictEqual(await validate("receivers:\n  otlp: { protocols: ]\n"), {
      code: 1,
      stdout: "",
      stderr: [
        "gateway.yaml:2:22: is not YAML: flow map in block collection must be sufficiently indented and end with a }",
        "  2 |   otlp: { protocols: ]",
        "    |                      ^",
        "1 problem; more may show when it is mended",
        "",
      ].join("\n"),
    });
  });

  await t.step("files of TLS that are not there, at a start too", async () => {
    const yaml = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0", tls: {cert_file: /gone/c.pem, key_pem: x}}}}}
exporters: {otlp_http: {endpoint: "https://h", tls: {ca_file: /gone/ca.pem}}}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}
`;
    const lines = [
      "gateway.yaml:2:81: receivers::otlp::protocols::http::tls::cert_file: cannot be read: there is no file /gone/c.pem",
      "gateway.yaml:3:63: exporters::otlp_http::tls::ca_file: cannot be read: there is no file /gone/ca.pem",
    ];
    strictEqual((await validate(yaml)).stderr, [...lines, "2 problems", ""].join("\n"));
    const { code, stderr } = await command(["gateway", "--admin-listen", "off"], yaml);
    strictEqual(code, 1);
    strictEqual(
      stderr.slice(stderr.indexOf("Cannot start")),
      ["Cannot start the gateway:", ...lines].join("\n  ") + "\n",
    );
  });

  await t.step("a warning does not fail", async () => {
    const { code, stdout, stderr } = await validate(`
receivers: {otlp: {protocols: {http: }}}
exporters: {nop: }
service:
  telemetry: {metrics: {address: "localhost:9999"}}
  pipelines: {traces: {receivers: [otlp], exporters: [nop]}}
`);
    deepStrictEqual([code, stdout], [0, "valid\n"]);
    match(stderr, /^gateway\.yaml:5:\d+: warning: service::telemetry::metrics::address.*\n1 warning\n$/m);
  });

  await t.step("a file that is not there", async () => {
    const { code, stderr } = await runMain(["validate", "--config", "no/such/file.yaml"]);
    strictEqual(code, 1);
    match(stderr, /^no\/such\/file\.yaml: cannot be read/m);
  });

  await t.step("the built-in configuration", async () => {
    strictEqual((await runMain(["validate"])).stdout, "valid\n");
  });
});

Deno.test("print-config shows the merged configuration without its secrets", async () => {
  const { code, stdout, stderr } = await runMain([
    ...["print-config", "--config", "yaml:exporters::otlp_http::endpoint: http://user:secret@upstream:4318"],
    ...["--set", "exporters.otlp_http.headers.authorization=Bearer secret"],
  ]);
  deepStrictEqual({ code, stderr }, { code: 0, stderr: "" });
  strictEqual(
    stdout,
    'exporters:\n  otlp_http:\n    endpoint: "http://[REDACTED]@upstream:4318"\n    headers:\n      authorization: "[REDACTED]"\n',
  );
});
