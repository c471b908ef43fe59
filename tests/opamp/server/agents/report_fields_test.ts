/**
 * The parts of a report as the bytes that they came in.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { Buffer } from "node:buffer";
import { decodeAgentToServer, encodeAgentToServer } from "../../../../opamp/protocol/messages.ts";
import { fieldBytes, REPORT_FIELDS, type ReportField } from "../../../../opamp/server/agents/report_fields.ts";
import { fullReport, uidOf } from "../../../support/opamp_fleet.ts";

Deno.test("fieldBytes(): each part on its own, in a report with everything", () => {
  const report = {
    ...fullReport(1),
    instanceUid: uidOf(1),
    sequenceNum: 300,
    capabilities: 0x1fff,
    packageStatuses: { errorMessage: "x".repeat(200) },
    availableComponents: { hash: Uint8Array.of(1) },
    customMessage: { data: new Uint8Array(70_000) },
  };
  const bytes = encodeAgentToServer(report);
  const whole = decodeAgentToServer(bytes);
  for (const field of Object.keys(REPORT_FIELDS) as ReportField[]) {
    const slice = fieldBytes(bytes, field);
    ok(slice);
    deepStrictEqual(decodeAgentToServer(slice)[field], whole[field]);
    deepStrictEqual(Object.entries(decodeAgentToServer(slice)).filter(([, value]) => value !== undefined).length, 1);
  }
  strictEqual(fieldBytes(encodeAgentToServer({ instanceUid: uidOf(1) }), "health"), undefined);
  const twice = Buffer.concat([
    encodeAgentToServer({ health: { healthy: true } }),
    encodeAgentToServer({ health: { lastError: "e" } }),
  ]);
  deepStrictEqual(decodeAgentToServer(fieldBytes(twice, "health") ?? twice).health, decodeAgentToServer(twice).health);
});
