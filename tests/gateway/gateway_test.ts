import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { portsInUse } from "../../gateway/threads/exclusive_listener.ts";
import { MAX_DRAINING, startGateway } from "../../gateway/control_thread.ts";
import { resolveSources } from "../../gateway/config/sources.ts";
import { GraphError } from "../../pipeline/graph/graph.ts";
import { NO_CHANGE } from "../../pipeline/graph/live_graph.ts";
import { serveHttp } from "../../routes/listener.ts";
import { freePort } from "../support/gateway_process.ts";
import { postLogs } from "../support/otlp_requests.ts";

interface Knobs {
  readonly port: number;
  readonly upstream: number;
  readonly turn: number;
}

const configOf = ({ port, upstream, turn }: Knobs) =>
  resolveSources({
    configs: [{
      kind: "text",
      name: "test",
      text: `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {otlp_http: {endpoint: "http://127.0.0.1:${upstream}", timeout: ${10_000 + turn}ms}}
service:
  telemetry: {logs: {level: error}, metrics: {level: none}}
  pipelines: {logs: {receivers: [otlp], exporters: [otlp_http]}}
`,
    }],
    sets: [],
  });

Deno.test("Gateway.apply()", async (t) => {
  using hanging = Deno.listen({ hostname: "127.0.0.1", port: 0 }); // takes connections and never answers
  const [port, upstream] = [freePort(), hanging.addr.port];
  const resolved = await configOf({ port, upstream, turn: 0 });
  const gateway = await startGateway({ resolved, workers: 0, version: "0", serveHttp, preflight: portsInUse });

  await t.step("is not kept from its own port, but from another's", async () => {
    const { change } = await gateway.apply(await configOf({ port, upstream, turn: 1 }));
    deepStrictEqual(change, { ...NO_CHANGE, kept: ["receiver otlp"], replaced: ["exporter otlp_http (logs)"] });
    await rejects(gateway.apply(await configOf({ port: upstream, upstream, turn: 1 })), (error: unknown) => {
      match(error instanceof GraphError ? error.failures.join() : "", /^receivers::otlp::.*: the port is in use/);
      return true;
    });
  });

  await t.step("holds so many configurations that are drained, and no more", async () => {
    const answers: Promise<unknown>[] = [];
    const upstreams: Deno.Conn[] = [];
    for (let turn = 2; turn < 2 + MAX_DRAINING; turn++) {
      answers.push(postLogs(port).catch((cut) => cut));
      upstreams.push(await hanging.accept()); // the request is on its way
      await gateway.apply(await configOf({ port, upstream, turn }));
    }
    await rejects(gateway.apply(await configOf({ port, upstream, turn: 1_000 })), (error: unknown) => {
      match(
        error instanceof GraphError ? error.failures.join() : "",
        /100 configurations before it are still being drained/,
      );
      return true;
    });
    strictEqual(await gateway.shutdown(0), false);
    await Promise.all(answers);
    for (const connection of upstreams) connection.close();
  });
});
