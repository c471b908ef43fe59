/** The operators' page in a real browser, at a gateway that runs. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { mintApiKey } from "../../pipeline/tenants/identity/api_key.ts";
import { type Browser, missingForBrowser, openBrowser } from "../support/browser.ts";
import { freePort, runMain, startGateway } from "../support/gateway_process.ts";
import { skipWithout } from "../support/real_parts.ts";

const ignore = skipWithout("browser", await missingForBrowser());
const [otlp, admin] = [freePort(), freePort()];
const PAGE = `http://127.0.0.1:${admin}`;

const yamlWith = (exporter: string) => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${otlp}"}}}}
processors: {batch: {timeout: 10ms}}
exporters: {${exporter}: {}, otlp_http/down: {endpoint: "http://127.0.0.1:9"}}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [${exporter}]}
    logs: {receivers: [otlp], exporters: [otlp_http/down]}
`;

async function send(): Promise<void> {
  const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: "x" };
  const response = await fetch(`http://127.0.0.1:${otlp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  strictEqual(response.status, 200, await response.text());
}

const openDetails = (browser: Browser) =>
  browser.run(`for (const each of document.querySelectorAll("details")) each.open = true`);

Deno.test({ name: "the admin page in a browser", ignore }, async (t) => {
  await using gateway = await startGateway(yamlWith("nop"), { args: ["--admin-listen", `127.0.0.1:${admin}`] });
  await gateway.waitForLine("The admin API listens");
  await using browser = await openBrowser();
  await browser.open(PAGE);

  await t.step("shows that the gateway is ready, and its components", async () => {
    await browser.waitForText("#state", /^ready$/);
    const drawn = await browser.run(
      `return [...document.querySelectorAll("#graph text")].map((each) => each.textContent)`,
    );
    for (const name of ["otlp", "batch", "nop", "otlp_http/down"]) ok((drawn as string[]).includes(name), name);
  });

  await t.step("shows how exporters do", async () => {
    const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "x" } }] }] }] });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`http://127.0.0.1:${otlp}/v1/logs`, { method: "POST", headers, body });
    strictEqual(answer.status, 503);
    await answer.body?.cancel();
    await browser.waitForText("#exporters", /otlp_http\/down\s*logs\s*failing since .*not yet.*Cannot/s);
  });

  await t.step("shows what flows, items and bytes", async () => {
    for (let i = 0; i < 5; i++) await send();
    await openDetails(browser);
    await browser.waitForText("#edges", /receiver:otlp\s*processor:batch:traces\s*traces.*5/);
  });

  const picture = Deno.env.get("SLUICE_TEST_PICTURE");
  if (picture !== undefined) await Deno.writeFile(picture, await browser.screenshot());

  await t.step("pauses a queue, and lets it go on", async () => {
    await browser.click("#queues button");
    await browser.waitForText("#queues", /paused/);
    await browser.click("#queues button");
    await browser.waitForText("#queues", /running/);
  });

  await t.step("tells what is wrong with a configuration, with its place, and changes nothing", async () => {
    await browser.type("#draft", "receivers: {otlp: {}}\nexporters: {nope: {}}\n");
    await browser.click("#apply");
    await browser.accept();
    const told = await browser.waitForText("#message", /page\.yaml/);
    match(told, /nope/);
    await send();
  });

  await t.step("shows a difference, and applies it", async () => {
    await browser.type("#draft", yamlWith("debug"));
    await browser.click("#diff");
    await browser.waitForText("#difference", /\+.*debug/);
    await browser.click("#apply");
    await browser.accept();
    await browser.waitForText("#yaml", /debug/);
    await send();
  });

  await t.step("goes back to an entry of the history", async () => {
    await browser.run(`[...document.querySelectorAll("#history button")].at(-1).click()`).catch(() => {}); // asks first
    await browser.accept();
    await browser.waitForText("#yaml", /nop/);
    await send();
  });

  await t.step("in a narrow window tables and graph scroll, and the page does not", async () => {
    const widths = await browser.run(`
      document.body.style.width = "390px";
      const widths = [document.body.scrollWidth, document.querySelector("#graph").scrollWidth > 390];
      document.body.style.width = "";
      return widths;`);
    deepStrictEqual(widths, [390, true]);
  });

  await t.step("the page of the API lists its operations, and opens one", async () => {
    await browser.open(`${PAGE}/docs`);
    await browser.waitForText("body", /PUT \/api\/v1\/config/);
  });

  await t.step("nothing failed on the way: no load, no script, no rule of the page's own policy", async () => {
    const errors = (await browser.errors()).filter((error) => !/\/api\/v1\/config.*\b4\d\d\b/.test(error));
    deepStrictEqual(errors, []);
  });
});

Deno.test({ name: "the admin page asks for a token where one is wanted", ignore }, async () => {
  const dir = await Deno.makeTempDir();
  const tokens = `${dir}/tokens.txt`;
  const made = await runMain(["admin", "token", "--name", "ann", "--scope", "write", "--tokens", tokens]);
  const port = freePort();
  const args = ["--admin-listen", `127.0.0.1:${port}`, "--admin-tokens", tokens];
  await using gateway = await startGateway(yamlWith("nop"), { args });
  await gateway.waitForLine("The admin API listens");
  await using browser = await openBrowser();
  await browser.open(`http://127.0.0.1:${port}`);
  await browser.waitForText("#message", /token/i);
  await browser.type("#token", made.stdout.trim());
  await browser.click("#login button");
  await browser.waitForText("#state", /^ready$/);
  await Deno.remove(dir, { recursive: true });
});

Deno.test({ name: "the admin page shows tenants, and what they were refused", ignore }, async () => {
  const tenants = await Deno.makeTempDir();
  await Deno.writeTextFile(`${tenants}/broken.yaml`, "wait: 1\n");
  const { id, key, hash } = mintApiKey();
  const acme = `{signals: [logs], keys: [{id: ${id}, hash: "${hash}"}]}`;
  const [port, page] = [freePort(), freePort()];
  await using gateway = await startGateway(
    `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {nop: {}}
tenants: {acme: ${acme}, globex: {}}
tenants_dir: ${tenants}
service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}
`,
    { args: ["--admin-listen", `127.0.0.1:${page}`] },
  );
  await gateway.waitForLine("The admin API listens");
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: "{}",
  });
  strictEqual(response.status, 403, await response.text());
  await using browser = await openBrowser();
  await browser.open(`http://127.0.0.1:${page}`);
  await browser.waitForText("#tenants", /acme\s*yes\s*1\s*1[^]*globex\s*yes\s*0\s*0/);
  await browser.waitForText("#problems", /broken\.yaml:1: .*wait/);
  await browser.click("#tenants summary");
  await browser.waitForText("#tenants", /1 times, traces signal: .*it may not send traces/);
  await browser.type("#search", "glo");
  await browser.run(`document.querySelector("#search").dispatchEvent(new Event("change"))`);
  await browser.waitForText("#tenants", /^(?![^]*acme)[^]*globex/);
  deepStrictEqual(await browser.errors(), []);
  await Deno.remove(tenants, { recursive: true });
});
