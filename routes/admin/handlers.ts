/**
 * What each operation does: a line or two between the API's words and `AdminControl`.
 *
 * @module
 */

import { page, precondition } from "../api/call.ts";
import type { HandlersOf } from "../api/endpoint.ts";
import { eventStream } from "../api/event_stream.ts";
import type { AdminControl } from "./control.ts";
import type { Endpoints } from "./endpoints.ts";
import type { Applied, Probe, Queue } from "./schemas.ts";
import { unknownName } from "./unknown.ts";
import { createTenantHandlers } from "./tenants/handlers.ts";

export function createHandlers(control: AdminControl): HandlersOf<Endpoints> {
  const queue = async (id: string): Promise<Queue> => found(await control.queues(), id, "queue");
  const applied = (answer: Applied) => ({
    body: answer,
    etag: answer.entry.version,
    detail: `entry ${answer.entry.id}, version ${answer.entry.version}${answer.changed ? "" : ", unchanged"}`,
  });
  const change = (call: { readonly who: string; readonly ifMatch: string }) => ({
    who: call.who,
    ifMatch: precondition(call.ifMatch, control.version()),
  });
  return {
    getLive: () => probed(control.probe("live")),
    getReady: () => probed(control.probe("ready")),
    getStarted: () => probed(control.probe("started")),
    getStatus: async () => ({ body: await control.status() }),
    getConfig: () => ({ body: control.config(), etag: control.version() }),
    listConfigValues: ({ query }) => ({
      body: page(control.configValues().filter(({ path }) => path.startsWith(query.prefix)), query),
    }),
    validateConfig: async ({ body }) => {
      const { diff: _, ...check } = await control.checkConfig(body);
      return { body: check };
    },
    diffConfig: async ({ body }) => {
      const { version, running_version, diff, problems } = await control.checkConfig(body);
      return { body: { version, running_version, diff, problems } };
    },
    applyConfig: async (call) => applied(await control.applyConfig(call.body, change(call))),
    reloadConfig: async (call) => applied(await control.reloadConfig(change(call))),
    rollbackConfig: async (call) => applied(await control.rollbackConfig(call.body.id, change(call))),
    listHistory: ({ query }) => ({ body: page(control.history(), query) }),
    ...createTenantHandlers(control.tenants),
    getGraph: () => ({ body: control.graph() }),
    tapNode: ({ params, query, abort }) => eventStream(control.tap(params.id, query, abort)),
    listComponents: async ({ query }) => ({ body: page(await control.components(), query) }),
    getComponent: async ({ params }) => ({ body: found(await control.components(), params.id, "component") }),
    listQueues: async ({ query }) => ({ body: page(await control.queues(), query) }),
    getQueue: async ({ params }) => {
      const body = await queue(params.id);
      return { body, etag: body.state };
    },
    setQueueState: async ({ params, body, ifMatch }) => {
      const before = await queue(params.id);
      precondition(ifMatch, before.state);
      const after = await control.setQueueState(params.id, body.state);
      return { body: after, etag: after.state, detail: `${before.state} to ${after.state}` };
    },
    drainQueue: async ({ params, body }) => {
      const drained = await control.drainQueue(params.id, body.timeout_ms);
      return { body: drained, detail: drained.drained ? "drained" : "not drained in time" };
    },
    getLogLevel: () => {
      const body = control.logLevel();
      return { body, etag: body.level };
    },
    setLogLevel: ({ body, ifMatch }) => {
      const { level: before } = control.logLevel();
      precondition(ifMatch, before);
      const after = control.setLogLevel(body.level);
      return { body: after, etag: after.level, detail: `${before} to ${after.level}` };
    },
    tryOttl: async ({ body }) => ({ body: await control.tryOttl(body) }),
    makeCpuProfile: async ({ body, abort }) => ({
      body: await control.cpuProfile(body, abort),
      detail: `${body.thread}, ${body.duration_ms} ms`,
    }),
    makeHeapSnapshot: async ({ body }) => ({ body: await control.heapSnapshot(body.thread), detail: body.thread }),
    listAudit: ({ query }) => ({ body: page(control.audit.list(), query) }),
  };
}

function probed(body: Probe) {
  return { body, status: body.ok ? 200 : 503 };
}

function found<Item extends { readonly id: string }>(all: readonly Item[], id: string, what: string): Item {
  const item = all.find((each) => each.id === id);
  if (item === undefined) throw unknownName(what, id, all.map((each) => each.id));
  return item;
}
