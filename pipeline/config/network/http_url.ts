/**
 * The URL of a server that a component connects to by HTTP. What a configuration may name and where a component connects
 * are read by this one function, so that both see the same host.
 *
 * Source: WHATWG URL "URL parsing"; the collector reads an endpoint by Go's net/url, which wants the `//`.
 *
 * @module
 */

/** A scheme, `//`, and a host before anything else: what a lenient reader would complete or skip is no URL here. */
const WRITTEN_OUT = /^https?:\/\/[^/?#\\]/i;

/** Nobody writes these into a URL; the platform's reader drops some of them without a word. */
const BLANKS_AND_CONTROLS = /[\0-\x20\x7f]/;

/** Whatever else looks like a host and is none: a backslash, which the platform reads as `/`. */
const BACKSLASH_BEFORE_PATH = /^https?:\/\/[^/?#]*\\/i;

/**
 * `http://collector:4318`, `https://[::1]/otlp?x=1`.
 *
 * @returns undefined: it is none. `http:host` and `http:/host` are none, though the platform takes them.
 */
export function readHttpUrl(text: string): URL | undefined {
  if (!WRITTEN_OUT.test(text) || BLANKS_AND_CONTROLS.test(text) || BACKSLASH_BEFORE_PATH.test(text)) return undefined;
  return URL.parse(text) ?? undefined;
}
