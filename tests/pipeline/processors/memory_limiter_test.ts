import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import { MemoryLimiter, memoryLimiterSchema, memoryLimits } from "../../../pipeline/processors/memory_limiter.ts";
import { totalMemoryBytes } from "../../../pipeline/processors/total_memory.ts";
import { settle } from "../../support/fake_clock.ts";
import { Destination, payloadWith, testDeps, watch } from "../queue/support.ts";

const MIB = 1_048_576;
const LIMITS = { hard: 100 * MIB, soft: 80 * MIB };

type Values = Readonly<Record<string, number | string>>;

function parse(values: Values) {
  return memoryLimiterSchema.safeParse(Object.fromEntries(
    Object.entries(values).map((
      [key, value],
    ) => [key, typeof value === "number" ? new Scalar(value, `${value}`) : value]),
  ));
}

function setUp(values: Values = {}) {
  const { data: config } = parse({ check_interval: "1s", limit_mib: 100, ...values });
  if (config === undefined) throw new Error("the config is not valid");
  const process = { residentBytes: 0, looks: 0, collections: 0, afterCollection: undefined as number | undefined };
  const deps = testDeps();
  const memory = { ...deps.memory, residentBytes: () => (process.looks++, process.residentBytes) };
  const destination = new Destination();
  destination.answer = () => KEPT;
  const limiter = new MemoryLimiter(config, LIMITS, { ...deps, memory }, destination, () => {
    process.collections++;
    process.residentBytes = process.afterCollection ?? process.residentBytes;
  });
  const send = () => watch(limiter.consume(payloadWith(3), new AbortController().signal));
  const metric = (name: string) => deps.meter.get(`otelcol_processor_memory_limiter_${name}_spans`);
  return { deps, clock: deps.clock, memory, process, limiter, send, destination, metric };
}

Deno.test("memory_limiter: what a config must say", async (t) => {
  const cases: { name: string; values: Values; want: string | undefined }[] = [
    { name: "a limit", values: { check_interval: "1s", limit_mib: 10 }, want: undefined },
    { name: "a percentage", values: { check_interval: "1s", limit_percentage: 80 }, want: undefined },
    { name: "no limit", values: { check_interval: "1s" }, want: "is 0, wanted more, or limit_percentage" },
    { name: "no interval", values: { limit_mib: 10 }, want: "is 0s, wanted more than 0, like 1s" },
    {
      name: "a spike of the whole limit",
      values: { check_interval: "1s", limit_mib: 10, spike_limit_mib: 10 },
      want: "is 10, wanted less than limit_mib (10)",
    },
    {
      name: "a spike percentage of the whole limit",
      values: { check_interval: "1s", limit_percentage: 10, spike_limit_percentage: 10 },
      want: "is 10, wanted less than limit_percentage (10)",
    },
    {
      name: "more than all",
      values: { check_interval: "1s", limit_percentage: 101 },
      want: "is 101, wanted a whole number from 0 to 100",
    },
  ];
  for (const { name, values, want } of cases) {
    await t.step(name, () => strictEqual(parse(values).error?.issues[0]?.message, want));
  }
});

Deno.test("memoryLimits()", async (t) => {
  const cases: { name: string; values: Values; want: { hard: number; soft: number } }[] = [
    { name: "a fifth for spikes", values: { limit_mib: 100 }, want: { hard: 100 * MIB, soft: 80 * MIB } },
    { name: "as said", values: { limit_mib: 100, spike_limit_mib: 30 }, want: { hard: 100 * MIB, soft: 70 * MIB } },
    { name: "of the total", values: { limit_percentage: 50 }, want: { hard: 500, soft: 400 } },
    {
      name: "both of the total",
      values: { limit_percentage: 50, spike_limit_percentage: 5 },
      want: { hard: 500, soft: 450 },
    },
    { name: "mib wins", values: { limit_mib: 1, limit_percentage: 50 }, want: { hard: MIB, soft: MIB - 209_715 } },
  ];
  for (const { name, values, want } of cases) {
    await t.step(name, () => {
      const { data } = parse({ check_interval: "1s", ...values });
      deepStrictEqual(data && memoryLimits(data, () => 1_000), want);
    });
  }
});

