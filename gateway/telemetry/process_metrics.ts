/**
 * What the gateway tells of its own process.
 *
 * Source: collector reference, section 9 (`otelcol_process_…`); the Prometheus exporter's `target_info`.
 *
 * @module
 */

import process from "node:process";
import type { Clock } from "../../pipeline/core/clock.ts";
import type { Attributes, Counter, Meter } from "../../pipeline/core/telemetry/meter.ts";

/** How often a thread tells how large its heap is, milliseconds. */
const HEAP_INTERVAL_MS = 10_000;

/** Makes the series of the process. @returns Sets them; called before they are read. */
export function createProcessMetrics(meter: Meter, clock: Clock, resource: Attributes): () => void {
  const startedMs = clock.monotonicMs();
  const setUptime = growing(meter.counter("otelcol_process_uptime", {}));
  const setCpuSeconds = growing(meter.counter("otelcol_process_cpu_seconds", {}));
  const rss = meter.gauge("otelcol_process_memory_rss", {});
  meter.gauge("target_info", resource).set(1);
  return () => {
    const { user, system } = process.cpuUsage();
    setUptime((clock.monotonicMs() - startedMs) / 1_000);
    setCpuSeconds((user + system) / 1e6);
    rss.set(Deno.memoryUsage().rss);
  };
}

/** A counter that follows a total kept elsewhere. */
function growing(counter: Counter): (total: number) => void {
  let counted = 0;
  return (total) => {
    counter.add(Math.max(0, total - counted));
    counted = Math.max(counted, total);
  };
}

/** Tells this thread's heap now and then; the sum over threads is the process's. @returns Ends it. */
export function reportHeap(meter: Meter): () => void {
  const heap = meter.gauge("otelcol_process_runtime_heap_alloc_bytes", {});
  const reserved = meter.gauge("otelcol_process_runtime_total_sys_memory_bytes", {});
  const report = () => {
    const { heapUsed, heapTotal, external } = Deno.memoryUsage();
    heap.set(heapUsed);
    reserved.set(heapTotal + external);
  };
  report();
  const timer = setInterval(report, HEAP_INTERVAL_MS);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
