import { ok, strictEqual, throws } from "node:assert";
import { OttlError, typeError } from "../../../ottl/values/errors.ts";

Deno.test("OttlError is an Error without a stack", () => {
  const error = typeError("string", "nil");
  ok(error instanceof OttlError);
  ok(error instanceof Error);
  strictEqual(error.category, "type");
  strictEqual(String(error), "OttlError: expected string but got nil");
  strictEqual((error as Error).stack, undefined);
  throws(() => {
    throw error;
  }, OttlError);
  ok(!(new Error("another") instanceof OttlError));
});
