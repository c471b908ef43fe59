/**
 * The operators' page: status, graph, queues, tenants, configuration with its history, over the same API as everybody else.
 *
 * A token is kept in the page's memory alone: it is gone with the page.
 *
 * @module
 */

import { makePage, type Page } from "./page.ts";
import { SHARED_STYLE } from "./shared.ts";

const STYLE = `${SHARED_STYLE}
section, #graph { overflow-x: auto; }
#graph svg { width: 100%; height: auto; border: 1px solid var(--line); border-radius: 4px; }
#graph rect { fill: var(--soft); stroke: var(--line); } #graph text { fill: CanvasText; font: 12px system-ui; }
#graph path { fill: none; stroke: var(--accent); stroke-width: 1.5; opacity: .7; }
#graph text.flow { font-size: 11px; opacity: .75; }
textarea { width: 100%; min-height: 14rem; } #message:empty { display: none; }
#message { border-left: 4px solid var(--bad); padding: .4rem .8rem; white-space: pre-wrap; margin: 1rem 0; }
#message.done { border-color: var(--good); }
`;

const BODY = `
<header><h1>Sluice</h1><span id="state" role="status">…</span><span id="build" class="dim"></span>
  <form id="login"><label>Token <input id="token" type="password" autocomplete="off" size="24"></label>
  <button>Use</button></form><a href="/docs">API</a></header>
<div id="message" role="alert"></div>
<section aria-labelledby="h-status"><h2 id="h-status">Status</h2><table id="status"></table></section>
<section aria-labelledby="h-exporters"><h2 id="h-exporters">Exporters</h2><table id="exporters"></table></section>
<section aria-labelledby="h-graph"><h2 id="h-graph">Graph</h2><div id="graph"></div>
  <details><summary>As a table</summary><table id="edges"></table></details></section>
<section aria-labelledby="h-queues"><h2 id="h-queues">Queues</h2><table id="queues"></table></section>
<section aria-labelledby="h-tenants" id="s-tenants" hidden><h2 id="h-tenants">Tenants</h2>
  <p><label>Search <input id="search" type="search" size="24"></label></p><ul id="problems"></ul><table id="tenants"></table></section>
<section aria-labelledby="h-config"><h2 id="h-config">Configuration</h2>
  <details><summary>What runs</summary><pre id="yaml"></pre></details>
  <details><summary>Change it</summary>
    <p class="dim">The whole configuration as YAML. Secrets above are masked: a masked text cannot be applied as it is.</p>
    <label for="draft">YAML</label><textarea id="draft" spellcheck="false"></textarea>
    <p><button id="diff">Show the difference</button> <button id="apply">Apply</button>
       <button id="reload">Read again what it was started with</button></p><pre id="difference"></pre></details>
  <h2>History</h2><table id="history"></table></section>
`;

