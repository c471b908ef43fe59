/** The file of tokens, the audit log, the last errors. */

import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import {
  GatewayAudit,
  MAX_AUDIT_BYTES,
  MAX_AUDIT_ENTRIES,
  MAX_AUDIT_READ_BYTES,
} from "../../../gateway/admin/audit.ts";
import { MAX_COMPONENTS, MAX_ERRORS, RecentErrors } from "../../../gateway/admin/recent_errors.ts";
import { TokenFile } from "../../../gateway/admin/token_file.ts";
import { silentMeter } from "../../../pipeline/core/telemetry/meter.ts";
import { silentLogger } from "../../../pipeline/core/log/logger.ts";
import { makeToken } from "../../../routes/api/tokens.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const token = (name: string, seed: number) => makeToken(name, "read", (bytes) => void bytes.fill(seed));
const NO_COUNTER = silentMeter.counter("sluice_admin_unauthenticated_requests", {});
const RECORD = { who: "a", operation: "applyConfig", target: "", status: 200, detail: "" };

async function inFolder(run: (dir: string) => void | Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("the file of tokens", async (t) => {
  const [ada, bob] = [token("ada", 1), token("bob", 2)];
  await t.step(
    "who is taken out of it is refused within a second; a mistake lets nobody in",
    () =>
      inFolder(async (dir) => {
        const path = `${dir}/tokens`;
        Deno.writeTextFileSync(path, `${ada.line}\n${bob.line}\n`);
        const clock = new FakeClock();
        const file = new TokenFile(path, silentLogger, clock);
        strictEqual(file.find(bob.token)?.name, "bob");
        Deno.writeTextFileSync(path, `${ada.line}\n`);
        await clock.advance(999);
        strictEqual(file.find(bob.token)?.name, "bob");
        await clock.advance(1);
        strictEqual(file.find(bob.token), undefined);
        strictEqual(file.find(ada.token)?.name, "ada");
        Deno.writeTextFileSync(path, "nonsense");
        await clock.advance(1_000);
        strictEqual(file.find(ada.token), undefined);
        Deno.removeSync(path);
        await clock.advance(1_000);
        strictEqual(file.find(ada.token), undefined);
        Deno.writeTextFileSync(path, ada.line);
        await clock.advance(1_000);
        strictEqual(file.find(ada.token)?.name, "ada");
      }),
  );
  await t.step("is wanted at the start", () => {
    throws(() => new TokenFile("/nowhere/tokens", silentLogger, new FakeClock()), Deno.errors.NotFound);
  });
});

Deno.test("the audit log", async (t) => {
  await t.step("keeps the newest in memory", () => {
    const audit = new GatewayAudit({
      refused: NO_COUNTER,
      logger: silentLogger,
      clock: new FakeClock(),
      stateDir: undefined,
    });
    for (let count = 0; count <= MAX_AUDIT_ENTRIES; count++) audit.record(RECORD);
    deepStrictEqual([audit.list().length, audit.list()[0]?.id], [MAX_AUDIT_ENTRIES, MAX_AUDIT_ENTRIES + 1]);
  });
  await t.step(
    "requests without a valid token: each is counted, and a line stands for those of ten seconds",
    async () => {
      let count = 0;
      const told: unknown[] = [];
      const logger = { ...silentLogger, warn: (_: string, fields: unknown) => void told.push(fields) };
      const clock = new FakeClock();
      const audit = new GatewayAudit({
        logger,
        clock,
        stateDir: undefined,
        refused: { add: (by) => void (count += by) },
      });
      for (let n = 0; n < 5; n++) audit.denied("192.0.2.1");
      await clock.advance(10_000);
      audit.denied("192.0.2.2");
      deepStrictEqual(told, [{ times: 1, address: "192.0.2.1" }, { times: 5, address: "192.0.2.2" }]);
      strictEqual(count, 6);
    },
  );
  await t.step("begins a new file when one is full", () =>
    inFolder((dir) => {
      const audit = new GatewayAudit({
        refused: NO_COUNTER,
        logger: silentLogger,
        clock: new FakeClock(),
        stateDir: dir,
      });
      audit.record(RECORD);
      Deno.truncateSync(`${dir}/audit.jsonl`, MAX_AUDIT_BYTES);
      audit.record(RECORD);
      strictEqual(Deno.statSync(`${dir}/audit.1.jsonl`).size, MAX_AUDIT_BYTES);
      strictEqual(JSON.parse(Deno.readTextFileSync(`${dir}/audit.jsonl`)).id, 2);
    }));
  await t.step("has after a restart what it had before, and goes on counting", () =>
    inFolder((dir) => {
      const open = () =>
        new GatewayAudit({ refused: NO_COUNTER, logger: silentLogger, clock: new FakeClock(), stateDir: dir });
      deepStrictEqual(open().list(), []);
      const before = open();
      for (const who of ["ada", "bob"]) before.record({ ...RECORD, who });
      Deno.renameSync(`${dir}/audit.jsonl`, `${dir}/audit.1.jsonl`);
      before.record({ ...RECORD, who: "eve" });
      Deno.writeTextFileSync(`${dir}/audit.jsonl`, '{"id":4,"at_m', { append: true }); // a crash
      const after = open();
      deepStrictEqual(after.list(), before.list());
      after.record(RECORD);
      deepStrictEqual(after.list().map(({ id, who }) => `${id} ${who}`), ["4 a", "3 eve", "2 bob", "1 ada"]);
      deepStrictEqual(open().list(), after.list());
      after.record(RECORD);
      strictEqual(Deno.readTextFileSync(`${dir}/audit.jsonl`).split("\n").length, 5);
    }));
  await t.step("has the last of many after a restart", () =>
    inFolder((dir) => {
      const open = () =>
        new GatewayAudit({ refused: NO_COUNTER, logger: silentLogger, clock: new FakeClock(), stateDir: dir });
      const line = (id: number) => `${JSON.stringify({ id, at_ms: 1, ...RECORD })}\n`;
      const lines = Array.from({ length: MAX_AUDIT_ENTRIES + 1 }, (_, at) => line(at + 1));
      Deno.writeTextFileSync(`${dir}/audit.jsonl`, lines.join(""));
      deepStrictEqual([open().list().length, open().list().at(-1)?.id], [MAX_AUDIT_ENTRIES, 2]);
      const large = line(2).replace(`"a"`, JSON.stringify("a".repeat(MAX_AUDIT_READ_BYTES - line(2).length + 1)));
      strictEqual(large.length, MAX_AUDIT_READ_BYTES);
      Deno.writeTextFileSync(`${dir}/audit.jsonl`, line(1) + large);
      deepStrictEqual(open().list().map(({ id }) => id), [2]);
      Deno.writeTextFileSync(`${dir}/audit.jsonl`, line(1) + large.replace("aa", "aaa"));
      deepStrictEqual(open().list(), []);
    }));
  await t.step("a change goes on when it cannot be written", () => {
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
    new GatewayAudit({ refused: NO_COUNTER, logger, clock: new FakeClock(), stateDir: "/nowhere" }).record(RECORD);
    deepStrictEqual(errors, ["admin: the audit file cannot be written"]);
  });
});

Deno.test("the last errors of components", async (t) => {
  const open = () => {
    const errors = new RecentErrors(new FakeClock(5));
    return { errors, logger: errors.listenTo(silentLogger) };
  };
  const named = (id: string) => ({ "otelcol.component.id": id, "otelcol.component.kind": "exporter" });
  await t.step("with their causes, by component; no lines of others, nor of lower levels", () => {
    const { errors, logger } = open();
    logger.error("of nobody");
    const own = logger.with(named("a")).with({ "otelcol.signal": "traces" });
    own.info("fine");
    own.warn("failed", { error: "away" });
    deepStrictEqual(errors.list(), [["exporter:a", [{ atMs: 5, level: "warn", message: "failed: away" }]]]);
  });
  await t.step("the last ones, of a bounded number of components", () => {
    const { errors, logger } = open();
    for (let at = 0; at <= MAX_ERRORS; at++) logger.with(named("a")).error(`e${at}`);
    match(JSON.stringify(errors.list()), /"e1".*"e5"/);
    strictEqual(errors.list()[0]?.[1].length, MAX_ERRORS);
    for (let at = 0; at < MAX_COMPONENTS; at++) logger.with(named(`c${at}`)).error("x");
    strictEqual(errors.list().length, MAX_COMPONENTS);
    strictEqual(errors.list().some(([component]) => component === "exporter:a"), false);
  });
});
