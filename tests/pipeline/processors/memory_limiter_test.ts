import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { Scalar } from "../../../pipeline/config/schema.ts";
import { KEPT } from "../../../pipeline/contract/consumer.ts";
import { UnavailableError } from "../../../pipeline/core/errors.ts";
import {
  createMemoryWatch,
  gcWarnings,
  MemoryLimiter,
  memoryLimiterFactory,
  memoryLimiterSchema,
  memoryLimits,
} from "../../../pipeline/processors/memory_limiter.ts";
import { totalMemoryBytes } from "../../../pipeline/processors/total_memory.ts";
import { settle } from "../../support/fake_clock.ts";
import { Destination, payloadWith } from "../queue/support.ts";
import { testDeps, watch as watched } from "../../support/component_deps.ts";

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

/** Resident before there is data: 60 MiB of the soft limit are left. */
const FOOTPRINT = 20 * MIB;

function setUp(values: Values = {}, footprint = FOOTPRINT) {
  const { data: config } = parse({ check_interval: "1s", limit_mib: 100, ...values });
  if (config === undefined) throw new Error("the config is not valid");
  const process = {
    residentBytes: footprint,
    looks: 0,
    collections: 0,
    afterCollection: undefined as number | undefined,
  };
  const deps = testDeps();
  const memory = { ...deps.memory, residentBytes: () => (process.looks++, process.residentBytes) };
  const destination = new Destination();
  destination.answer = () => KEPT;
  const watch = createMemoryWatch(config, LIMITS, { ...deps, memory }, () => {
    process.collections++;
    process.residentBytes = process.afterCollection ?? process.residentBytes;
  });
  const limiter = new MemoryLimiter(watch, deps, destination);
  const send = () => watched(limiter.consume(payloadWith(3), new AbortController().signal));
  const metric = (name: string) => deps.meter.get(`otelcol_processor_memory_limiter_${name}_spans`);
  return { deps, clock: deps.clock, memory, process, watch, limiter, send, destination, metric };
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

Deno.test("memory_limiter refuses what would hold more than the soft limit leaves above the footprint", async () => {
  const { limiter, memory, send, destination, metric, clock } = setUp();
  await limiter.start();
  memory.hold(60 * MIB);
  limiter.admit(0);
  throws(() => limiter.admit(1), UnavailableError);
  const taken = send();
  memory.hold(1);
  const refused = send();
  throws(() => limiter.admit(0), UnavailableError);
  await settle();
  strictEqual(taken.settled, KEPT);
  deepStrictEqual([refused.error.httpStatus, refused.error.retryAfterMs, destination.calls.length], [503, 1_000, 1]);
  deepStrictEqual([metric("accepted"), metric("refused")], [3, 3]);
  memory.release(1);
  limiter.admit(0);
  await limiter.shutdown();
  strictEqual(clock.pending, 0);
});

Deno.test("memory_limiter takes data again after a burst although what is resident stays", async () => {
  const { limiter, memory, process, clock, deps } = setUp();
  const isOpen = () => {
    try {
      limiter.admit(0);
      return true;
    } catch {
      return false;
    }
  };
  await limiter.start();
  await clock.advance(5_000);
  memory.hold(50 * MIB);
  strictEqual(isOpen(), true);
  process.residentBytes = LIMITS.hard + 50 * MIB;
  await clock.advance(1_000);
  strictEqual(isOpen(), false, "within what is counted, but the process grows above its limit");
  memory.release(50 * MIB);
  await clock.advance(1_000);
  strictEqual(isOpen(), true, "the load is gone and nothing grows: one interval later");
  memory.hold(60 * MIB);
  await clock.advance(3_000);
  strictEqual(isOpen(), true, "what is resident is used again");
  memory.hold(1);
  strictEqual(isOpen(), false);
  deepStrictEqual(deps.lines.map(({ level }) => level), ["warn", "info"]);
  await limiter.shutdown();
});

Deno.test("memory_limiter tells growth above the limit from what comes and goes", async (t) => {
  const grow = LIMITS.soft / 50;
  const cases: { name: string; from: number; by: number; refuses: boolean }[] = [
    { name: "a fiftieth of the limit is noise", from: LIMITS.soft, by: grow, refuses: false },
    { name: "one byte more is not", from: LIMITS.soft, by: grow + 1, refuses: true },
    { name: "below the limit it may grow", from: LIMITS.soft - 2 * grow, by: 2 * grow, refuses: false },
    { name: "across the limit", from: LIMITS.soft - 2 * grow, by: 2 * grow + 1, refuses: true },
    { name: "shrinking", from: LIMITS.hard, by: -1, refuses: false },
  ];
  for (const { name, from, by, refuses } of cases) {
    await t.step(name, async () => {
      const { limiter, watch, process, clock } = setUp();
      await limiter.start();
      limiter.admit(0);
      process.residentBytes = from;
      await clock.advance(1_000);
      process.residentBytes = from + by;
      await clock.advance(1_000);
      strictEqual(watch.refusal(0) !== undefined, refuses);
      await limiter.shutdown();
    });
  }
});

Deno.test("memory_limiter learns its footprint until there is data", async () => {
  const { limiter, process, clock } = setUp();
  await limiter.start();
  process.residentBytes = 50 * MIB;
  await clock.advance(1_000);
  limiter.admit(30 * MIB);
  throws(() => limiter.admit(30 * MIB + 1), UnavailableError);
  process.residentBytes = 70 * MIB;
  await clock.advance(1_000);
  limiter.admit(30 * MIB);
  await limiter.shutdown();

  const idle = setUp();
  await idle.limiter.start();
  idle.memory.hold(10 * MIB);
  idle.process.residentBytes = 70 * MIB;
  await idle.clock.advance(1_000);
  idle.limiter.admit(50 * MIB);
  throws(() => idle.limiter.admit(50 * MIB + 1), UnavailableError, "data of another thread is data too");
  await idle.limiter.shutdown();
});

Deno.test("memory_limiter warns once of a limit below what the gateway needs, and still takes a little", async () => {
  const { limiter, process, clock, deps } = setUp({}, LIMITS.soft - 15 * MIB);
  await limiter.start();
  process.residentBytes = LIMITS.soft + 20 * MIB;
  await clock.advance(2_000);
  limiter.admit(16 * MIB);
  throws(() => limiter.admit(16 * MIB + 1), UnavailableError);
  deepStrictEqual(deps.lines.slice(0, 1), [{
    level: "warn",
    message: "the memory limit leaves too little room for data above what the gateway needs without any",
    fields: { limit_mib: 100, soft_limit_mib: 80, without_data_mib: 65, wanted_limit_mib: 162 },
  }]);
  deepStrictEqual(deps.lines.slice(1).map(({ message }) => message), [
    "memory is above the soft limit, data is refused",
  ]);
  await limiter.shutdown();
  const enough = setUp({}, LIMITS.soft - 16 * MIB);
  await enough.limiter.start();
  deepStrictEqual(enough.deps.lines, []);
  await enough.limiter.shutdown();
});

Deno.test("memory_limiter says again and again that it refuses, and once that it no longer does", async () => {
  const { limiter, memory, clock, deps } = setUp();
  await limiter.start();
  memory.hold(61 * MIB);
  for (let second = 0; second < 15; second++) {
    throws(() => limiter.admit(0));
    await clock.advance(1_000);
  }
  memory.release(61 * MIB);
  await clock.advance(5_000);
  const fields = { room_mib: 60, resident_mib: 20, soft_limit_mib: 80 };
  deepStrictEqual(deps.lines.map(({ level, fields }) => [level, fields]), [
    ["warn", { refusals: 1, held_mib: 61, ...fields }],
    ["warn", { refusals: 10, held_mib: 61, ...fields }],
    ["info", { held_mib: 0, ...fields }],
  ]);
  await limiter.shutdown();
});

Deno.test("memory_limiter asks for a collection while memory grows, no more often than configured", async () => {
  const { clock, process, limiter } = setUp({ min_gc_interval_when_hard_limited: "2s" });
  const growFor = async (seconds: number, by: number) => {
    for (let second = 0; second < seconds; second++) {
      process.residentBytes += by;
      await clock.advance(1_000);
    }
  };
  await limiter.start();
  limiter.admit(0);
  process.residentBytes = LIMITS.hard;
  await clock.advance(1_000);
  strictEqual(process.collections, 1);
  await growFor(4, 2 * MIB);
  strictEqual(process.collections, 3, "hard: every 2 s");
  process.residentBytes = LIMITS.soft;
  await clock.advance(1_000);
  await growFor(9, 2 * MIB);
  strictEqual(process.collections, 4, "soft: every 10 s");
  await clock.advance(60_000);
  strictEqual(process.collections, 4, "what does not grow is not collected");
  process.residentBytes = LIMITS.hard + MIB;
  process.afterCollection = LIMITS.soft;
  await clock.advance(1_000);
  strictEqual(process.collections, 5);
  limiter.admit(0);
  await limiter.shutdown();
});

Deno.test("memory_limiter looks once for all pipelines of an id", async () => {
  const { data: config } = parse({ check_interval: "1s", limit_mib: 100_000 });
  if (config === undefined) throw new Error("the config is not valid");
  const deps = testDeps();
  const limiters = [1, 2].map(() => memoryLimiterFactory.create(config, deps, new Destination()));
  for (const limiter of limiters) await limiter.start?.();
  strictEqual(deps.clock.pending, 1);
  await limiters[0]?.shutdown?.(new AbortController().signal);
  strictEqual(deps.clock.pending, 1);
  await limiters[1]?.shutdown?.(new AbortController().signal);
  strictEqual(deps.clock.pending, 0);
});

Deno.test("memory_limiter warns of garbage collection keys that do nothing", async (t) => {
  const cases: { name: string; values: Values; canCollect: boolean; want: readonly string[] }[] = [
    { name: "none is set", values: {}, canCollect: false, want: [] },
    {
      name: "without --expose-gc",
      values: { min_gc_interval_when_soft_limited: "5s", max_gc_interval_when_hard_limited: "1s" },
      canCollect: false,
      want: ["min_gc_interval_when_soft_limited", "max_gc_interval_when_hard_limited"],
    },
    {
      name: "with it",
      values: { min_gc_interval_when_soft_limited: "5s", max_gc_interval_when_hard_limited: "1s" },
      canCollect: true,
      want: ["max_gc_interval_when_hard_limited"],
    },
  ];
  for (const { name, values, canCollect, want } of cases) {
    await t.step(name, () => {
      const { data } = parse({ check_interval: "1s", limit_mib: 10, ...values });
      deepStrictEqual(data && gcWarnings(data, canCollect).map(({ path }) => path), want);
    });
  }
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
