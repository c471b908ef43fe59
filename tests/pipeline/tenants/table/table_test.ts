import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { SIGNAL_NAMES } from "../../../../pipeline/otlp/signals.ts";
import { LIMIT_GROUPS, NO_LIMITS, NO_SIGNAL_LIMITS, type TenantLimits } from "../../../../pipeline/tenants/limits.ts";
import { RowCache } from "../../../../pipeline/tenants/table/row_cache.ts";
import { TenantTable } from "../../../../pipeline/tenants/table/table.ts";
import { hashAscii, hashName, KIND } from "../../../../pipeline/tenants/table/layout.ts";
import { recordsOf, writeTenant } from "../../../../pipeline/tenants/table/record.ts";
import { emptyTable, TableWriter } from "../../../../pipeline/tenants/table/writer.ts";
import { CERTIFICATE_KINDS, type TenantSpec } from "../../../../pipeline/tenants/tenant_spec.ts";

const PLAIN: TenantSpec = {
  id: "acme",
  enabled: true,
  keys: [],
  basic: [],
  certificates: [],
  limits: NO_LIMITS,
  overLimit: "partial",
  signals: new Set(SIGNAL_NAMES),
  pipelines: undefined,
  resourceAttributes: [],
  priority: 5,
  weight: 1,
  maxQueueShare: 1,
};

/** @param tenants By slot. */
function tableOf(tenants: readonly TenantSpec[]): { readonly writer: TableWriter; readonly table: () => TenantTable } {
  const records = tenants.map((tenant) => writeTenant(tenant));
  const writer = new TableWriter({
    slots: tenants.length,
    records: tenants.reduce((sum, each) => sum + recordsOf(each), 0),
    bytes: records.reduce((sum, each) => sum + each.length, 0),
  });
  for (const [slot, each] of records.entries()) strictEqual(writer.add(slot, each), undefined);
  return { writer, table: () => new TenantTable(writer.finish()) };
}

/** With the prototype that objects have. */
const plain = <T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

const amount = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true, noDefaultInfinity: true }));
const group = plain({
  requestsPerSecond: amount,
  itemsPerSecond: amount,
  bytesPerSecond: amount,
  burstMs: fc.double({ min: 1, max: 1e7, noNaN: true }),
  concurrentRequests: amount,
  bytesInFlight: amount,
  maxRequestBodySize: amount,
});
const limits = plain(
  Object.fromEntries(LIMIT_GROUPS.map((name) => [name, fc.oneof(fc.constant(NO_SIGNAL_LIMITS), group)])),
) as unknown as fc.Arbitrary<TenantLimits>;
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const key = plain({
  id: fc.stringMatching(/^[a-z2-7]{12}$/),
  salt: fc.uint8Array({ minLength: 8, maxLength: 64 }),
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  notBeforeMs: fc.oneof(fc.constant(-Infinity), fc.integer()),
  expiresMs: fc.oneof(fc.constant(Infinity), fc.integer()),
});
const certificate = plain({ kind: fc.constantFrom(...CERTIFICATE_KINDS), name: text });
const tenant: fc.Arbitrary<TenantSpec> = plain({
  id: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}$/),
  enabled: fc.boolean(),
  keys: fc.uniqueArray(key, { selector: ({ id }) => id, maxLength: 16 }),
  basic: fc.uniqueArray(plain({ username: text, passwordHash: text }), {
    selector: ({ username }) => username,
    maxLength: 16,
  }),
  certificates: fc.uniqueArray(certificate, { selector: ({ kind, name }) => `${kind} ${name}`, maxLength: 16 }),
  limits,
  overLimit: fc.constantFrom("partial", "refuse"),
  signals: fc.subarray([...SIGNAL_NAMES]).map((names) => new Set(names)),
  pipelines: fc.option(fc.uniqueArray(text, { maxLength: 5 }).map((ids) => new Set(ids)), { nil: undefined }),
  resourceAttributes: fc.array(fc.tuple(text, text), { maxLength: 8 }),
  priority: fc.integer({ min: 0, max: 9 }),
  weight: fc.integer({ min: 1, max: 1_000 }),
  maxQueueShare: fc.double({ min: 0.001, max: 1, noNaN: true }),
});

/** Whose names nobody else has. */
function distinct(tenants: readonly TenantSpec[]): TenantSpec[] {
  const names = new Set<string>();
  const isNew = (name: string) => !names.has(name) && names.add(name) !== undefined;
  return tenants.filter(({ id }) => isNew(`id ${id}`)).map((each) => ({
    ...each,
    keys: each.keys.filter(({ id }) => isNew(`key ${id}`)),
    basic: each.basic.filter(({ username }) => isNew(`user ${username}`)),
    certificates: each.certificates.filter(({ kind, name }) => isNew(`${kind} ${name}`)),
  }));
}

