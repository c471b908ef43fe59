/**
 * The API's own page: reads the OpenAPI document that the gateway serves and lays it out.
 *
 * @module
 */

import { makePage, type Page } from "./page.ts";
import { SHARED_STYLE } from "./shared.ts";

const STYLE = `${SHARED_STYLE}
.method { display: inline-block; min-width: 3.5rem; font-weight: 600; color: var(--accent); }
article { border-bottom: 1px solid var(--line); padding: .3rem 0; }
`;

const BODY = `
<header><h1 id="title">Admin API</h1><a href="/">Gateway</a> <a href="/api/v1/openapi.json">openapi.json</a></header>
<p><label>Find <input id="find" type="search" size="30"></label></p>
<main id="operations"></main>
<h2>Schemas</h2><div id="schemas"></div>
`;

const SCRIPT = `
const $ = (id) => document.getElementById(id);
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map((child) => child instanceof Node ? child : String(child)));
  return made;
}
const nameOf = (ref) => ref.split("/").at(-1);
function typeOf(schema) {
  if (schema.$ref) return element("a", { href: "#schema-" + nameOf(schema.$ref) }, nameOf(schema.$ref));
  if (schema.type === "array") return element("span", {}, "list of ", typeOf(schema.items));
  if (schema.anyOf) return element("span", {}, ...schema.anyOf.flatMap((each, at) => at === 0 ? [typeOf(each)] : [" | ", typeOf(each)]));
  if (schema.enum) return schema.enum.join(" | ");
  return [schema.type ?? "any"].flat().join(" | ");
}
function table(heads, rows) {
  return element("table", {}, element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((value) => element("td", {}, value))))));
}
function operation(path, method, { operationId, summary, parameters, requestBody, responses, security }) {
  const parts = [];
  if (parameters.length > 0) {
    parts.push(table(["Parameter", "In", "Type", "Default", "What"], parameters.map((p) =>
      [p.name + (p.required ? " *" : ""), p.in, typeOf(p.schema), p.schema.default ?? "", p.description ?? ""])));
  }
  if (requestBody) parts.push(element("p", {}, "Body: ", typeOf(requestBody.content["application/json"].schema)));
  parts.push(table(["Status", "What", "Body"], Object.entries(responses).map(([status, { description, content }]) =>
    [status, description, typeOf(Object.values(content)[0].schema)])));
  const scope = security.length === 0 ? "no token" : "scope " + security[0].token[0];
  return element("article", { "data-text": [path, operationId, summary].join(" ").toLowerCase() },
    element("details", {}, element("summary", {}, element("span", { class: "method" }, method.toUpperCase()), " ",
      element("code", {}, path), " ", element("span", { class: "dim" }, summary + " (" + scope + ")")), ...parts));
}
const document_ = await (await fetch("/api/v1/openapi.json")).json();
$("title").textContent = document_.info.title + " " + document_.info.version;
for (const { name, description } of document_.tags) {
  $("operations").append(element("h2", {}, name), element("p", { class: "dim" }, description));
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      if (described.tags.includes(name)) $("operations").append(operation(path, method, described));
    }
  }
}
for (const [name, schema] of Object.entries(document_.components.schemas)) {
  $("schemas").append(element("details", { id: "schema-" + name }, element("summary", {}, name),
    element("p", {}, schema.description ?? ""), schema.properties
      ? table(["Field", "Type", "What"], Object.entries(schema.properties).map(([key, each]) =>
        [key + (schema.required?.includes(key) ? " *" : ""), typeOf(each), each.description ?? ""]))
      : element("pre", {}, JSON.stringify(schema, null, 2))));
}
$("find").addEventListener("input", () => {
  const wanted = $("find").value.toLowerCase();
  for (const article of document.querySelectorAll("article")) article.hidden = !article.dataset.text.includes(wanted);
});
`;

export const docsPage: Page = makePage({ title: "Sluice admin API", style: STYLE, body: BODY, script: SCRIPT });
