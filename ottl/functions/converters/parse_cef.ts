/**
 * ParseCEF: a line of the ArcSight Common Event Format as a map.
 *
 * @module
 */

import { parseCef } from "../../data/log_formats/cef.ts";
import { converter, str } from "../definition.ts";

export const parseCEF = converter({
  name: "ParseCEF",
  summary: "A CEF line as a map: `cef.version`, the other header fields, and the map `cef.extensions`.",
  parameters: { target: str },
  examples: [
    {
      text: 'ParseCEF("<34>Sep 19 host CEF:0|V|P|1|id|na\\\\|me|5|msg=a b act=x")',
      result: '{"cef.version": "0", "cef.device_vendor": "V", "cef.device_product": "P", "cef.device_version": "1", ' +
        '"cef.device_event_class_id": "id", "cef.name": "na|me", "cef.severity": "5", ' +
        '"cef.extensions": {"msg": "a b", "act": "x"}}',
    },
    { text: 'ParseCEF("CEF:0|a|b")', error: "fields" },
    { text: 'ParseCEF("x")', error: "not found" },
    { text: 'ParseCEF("CEF:|a|b|c|d|e|5|")', error: "version" },
  ],
  compile: ({ target }, { limits }) => (item) => parseCef(target.evaluate(item), limits),
});