Deno.test("a table gives back what was written, by every name, and nothing else", () => {
  fc.assert(
    fc.property(fc.array(tenant, { maxLength: 20 }), fc.array(text), (drawn, strangers) => {
      const tenants = distinct(drawn);
      const table = tableOf(tenants).table();
      strictEqual(table.size, tenants.length);
      deepStrictEqual([...table.ids()], tenants.map(({ id }) => id));
      for (const [slot, each] of tenants.entries()) {
        const { keys, basic, certificates, weight, priority, maxQueueShare, id, ...rest } = each;
        deepStrictEqual(table.describe(id), each);
        deepStrictEqual(table.find(id), { tag: { id, slot, weight, priority, maxQueueShare }, ...rest });
        strictEqual(table.at(slot), table.find(id));
        for (const { id: keyId, ...key } of keys) deepStrictEqual(table.findKey(keyId), { slot, ...key });
        for (const { username, passwordHash } of basic) {
          deepStrictEqual(table.findBasic(username), { slot, passwordHash });
        }
        for (const { kind, name } of certificates) strictEqual(table.findCertificate(kind, name), table.at(slot));
      }
      for (const name of strangers) {
        strictEqual(table.find(name) !== undefined, tenants.some(({ id }) => id === name));
        strictEqual(table.findKey(name), undefined);
        const users = tenants.flatMap(({ basic }) => basic.map(({ username }) => username));
        strictEqual(table.findBasic(name) !== undefined, users.includes(name));
      }
      strictEqual(table.at(tenants.length), undefined);
    }),
    { numRuns: 50 },
  );
});

Deno.test("TableWriter.add() refuses a name that is there, and leaves nothing of who came second", async (t) => {
  const hash = { salt: new Uint8Array(16), hash: new Uint8Array(32), notBeforeMs: -Infinity, expiresMs: Infinity };
  const key = (id: string) => ({ id, ...hash });
  const first: TenantSpec = { ...PLAIN, keys: [key("aaaaaaaaaaaa")], basic: [{ username: "u", passwordHash: "p" }] };
  const cases: { name: string; second: TenantSpec; want: unknown }[] = [
    { name: "an id", second: { ...PLAIN, id: "acme" }, want: { kind: KIND.tenant, name: "acme", slot: 0 } },
    {
      name: "a key, after one that is new",
      second: { ...PLAIN, id: "b", keys: [key("bbbbbbbbbbbb"), key("aaaaaaaaaaaa")] },
      want: { kind: KIND.key, name: "aaaaaaaaaaaa", slot: 0 },
    },
    {
      name: "its own key again",
      second: { ...PLAIN, id: "b", keys: [key("bbbbbbbbbbbb"), key("bbbbbbbbbbbb")] },
      want: { kind: KIND.key, name: "bbbbbbbbbbbb", slot: 1 },
    },
    {
      name: "a user",
      second: { ...PLAIN, id: "b", basic: [{ username: "u", passwordHash: "q" }] },
      want: { kind: KIND.basic, name: "u", slot: 0 },
    },
  ];
  for (const { name, second, want } of cases) {
    await t.step(name, () => {
      const records = [first, second].map((tenant) => writeTenant(tenant));
      const writer = new TableWriter({ slots: 2, records: 20, bytes: 4_096 });
      strictEqual(writer.add(0, records[0] ?? new Uint8Array()), undefined);
      deepStrictEqual(writer.add(1, records[1] ?? new Uint8Array()), want);
      const table = new TenantTable(writer.finish());
      strictEqual(table.size, 1);
      strictEqual(table.find("b"), undefined);
      strictEqual(table.findKey("bbbbbbbbbbbb"), undefined);
      strictEqual(table.findKey("aaaaaaaaaaaa")?.slot, 0);
    });
  }
});

Deno.test("an empty table finds nobody", () => {
  const table = new TenantTable(emptyTable());
  deepStrictEqual([table.size, table.find("a"), table.at(0), table.findKey("a")], [0, undefined, undefined, undefined]);
});

Deno.test("a slot that nobody has is empty", () => {
  const records = writeTenant(PLAIN);
  const writer = new TableWriter({ slots: 3, records: 1, bytes: records.length });
  writer.add(2, records);
  const table = new TenantTable(writer.finish());
  deepStrictEqual([table.at(0), table.at(2)?.tag.slot, table.at(3), table.size], [undefined, 2, undefined, 1]);
});

