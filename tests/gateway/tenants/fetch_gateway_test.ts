import { deepStrictEqual, rejects } from "node:assert/strict";
import { createFetchGateway } from "../../../gateway/fetch_gateway.ts";
import { mintApiKey } from "../../../pipeline/tenants/identity/api_key.ts";
import { LOGS_JSON } from "../../support/otlp_requests.ts";

const configOf = (tenants: string) => `
receivers: {otlp: {protocols: {http: {}}}}
exporters: {nop: {}}
${tenants}
service:
  telemetry: {logs: {level: error}, metrics: {level: none}}
  pipelines: {logs: {receivers: [otlp], exporters: [nop]}}
`;
const env = () => undefined;

Deno.test("where the platform serves HTTP, tenants are those of the configuration", async () => {
  const [own, other] = [mintApiKey(), mintApiKey()];
  const configText = configOf(`tenants: {acme: {keys: [{id: ${own.id}, hash: "${own.hash}"}]}}`);
  const gateway = await createFetchGateway({ configText, env });
  const statuses: number[] = [];
  for (const key of [own.key, other.key]) {
    const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
    const body = JSON.stringify(LOGS_JSON);
    const { status } = await gateway.fetch(new Request("http://edge/v1/logs", { method: "POST", headers, body }));
    statuses.push(status);
  }
  await gateway.shutdown(1_000);
  deepStrictEqual(statuses, [200, 401]);
});

Deno.test("where there are no files, a directory of tenants is refused", async () => {
  const configText = configOf("tenants_dir: ./tenants");
  await rejects(createFetchGateway({ configText, env }), /tenants_dir: cannot be read.*there are no files here/);
});
