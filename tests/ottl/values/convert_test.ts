import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { toBoolLike, toBytesLike, toFloatLike, toIntLike, toStringLike } from "../../../ottl/values/convert.ts";
import { OttlError } from "../../../ottl/values/errors.ts";
import { textOf } from "../../../ottl/values/text.ts";
import { Duration, Id, Opaque, OttlList, PlainMap, Time, type Value } from "../../../ottl/values/value.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const hostList = (...items: Value[]) => new OttlList(items, "list");
const slice = (...items: Value[]) => new OttlList(items, "slice");
const map = (entries: Record<string, Value>) => new PlainMap(Object.entries(entries));

/** Stands for an error of that category. */
class Fails {
  readonly category: string;
  constructor(category: string) {
    this.category = category;
  }
}

const NO_TYPE = new Fails("type");
const NO_VALUE = new Fails("arg_value");

interface Row {
  readonly from: Value;
  readonly string: string | null | Fails;
  readonly int: bigint | null | Fails;
  readonly float: number | null | Fails;
  readonly bool: boolean | null | Fails;
  readonly bytes: Uint8Array | null | Fails;
  /** AsString, where it is not `string`. */
  readonly text?: string;
}

const none = { int: NO_TYPE, float: NO_TYPE, bool: NO_TYPE, bytes: NO_TYPE };
const TIME = new Time(1_704_067_200_500_000_000n, 3600, "CET");
const ID = new Id("span_id", bytes(183, 4, 100, 116, 92, 205, 89, 211));

const rows: readonly Row[] = [
  { from: null, string: null, int: null, float: null, bool: null, bytes: null, text: "" },
  { from: "12", string: "12", int: 12n, float: 12, bool: NO_VALUE, bytes: bytes(49, 50) },
  { from: "-0", string: "-0", int: 0n, float: -0, bool: NO_VALUE, bytes: bytes(45, 48) },
  { from: "1_0", string: "1_0", int: NO_VALUE, float: 10, bool: NO_VALUE, bytes: bytes(49, 95, 48) },
  { from: " 1", string: " 1", int: NO_VALUE, float: NO_VALUE, bool: NO_VALUE, bytes: bytes(32, 49) },
  { from: "t", string: "t", int: NO_VALUE, float: NO_VALUE, bool: true, bytes: bytes(116) },
  { from: "False", string: "False", int: NO_VALUE, float: NO_VALUE, bool: false, bytes: bytes(70, 97, 108, 115, 101) },
  { from: "", string: "", int: NO_VALUE, float: NO_VALUE, bool: NO_VALUE, bytes: bytes() },
  { from: "\udcff", string: "\udcff", int: NO_VALUE, float: NO_VALUE, bool: NO_VALUE, bytes: bytes(255) },
  { from: -1n, string: "-1", int: -1n, float: -1, bool: true, bytes: bytes(255, 255, 255, 255, 255, 255, 255, 255) },
  { from: 0n, string: "0", int: 0n, float: 0, bool: false, bytes: new Uint8Array(8) },
  { from: 1, string: "1", int: 1n, float: 1, bool: true, bytes: bytes(63, 240, 0, 0, 0, 0, 0, 0) },
  { from: 2.999, string: "2.999", int: 2n, float: 2.999, bool: true, bytes: bytes(64, 7, 253, 243, 182, 69, 161, 203) },
  {
    from: 1e-7,
    string: "1e-07",
    text: "1e-7",
    int: 0n,
    float: 1e-7,
    bool: true,
    bytes: bytes(62, 122, 215, 242, 154, 188, 175, 72),
  },
  {
    from: 1.5e21,
    string: "1.5e+21",
    int: -(2n ** 63n),
    float: 1.5e21,
    bool: true,
    bytes: bytes(68, 84, 84, 43, 161, 42, 51, 124),
  },
  {
    from: NaN,
    string: new Fails("value"),
    text: "NaN",
    int: -(2n ** 63n),
    float: NaN,
    bool: true,
    bytes: bytes(127, 248, 0, 0, 0, 0, 0, 0),
  },
  { from: true, string: "true", int: 1n, float: 1, bool: true, bytes: bytes(1) },
  {
    from: bytes(0, 255),
    string: "00ff",
    text: "AP8=",
    int: NO_TYPE,
    float: NO_TYPE,
    bool: NO_TYPE,
    bytes: bytes(0, 255),
  },
  {
    from: map({ b: 1, "a<": slice(null, bytes(1), 1e-7) }),
    string: '{"a\\u003c":[null,"AQ==",1e-7],"b":1}',
    text: '{"a<":[null,"AQ==",1e-7],"b":1}',
    ...none,
  },
  {
    from: hostList(1n, "a", true, null, map({ k: 1n }), 1e-7),
    string: '[1,"a",true,null,{},1e-07]',
    text: '[1,"a",true,null,{"k":1},1e-7]',
    ...none,
  },
  { from: hostList(slice(1n), hostList(bytes(1))), string: '[{},["AQ=="]]', text: '[[1],["AQ=="]]', ...none },
  { from: slice(map({ k: 1n })), string: '[{"k":1}]', ...none },
  { from: slice("\u2028\t\udc80"), string: '["\\u2028\\t\\ufffd"]', ...none },
  { from: slice(Infinity), string: new Fails("value"), text: "", ...none },
  { from: TIME, string: '"2024-01-01T01:00:00.5+01:00"', text: "2024-01-01T01:00:00.5+01:00", ...none },
  { from: new Duration(-5n), string: "-5", ...none },
  { from: ID, string: "[183,4,100,116,92,205,89,211]", text: "b70464745ccd59d3", ...none },
  { from: new Opaque("span status", undefined, 1), string: "{}", text: "", ...none },
];

function check(convert: (value: Value) => unknown, from: Value, want: unknown): void {
  if (!(want instanceof Fails)) return deepStrictEqual(convert(from), want);
  throws(() => convert(from), (error) => error instanceof OttlError && error.category === want.category);
}

Deno.test('values of "like" parameters, and the text form', async (t) => {
  for (const row of rows) {
    await t.step(typeof row.string === "string" ? row.string : String(row.from), () => {
      check(toStringLike, row.from, row.string);
      check(toIntLike, row.from, row.int);
      check(toFloatLike, row.from, row.float);
      check(toBoolLike, row.from, row.bool);
      check(toBytesLike, row.from, row.bytes);
      strictEqual(textOf(row.from), row.text ?? row.string);
    });
  }
});

Deno.test("an int past 64 bits is an error", () => {
  strictEqual(toIntLike("9223372036854775807"), 2n ** 63n - 1n);
  check(toIntLike, "9223372036854775808", NO_VALUE);
  strictEqual(toIntLike("-9223372036854775808"), -(2n ** 63n));
  check(toIntLike, "-9223372036854775809", NO_VALUE);
});