Deno.test("a record has a bound", () => {
  const attributes = (length: number): TenantSpec => ({ ...PLAIN, resourceAttributes: [["k", "v".repeat(length)]] });
  const fixed = writeTenant(attributes(0)).length;
  strictEqual(writeTenant(attributes(0xffff - fixed)).length, 0xffff);
  throws(() => writeTenant(attributes(0xffff - fixed + 1)), RangeError);
});

Deno.test("hashAscii() is hashName() of ASCII, and of nothing else", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (name) => {
    const bytes = new TextEncoder().encode(name);
    const hash = hashAscii(KIND.key, name);
    strictEqual(hash, bytes.length === name.length ? hashName(KIND.key, bytes) : undefined);
  }));
});

Deno.test("RowCache keeps what was asked for last, and twice its size at the most", () => {
  const cache = new RowCache<string>(2);
  for (const offset of [1, 2, 3]) cache.put(offset, `row ${offset}`);
  deepStrictEqual([cache.get(1), cache.get(2), cache.get(3)], ["row 1", "row 2", "row 3"]);
  cache.put(4, "row 4");
  cache.put(5, "row 5");
  const held = [1, 2, 3, 4, 5].filter((offset) => cache.get(offset) !== undefined);
  ok(held.length <= 4 && held.includes(4) && held.includes(5), held.join());
});

Deno.test("1,000 tenants fit into 300 bytes each", () => {
  const key = { salt: new Uint8Array(16), hash: new Uint8Array(32), notBeforeMs: -Infinity, expiresMs: Infinity };
  const all = { ...NO_SIGNAL_LIMITS, requestsPerSecond: 10, itemsPerSecond: 10, bytesPerSecond: 10 };
  const tenants = Array.from({ length: 1_000 }, (_, i): TenantSpec => ({
    ...PLAIN,
    id: `tenant-${i}`,
    keys: [{ ...key, id: `key${i}`.padEnd(12, "a") }],
    limits: { ...NO_LIMITS, all },
    resourceAttributes: [["tenant.id", `tenant-${i}`]],
  }));
  const bytes = tableOf(tenants).writer.finish().byteLength / tenants.length;
  ok(bytes <= 300, `${bytes} bytes a tenant`);
});

Deno.test("a record is the same whether or not its writer has to make room", async () => {
  const module = new URL("../../../../pipeline/tenants/table/record.ts", import.meta.url).href;
  const hash = { salt: new Uint8Array(16), hash: new Uint8Array(32), notBeforeMs: -Infinity, expiresMs: 1 };
  const keys = Array.from({ length: 16 }, (_, at) => ({ id: `aaaaaaaaaaa${"abcdefghijklmnop"[at]}`, ...hash }));
  for (let padding = 0; padding < 90; padding++) {
    const tenant: TenantSpec = { ...PLAIN, keys, resourceAttributes: [["k", "v".repeat(padding)]] };
    const fresh = await import(`${module}?${padding}`) as { writeTenant: typeof writeTenant };
    deepStrictEqual(fresh.writeTenant(tenant), fresh.writeTenant(tenant), `with ${padding} characters before them`);
  }
});

Deno.test("records of any size give back what was written, wherever the writer has to make room", async () => {
  const module = new URL("../../../../pipeline/tenants/table/record.ts", import.meta.url).href;
  const long = fc.oneof(
    fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 2_000, size: "max" }),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 600, size: "max" }),
  );
  const large = fc.record({
    keys: fc.uniqueArray(key, { selector: ({ id }) => id, maxLength: 16 }),
    basic: fc.uniqueArray(plain({ username: long, passwordHash: long }), {
      selector: ({ username }) => username,
      maxLength: 8,
    }),
    certificates: fc.uniqueArray(plain({ kind: fc.constantFrom(...CERTIFICATE_KINDS), name: long }), {
      selector: ({ kind, name }) => `${kind} ${name}`,
      maxLength: 8,
    }),
    resourceAttributes: fc.array(fc.tuple(text, long), { maxLength: 8 }),
  });
  let writers = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(large, { minLength: 1, maxLength: 4 }), async (drawn) => {
      const fresh = await import(`${module}?writer=${++writers}`) as { writeTenant: typeof writeTenant };
      const tenants = distinct(drawn.map((each, at) => ({ ...PLAIN, id: `t${at}`, ...each })));
      const records = tenants.map((each) => fresh.writeTenant(each));
      const writer = new TableWriter({
        slots: tenants.length,
        records: tenants.reduce((sum, each) => sum + recordsOf(each), 0),
        bytes: records.reduce((sum, each) => sum + each.length, 0),
      });
      for (const [slot, each] of records.entries()) strictEqual(writer.add(slot, each), undefined);
      const table = new TenantTable(writer.finish());
      for (const each of tenants) deepStrictEqual(table.describe(each.id), each);
    }),
    { numRuns: 40 },
  );
});
