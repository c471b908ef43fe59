/**
 * How large the rooms of the house are: what is larger than the rest says here why.
 *
 * @module
 */

import { deepStrictEqual, ok } from "node:assert";
import { type FunctionSize, functionsOf } from "./support/function_sizes.ts";
import { PROGRAM_FOLDERS, sourcesBelow } from "./support/sources.ts";

/** Lines of a file. */
const MAX_FILE_LINES = 350;
/** Files of a folder, those in its folders not counted. */
const MAX_FOLDER_FILES = 16;
/** Lines of a function, with what stands in it. */
const MAX_FUNCTION_LINES = 45;

/** Parameters of a function, method or constructor. */
const MAX_PARAMETERS = 5;

/** Why each of these is in one piece. */
type Reasons = Readonly<Record<string, string>>;

const LONG_FILES: Reasons = {
  "controller/cli/views.ts": "a list of small views, one a subcommand, that share how a table is printed",
  "gateway/tenants/tenant_control.ts": "one class of short steps around one order: written first, then used",
  "opamp/client/client.ts": "the wiring of the OpAMP client behind its one interface",
  "opamp/client/offers/package_sync.ts": "one sequence, from an offer to what is installed",
  "opamp/client/session.ts": "one state machine of the link to the server",
  "opamp/rollouts/rollouts.ts": "one interface; what it decides is in stages/, rules/ and decisions.ts",
  "opamp/rollouts/stages/run.ts": "one state machine: the stages of a rollout",
  "opamp/server/fleet/fleet.ts": "the fleet's one interface; its parts are files beside it",
  "opamp/server/store/store.ts": "one table of columns, and the statements that read and write them",
  "pipeline/core/telemetry/table.ts": "data: the list of all metrics",
  "pipeline/exporters/otlp_http/tcp_transport.ts":
    "a pool and its connections, which change each other's state at every exchange",
  "pipeline/otlp/ottl/any_value.ts": "one message in both directions: what reads it must agree with what writes it",
  "pipeline/otlp/ottl/attributes/index.ts": "one class for its speed: in two a condition takes 7 to 20 % longer",
  "pipeline/otlp/ottl/message_view.ts": "one class on the hot path: what is read and what is written share its offsets",
  "pipeline/otlp/ottl/walk.ts": "one pass over a payload, with its stack of open messages",
  "pipeline/otlp/schema.ts": "data: the messages of opentelemetry-proto, row for row",
  "pipeline/otlp/split.ts": "all ways to split, over the one assembler that frames what they cut",
  "pipeline/tenants/identity/mod.ts": "one order of credentials, which is what must be read in one piece",
  "pipeline/tenants/rates/cells.ts": "one layout of shared memory, and every access to it",
  "pipeline/tenants/table/record.ts": "one format in both directions: what reads it must agree with what writes it",
  "routes/controller/schemas.ts": "data: the schemas of the controller's API",
  "routes/http1/connection.ts": "one state machine: a connection between two requests, in a head, in a body",
  "routes/otlp_protocol.ts": "OTLP/HTTP from head to answer, which both listeners call",
};

const LARGE_FOLDERS: Reasons = {
  "ottl/functions/converters/": "a file for each function of the language",
  "ottl/functions/editors/": "a file for each function of the language",
  "pipeline/tenants/identity/": "a file for each kind of credential, and what guards their checks",
};