Deno.test("totalMemoryBytes() asks the container first", async (t) => {
  const V2 = "/sys/fs/cgroup/memory.max";
  const V1 = "/sys/fs/cgroup/memory/memory.limit_in_bytes";
  const cases: { name: string; files: Readonly<Record<string, string>>; want: number }[] = [
    { name: "cgroup v2", files: { [V2]: "536870912\n" }, want: 536_870_912 },
    { name: "cgroup v2 without a limit", files: { [V2]: "max\n" }, want: 8_000_000_000 },
    { name: "cgroup v1", files: { [V1]: "1073741824\n" }, want: 1_073_741_824 },
    { name: "cgroup v1 without a limit", files: { [V1]: "9223372036854771712\n" }, want: 8_000_000_000 },
    { name: "neither", files: {}, want: 8_000_000_000 },
  ];
  for (const { name, files, want } of cases) {
    await t.step(name, () => {
      const readTextFile = (path: string) => {
        const text = files[path];
        if (text === undefined) throw new Deno.errors.NotFound(path);
        return text;
      };
      strictEqual(totalMemoryBytes({ readTextFile, systemTotalBytes: () => 8_000_000_000 }), want);
    });
  }
  await t.step("nothing may be read", () => {
    const refuse = () => {
      throw new Deno.errors.NotCapable("no");
    };
    throws(() => totalMemoryBytes({ readTextFile: refuse, systemTotalBytes: refuse }), TypeError);
  });
  await t.step("of this machine", () => strictEqual(totalMemoryBytes() > 0, true));
});

Deno.test("memory_limiter refuses above the soft limit", async () => {
  const { clock, process, limiter, send, destination, metric, deps } = setUp();
  process.residentBytes = LIMITS.soft;
  await limiter.start();
  strictEqual(send().settled, undefined);
  limiter.admit(0);
  process.residentBytes = LIMITS.soft + 1;
  await clock.advance(1_000);
  const refused = send();
  throws(() => limiter.admit(0), UnavailableError);
  await settle();
  deepStrictEqual([refused.error.httpStatus, refused.error.retryAfterMs, destination.calls.length], [503, 1_000, 1]);
  deepStrictEqual([metric("accepted"), metric("refused")], [3, 3]);
  process.residentBytes = LIMITS.soft;
  await clock.advance(1_000);
  limiter.admit(0);
  deepStrictEqual(deps.lines.map(({ level }) => level), ["warn", "info"]);
  await limiter.shutdown();
  strictEqual(clock.pending, 0);
});

Deno.test("memory_limiter looks once an interval and counts what requests take between", async () => {
  const { clock, process, limiter, memory } = setUp();
  memory.hold(10 * MIB);
  process.residentBytes = 70 * MIB;
  await limiter.start();
  limiter.admit(10 * MIB);
  throws(() => limiter.admit(10 * MIB + 1), UnavailableError);
  memory.hold(10 * MIB);
  limiter.admit(0);
  throws(() => limiter.admit(1), UnavailableError);
  memory.release(15 * MIB);
  limiter.admit(10 * MIB);
  strictEqual(process.looks, 1);
  await clock.advance(3_000);
  strictEqual(process.looks, 4);
  await limiter.shutdown();
});

Deno.test("memory_limiter asks for a collection no more often than configured", async () => {
  const { clock, process, limiter } = setUp({ min_gc_interval_when_hard_limited: "2s" });
  process.residentBytes = LIMITS.soft + 1;
  await limiter.start();
  await clock.advance(9_000);
  strictEqual(process.collections, 1, "soft: every 10 s");
  await clock.advance(1_000);
  strictEqual(process.collections, 2);
  process.residentBytes = LIMITS.hard + 1;
  await clock.advance(4_000);
  strictEqual(process.collections, 4, "hard: every 2 s");
  process.afterCollection = LIMITS.soft;
  await clock.advance(2_000);
  limiter.admit(0);
  await limiter.shutdown();
});

Deno.test("memory_limiter asks the next consumer too", async () => {
  const { limiter, destination } = setUp();
  Object.assign(destination, {
    admit: () => {
      throw new UnavailableError("Cannot queue: full");
    },
  });
  await limiter.start();
  throws(() => limiter.admit(0), UnavailableError);
  await limiter.shutdown();
});