const SCRIPT = `
const $ = (id) => document.getElementById(id);
let token = "", etag = "", paused = false;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value); else made.setAttribute(key, value);
  }
  made.append(...children.map((child) => child instanceof Node ? child : String(child)));
  return made;
}
function fill(table, heads, rows) {
  const cell = (name, value) => value instanceof Node ? element(name, {}, value)
    : element(name, typeof value === "number" ? { class: "n" } : {}, value ?? "");
  table.replaceChildren(
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((value) => cell("td", value))))),
  );
}
function say(text, isDone = false) { $("message").textContent = text; $("message").className = isDone ? "done" : ""; }
const rate = (value) => value === null ? "" : value.toLocaleString(undefined, { maximumFractionDigits: 1 });
const time = (ms) => new Date(ms).toLocaleString();

async function call(method, path, body, ifMatch) {
  const headers = {};
  if (token !== "") headers.authorization = "Bearer " + token;
  if (body !== undefined) headers["content-type"] = "application/json";
  if (ifMatch !== undefined) headers["if-match"] = ifMatch;
  const answer = await fetch("/api/v1" + path, { method, headers, body: body && JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok && answer.headers.get("content-type") === "application/problem+json") {
    const places = (json.problems ?? []).map((p) => p.file + ":" + p.line + ": " + p.path + ": " + p.message);
    throw new Error([json.title + (json.detail ? ": " + json.detail : ""), ...places, ...(json.failures ?? [])].join("\\n"));
  }
  return { json, etag: answer.headers.get("etag") ?? "" };
}
async function act(work, done) {
  try { await work(); say(done, true); await refresh(); } catch (error) { say(error.message); }
}

function drawGraph({ nodes, edges }) {
  const W = 200, H = 44, GAP = 90, depth = new Map(nodes.map((node) => [node.id, 0]));
  for (let round = 0; round < nodes.length; round++) {
    let moved = false;
    for (const { from, to } of edges) {
      if (depth.get(to) <= depth.get(from)) { depth.set(to, depth.get(from) + 1); moved = true; }
    }
    if (!moved) break;
  }
  const columns = new Map();
  for (const node of nodes) {
    const column = columns.get(depth.get(node.id)) ?? [];
    column.push(node.id);
    columns.set(depth.get(node.id), column);
  }
  const at = (id) => ({ x: depth.get(id) * (W + GAP) + 10, y: columns.get(depth.get(id)).indexOf(id) * (H + 18) + 10 });
  const width = columns.size * (W + GAP) - GAP + 20;
  const height = Math.max(1, ...[...columns.values()].map((column) => column.length)) * (H + 18) + 10;
  const svg = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const root = svg("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": "Graph of components" });
  root.style.minWidth = width + "px"; // a narrow window scrolls rather than shrinks its text
  for (const { from, to, signal, flow } of edges) {
    const a = at(from), b = at(to), x1 = a.x + W, y1 = a.y + H / 2, y2 = b.y + H / 2, mid = (x1 + b.x) / 2;
    root.append(svg("path", { d: "M" + x1 + " " + y1 + " C" + mid + " " + y1 + " " + mid + " " + y2 + " " + b.x + " " + y2 }));
    if (flow.items_per_second !== null) {
      root.append(svg("text", { class: "flow", x: mid, y: (y1 + y2) / 2 - 4, "text-anchor": "middle" },
        rate(flow.items_per_second) + "/s " + signal));
    }
  }
  for (const node of nodes) {
    const { x, y } = at(node.id);
    root.append(svg("rect", { x, y, width: W, height: H, rx: 5 }),
      svg("text", { x: x + 10, y: y + 18 }, node.component.slice(0, 28)),
      svg("text", { x: x + 10, y: y + 34, class: "flow" }, node.kind + (node.pipeline ? " in " + node.pipeline : "")));
  }
  $("graph").replaceChildren(root);
  fill($("edges"), ["From", "To", "Pipeline", "Items/s", "Bytes/s", "Errors/s", "Items"], edges.map(({ from, to, pipeline, flow }) =>
    [from, to, pipeline, rate(flow.items_per_second), rate(flow.bytes_per_second), rate(flow.errors_per_second), flow.items_total ?? ""]));
}
function showQueues(queues) {
  fill($("queues"), ["Exporter", "Signal", "State", "Depth", "Capacity", "In flight", "Oldest", ""], queues.map((queue) => {
    const path = "/queues/" + encodeURIComponent(queue.id);
    const next = queue.state === "running" ? "paused" : "running";
    return [queue.exporter, queue.signal, queue.state, queue.depth, queue.capacity + " " + queue.unit, queue.in_flight_requests,
      queue.oldest_age_ms === null ? "" : (queue.oldest_age_ms / 1000).toFixed(1) + " s",
      element("span", {},
        element("button", { onclick: () => act(() => call("PUT", path + "/state", { state: next }, '"' + queue.state + '"'),
          queue.exporter + " is " + next) }, next === "paused" ? "Pause" : "Resume"), " ",
        element("button", { onclick: () => act(() => call("POST", path + "/drain", {}), queue.exporter + " was told to send what it holds") }, "Drain"))];
  }));
}
const HELD_BY = { pause: "paused", full_queue: "queue full", no_answer: "no answer" };
function showExporters({ exporters, exporters_total }) {
  const rows = exporters.map((each) => {
    const { state, held_by, failing_since_ms: since, last_error: error, oldest_age_ms: oldest } = each;
    const text = since !== null ? "failing since " + time(since) : held_by !== null ? "held (" + HELD_BY[held_by] + ")" : state;
    return [each.exporter, each.signal, element("span", { class: state === "ok" ? "good" : "bad" }, text),
      oldest === null ? "" : (oldest / 1000).toFixed(1) + " s", each.delivered_at_ms === null ? "not yet" : time(each.delivered_at_ms),
      error === null ? "" : time(error.at_ms) + ": " + error.message];
  });
  if (exporters_total > rows.length) rows.push(["and " + (exporters_total - rows.length) + " more", "", "", "", "", ""]);
  fill($("exporters"), ["Exporter", "Signal", "State", "Oldest", "Delivered", "Last error"], rows);
}
const firstOf = (reasons) => reasons.length > 1 ? reasons[0] + " (+" + (reasons.length - 1) + " more)" : reasons[0];
function showHistory(entries) {
  fill($("history"), ["Entry", "When", "Who", "From", "Outcome", "What", ""], entries.map((entry) => {
    const what = element("details", {}, element("summary", {}, firstOf(entry.reasons) ?? (entry.diff === "" ? "no difference" : "difference")),
      element("pre", {}, [...entry.reasons, entry.diff].join("\\n")));
    const back = element("button", { onclick: () => confirm("Go back to entry " + entry.id + "?") &&
      act(() => call("POST", "/config/rollback", { id: entry.id }, etag), "Entry " + entry.id + " runs again") }, "Go back to it");
    const neverRan = entry.outcome === "failed";
    return [entry.id, time(entry.at_ms), entry.who, entry.origin, entry.outcome, what, neverRan ? "" : back];
  }));
}
function showRefusals(id, details) {
  if (!details.open) return;
  call("GET", "/tenants/" + encodeURIComponent(id) + "/refusals").then(({ json }) =>
    details.lastChild.replaceChildren(...json.items.map(({ last_ms, times, signal, reason, items, message }) =>
      element("li", {}, time(last_ms) + ", " + times + " times, " + (signal ?? "") + " " + reason +
        (items > 0 ? ", " + items + " items" : "") + ": " + message)))).catch((error) => say(error.message));
}
function showTenants(tenants, problems) {
  $("s-tenants").hidden = tenants.length + problems.length === 0 && $("search").value === "";
  $("problems").replaceChildren(...problems.map((p) => element("li", {}, p.file + ":" + p.line + ": " + p.path + ": " + p.message)));
  const open = new Set([...$("tenants").querySelectorAll("details[open]")].map((each) => each.dataset.id));
  fill($("tenants"), ["Tenant", "Enabled", "Keys", "Refusals", "Lately", "Place"], tenants.map((tenant) => {
    const lately = element("details", { "data-id": tenant.id }, element("summary", {}, "show"), element("ul", {}));
    lately.addEventListener("toggle", () => showRefusals(tenant.id, lately));
    lately.open = open.has(tenant.id);
    return [tenant.id, tenant.enabled ? "yes" : "no", tenant.keys, tenant.refusals, tenant.refusals === 0 ? "" : lately, tenant.place];
  }));
}
async function refresh() {
  const [status, graph, queues, config, history, tenants, problems] = await Promise.all(["/status", "/graph", "/queues", "/config",
    "/config/history?limit=20", "/tenants?limit=50&search=" + encodeURIComponent($("search").value), "/tenant-problems?limit=20",
  ].map((path) => call("GET", path)));
  const { build, state, config: entry, workers } = status.json;
  $("state").textContent = state; $("state").className = state === "ready" ? "good" : "bad";
  $("build").textContent = build.version + " on Deno " + build.deno;
  fill($("status"), ["Started", "Threads alive", "Components", "Configuration", "Memory"], [[time(status.json.started_at_ms),
    workers.alive + " of " + workers.wanted, status.json.components, "entry " + entry.id + " by " + entry.who + ": " + entry.outcome,
    (status.json.memory_rss_bytes / 1048576).toFixed(0) + " MB"]]);
  showExporters(status.json); drawGraph(graph.json); showQueues(queues.json.items); showHistory(history.json.items);
  showTenants(tenants.json.items, problems.json.items);
  etag = config.etag; $("yaml").textContent = config.json.yaml;
  if ($("draft").value === "") $("draft").value = config.json.yaml;
}
$("search").addEventListener("change", () => refresh().catch((error) => say(error.message)));
const draft = () => ({ sources: [{ name: "page.yaml", text: $("draft").value }] });
$("login").addEventListener("submit", (event) => { event.preventDefault(); token = $("token").value.trim(); $("token").value = "";
  say(""); refresh().catch((error) => say(error.message)); });
$("diff").addEventListener("click", async () => { try {
  const { json } = await call("POST", "/config/diff", draft());
  $("difference").textContent = [...json.problems.map((p) => p.severity + ": " + p.file + ":" + p.line + ": " + p.path + ": " + p.message),
    json.diff === "" ? "no difference" : json.diff].join("\\n"); say("");
} catch (error) { say(error.message); } });
$("apply").addEventListener("click", () => confirm("Apply this configuration?") && act(() => call("PUT", "/config", draft(), etag), "It has the traffic"));
$("reload").addEventListener("click", () => confirm("Read the configuration again?") &&
  act(() => call("POST", "/config/reload", undefined, etag), "It has the traffic"));
document.addEventListener("visibilitychange", () => { paused = document.hidden; });
setInterval(() => { if (!paused) refresh().catch((error) => say(error.message)); }, 5000);
refresh().catch((error) => say(error.message));
`;

export const adminPage: Page = makePage({ title: "Sluice", style: STYLE, body: BODY, script: SCRIPT });