const LONG_FUNCTIONS: Reasons = {
  "commands/gateway.ts addGatewayCommand()": "data: the options of a command",
  "commands/ottl.ts createOttlCommand()": "data: the options of a command",
  "commands/tenants.ts createTenantsCommand()": "data: the options of its commands",
  "controller/controller.ts Controller.constructor()": "wiring: who is made of whom",
  "gateway/opamp/agent.ts GatewayAgent.constructor()": "wiring: who is made of whom",
  "opamp/client/client.ts OpampClient.makeParts()": "wiring: who is made of whom",
  "pipeline/config/parse.ts parsing()": "the order of the checks of a configuration, which yields between them",
  "pipeline/exporters/kafka/config.ts kafkaWarnings()": "data: a row for each warning",
  "pipeline/otlp/ottl/attributes/index.ts AttributeIndex.seekRun()":
    "the loop over attributes, which keeps its places in locals for its speed",
  "pipeline/otlp/ottl/field_index.ts FieldIndex.read()":
    "the loop over a message's fields, which reads nearly all of them without a call",
  "pipeline/otlp/ottl/paths/attributes.ts oneAttribute()":
    "a table of short functions, one for each thing asked of a path",
  "pipeline/otlp/validate.ts countItems()":
    "the loop over a request's bytes, which keeps its places in locals for its speed",
  "pipeline/processors/batch.ts createBatchProcessor()": "wiring: the queue's settings and its metrics",
  "routes/admin/handlers.ts createHandlers()": "a table of short functions, one for each operation",
  "routes/admin/tenants/handlers.ts createTenantHandlers()": "a table of short functions, one for each operation",
  "routes/api/app.ts createApi()": "the order in which a request is checked, done and audited",
  "routes/controller/handlers/fleet.ts fleetHandlers()": "a table of short functions, one for each operation",
  "routes/controller/handlers/packages.ts packageHandlers()": "a table of short functions, one for each operation",
  "routes/otlp_protocol.ts OtlpEndpoint.answer()":
    "the order of the steps of a request, and what each way out gives back",
};

const MANY_PARAMETERS: Reasons = {};

const files: { readonly path: string; readonly text: string }[] = [];
for await (const file of sourcesBelow(...PROGRAM_FOLDERS)) files.push(file);

/** Files by their folder. */
const folders = Map.groupBy(files, ({ path }) => path.slice(0, path.lastIndexOf("/") + 1));

function linesOf(text: string): number {
  return text.split("\n").length - 1;
}

/** All functions, by their files: a file is parsed once for all that is asked of it. */
const functions = files.flatMap(({ path, text }) => functionsOf(text).map((size) => ({ path, ...size })));

function functionsWhere(isLarge: (size: FunctionSize) => boolean): string[] {
  return functions.filter(isLarge).map(({ path, name }) => `${path} ${name}()`);
}

/** A reason for each that is large, and none for what is not. */
function holds(large: readonly string[], reasons: Reasons): void {
  ok(files.length > 500, `only ${files.length} files are seen`);
  deepStrictEqual({
    withoutReason: large.filter((name) => !Object.hasOwn(reasons, name)),
    notLarge: Object.keys(reasons).filter((name) => !large.includes(name)),
  }, { withoutReason: [], notLarge: [] });
}

Deno.test(`files of more than ${MAX_FILE_LINES} lines have a reason`, () => {
  holds(files.filter(({ text }) => linesOf(text) > MAX_FILE_LINES).map(({ path }) => path), LONG_FILES);
});

Deno.test(`folders of more than ${MAX_FOLDER_FILES} files have a reason`, () => {
  const large = [...folders].filter(([, inIt]) => inIt.length > MAX_FOLDER_FILES);
  holds(large.map(([folder]) => folder), LARGE_FOLDERS);
});

Deno.test(`functions of more than ${MAX_FUNCTION_LINES} lines have a reason`, () => {
  holds(functionsWhere(({ lines }) => lines > MAX_FUNCTION_LINES), LONG_FUNCTIONS);
});

Deno.test(`functions of more than ${MAX_PARAMETERS} parameters have a reason`, () => {
  holds(functionsWhere(({ parameters }) => parameters > MAX_PARAMETERS), MANY_PARAMETERS);
});

Deno.test("functionsOf() finds every kind of function, with the lines, the parameters and the name that it has", () => {
  const text = `export function plain() {
  const inner = () =>
    1;
}
class Queue {
  #take(first = 0, { second }, ...rest) {
  }
  constructor(readonly own: number) { [].map((each) => each); }
}
const table = { "a key": () => 1, method(one, two) {} };
`;
  deepStrictEqual(functionsOf(text), [
    { name: "plain", lines: 4, parameters: 0 },
    { name: "inner", lines: 2, parameters: 0 },
    { name: "Queue.take", lines: 2, parameters: 3 },
    { name: "Queue.constructor", lines: 1, parameters: 1 },
    { name: "Queue.constructor", lines: 1, parameters: 1 },
    { name: "a key", lines: 1, parameters: 0 },
    { name: "method", lines: 1, parameters: 2 },
  ]);
});
