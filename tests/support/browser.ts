/**
 * A real browser without a window, driven over the W3C WebDriver protocol by chromedriver.
 *
 * ```ts
 * await using browser = await openBrowser();
 * await browser.open("http://127.0.0.1:8887/");
 * await browser.click("#apply");
 * ```
 *
 * @module
 */

import { freePort } from "./gateway_process.ts";
import { missingProgram } from "./real_parts.ts";

/** What is missing for a browser; undefined when it is here. */
export const missingForBrowser = (): Promise<string | undefined> => missingProgram("chromium", "chromedriver");

/** How long an element or a text is waited for, milliseconds. */
const WAIT_MS = 20_000;
/** The key under which the protocol gives an element's reference. Source: WebDriver, 12.2 "Elements". */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,2000"];

export interface Browser extends AsyncDisposable {
  open(url: string): Promise<void>;
  /** Runs the body of a function in the page. @returns What it returns, as JSON. */
  run(body: string, ...args: unknown[]): Promise<unknown>;
  click(selector: string): Promise<void>;
  /** Puts a text in the place of what a field holds, and tells the page so as typing does. */
  type(selector: string, text: string): Promise<void>;
  /** Waits until the element's text matches. @throws {Error} It does not in time; tells what it is then. */
  waitForText(selector: string, wanted: RegExp): Promise<string>;
  /** Answers yes to a question of `confirm()`. */
  accept(): Promise<void>;
  /** What the page logged as an error since the last call: failed loads, broken rules of its own policy, exceptions. */
  errors(): Promise<readonly string[]>;
  /** A picture of the page, PNG. */
  screenshot(): Promise<Uint8Array>;
}

/** Takes about a second. */
export async function openBrowser(): Promise<Browser> {
  const port = freePort();
  const profile = await Deno.makeTempDir();
  const driver = new Deno.Command("chromedriver", { args: [`--port=${port}`], stdout: "null", stderr: "null" }).spawn();
  const base = `http://127.0.0.1:${port}`;
  await waitUntil(async () => (await fetch(`${base}/status`)).ok, "chromedriver does not answer");
  const capabilities = {
    alwaysMatch: {
      "goog:chromeOptions": { args: [...FLAGS, `--user-data-dir=${profile}`] },
      "goog:loggingPrefs": { browser: "SEVERE" },
    },
  };
  const { sessionId } = await call(base, "POST", "/session", { capabilities }) as { sessionId: string };
  const session = `${base}/session/${sessionId}`;
  const ask = (method: string, path: string, body?: unknown) => call(session, method, path, body);
  const find = async (selector: string) => {
    const found = await ask("POST", "/element", { using: "css selector", value: selector }) as Record<string, string>;
    return found[ELEMENT];
  };
  const run = (script: string, ...args: unknown[]) => ask("POST", "/execute/sync", { script, args });
  return {
    run,
    open: async (url) => void await ask("POST", "/url", { url }),
    click: async (selector) => void await ask("POST", `/element/${await find(selector)}/click`, {}),
    type: async (selector, text) => {
      const element = `/element/${await find(selector)}`;
      await ask("POST", `${element}/clear`, {});
      await ask("POST", `${element}/value`, { text });
    },
    waitForText: async (selector, wanted) => {
      let text = "";
      await waitUntil(async () => {
        text = String(await run(`return document.querySelector(arguments[0])?.textContent ?? ""`, selector));
        return wanted.test(text);
      }, () => `${selector} is ${JSON.stringify(text.slice(0, 300))}, wanted ${wanted}`);
      return text;
    },
    accept: async () => void await ask("POST", "/alert/accept", {}),
    errors: async () => {
      const entries = await ask("POST", "/se/log", { type: "browser" }) as { readonly message: string }[];
      return entries.map(({ message }) => message);
    },
    screenshot: async () => Uint8Array.fromBase64(String(await ask("GET", "/screenshot"))),
    [Symbol.asyncDispose]: async () => {
      await call(session, "DELETE", "");
      driver.kill();
      await driver.status;
      await Deno.remove(profile, { recursive: true });
    },
  };
}

async function call(base: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const answer = await fetch(`${base}${path}`, init);
  const { value } = await answer.json() as { value: unknown };
  if (!answer.ok) throw new Error(`${method} ${path}: ${(value as { message: string }).message}`);
  return value;
}

async function waitUntil(isDone: () => Promise<boolean>, failure: string | (() => string)): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (!await isDone().catch(() => false)) {
    if (performance.now() > end) throw new Error(typeof failure === "string" ? failure : failure());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
