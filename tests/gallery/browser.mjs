// Chromium, driven by the DevTools protocol over a pipe: no package is needed for that.
// https://chromedevtools.github.io/devtools-protocol/

import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--remote-debugging-pipe", "--window-size=1280,900",
  "--force-color-profile=srgb", "--hide-scrollbars",
];

/// How long anything may take before it counts as not coming; nothing is measured by it.
const PATIENCE = 60_000;

/// A browser with a profile of its own.
export class Browser extends EventEmitter {
  #last = 0;
  #waiting = new Map();

  static async start(binary) {
    const browser = new Browser();
    browser.profile = await mkdtemp(join(tmpdir(), "gallery-"));
    const flags = [...FLAGS, `--user-data-dir=${browser.profile}`];
    browser.process = spawn(binary, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    browser.process.on("error", (error) => browser.#end(error));
    browser.process.on("exit", (code) => browser.#end(new Error(`Chromium ended with ${code}`)));
    let rest = "";
    browser.process.stdio[4].setEncoding("utf8").on("data", (text) => {
      const messages = (rest + text).split("\0");
      rest = messages.pop();
      messages.forEach((message) => browser.#take(JSON.parse(message)));
    });
    return browser;
  }

  #end(error) {
    this.#waiting.forEach(({ reject }) => reject(error));
    this.#waiting.clear();
  }

  #take({ id, method, params, sessionId, result, error }) {
    if (id === undefined) {
      this.emit(`${sessionId}:${method}`, params);
      return;
    }
    const { resolve, reject, asked } = this.#waiting.get(id);
    this.#waiting.delete(id);
    error ? reject(new Error(`${asked}: ${error.message}`)) : resolve(result);
  }

  /// Calls a method of the protocol.
  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    const sent = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, asked: method }));
    this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return sent;
  }

  /// An empty page.
  async page() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    return Page.start(this, sessionId, targetId);
  }

  async stop() {
    const ended = once(this.process, "exit");
    await this.send("Browser.close").catch(() => this.process.kill());
    await ended;
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/// A page, with all that it asked for and all that went wrong in it.
export class Page {
  requests = [];
  troubles = [];
  /// Requests that are held, by URL.
  held = new Map();
  #holds = () => false;
  #fails = () => false;

  static async start(browser, session, target) {
    const page = new Page();
    Object.assign(page, { browser, session, target });
    page.on("Network.requestWillBeSent", ({ request }) => page.requests.push(request.url));
    page.on("Runtime.exceptionThrown", ({ exceptionDetails: { text, exception } }) => {
      page.troubles.push(`${text} ${exception?.description ?? ""}`);
    });
    page.on("Runtime.consoleAPICalled", ({ type, args }) => {
      page.troubles.push(`console.${type}: ${args.map((arg) => arg.value ?? arg.description).join(" ")}`);
    });
    page.on("Log.entryAdded", ({ entry }) => page.troubles.push(`${entry.source}: ${entry.text} ${entry.url ?? ""}`));
    page.on("Fetch.requestPaused", ({ requestId, request }) => {
      // A page that is left takes its requests along.
      const go = () => page.send("Fetch.continueRequest", { requestId }).catch(() => {});
      if (page.#fails(request.url)) page.send("Fetch.failRequest", { requestId, errorReason: "ConnectionFailed" });
      else if (page.#holds(request.url)) page.held.set(request.url, go);
      else go();
    });
    for (const domain of ["Page", "Network", "Runtime", "Log", "Fetch"]) await page.send(`${domain}.enable`);
    // Violations of the page's policy are told to scripts only.
    await page.evaluateOnLoad(`addEventListener("securitypolicyviolation", (event) =>
      console.error("policy:", event.violatedDirective, event.blockedURI), true);`);
    return page;
  }

  on(event, listener) {
    this.browser.on(`${this.session}:${event}`, listener);
  }

  send(method, params) {
    return this.browser.send(method, params, this.session);
  }

  evaluateOnLoad(source) {
    return this.send("Page.addScriptToEvaluateOnNewDocument", { source });
  }

  /// Holds requests whose URLs match from now on.
  hold(pattern) {
    this.#holds = (url) => pattern.test(url);
  }

  /// Lets held requests go, and those that come.
  async release() {
    this.#holds = () => false;
    const held = [...this.held.values()];
    this.held.clear();
    await Promise.all(held.map((go) => go()));
  }

  /// Fails requests whose URLs match from now on; none without a pattern.
  fail(pattern) {
    this.#fails = (url) => pattern?.test(url) ?? false;
  }

  async goto(url) {
    const loaded = new Promise((resolve) => this.browser.once(`${this.session}:Page.loadEventFired`, resolve));
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /// The value of an expression in the page.
  async evaluate(expression) {
    const evaluated = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (evaluated.exceptionDetails) throw new Error(`${expression}: ${evaluated.exceptionDetails.exception.description}`);
    return evaluated.result.value;
  }

  /// Waits until an expression is true.
  async until(expression) {
    const end = Date.now() + PATIENCE;
    while (!(await this.evaluate(`Boolean(${expression})`))) {
      if (Date.now() > end) throw new Error(`never: ${expression}\n${this.troubles.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /// Waits until as many requests are held.
  async untilHeld(count) {
    const end = Date.now() + PATIENCE;
    while (this.held.size < count) {
      if (Date.now() > end) throw new Error(`only ${[...this.held.keys()]} are held`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async press(key, code = key) {
    const text = key === "Enter" ? "\r" : undefined;
    const windowsVirtualKeyCode = { Enter: 13, Escape: 27, Tab: 9, ArrowLeft: 37, ArrowRight: 39 }[key];
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, code, text, windowsVirtualKeyCode });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key, code, windowsVirtualKeyCode });
  }

  /// Clicks into the middle of what a selector finds, once it finds something.
  async click(selector) {
    // Where it is for two frames in a row: what still comes above it would move it away from under the pointer.
    const settled = `(async () => {
      const middle = () => {
        const element = document.querySelector(${JSON.stringify(selector)});
        if (!element) return null;
        element.scrollIntoView({ block: "center" });
        const box = element.getBoundingClientRect();
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        return element.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
      };
      const before = middle();
      for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
      return before && String(middle()) === String(before) ? before : null;
    })()`;
    const end = Date.now() + PATIENCE;
    let place;
    while (!(place = await this.evaluate(settled))) {
      if (Date.now() > end) throw new Error(`${selector} is not to be clicked on`);
    }
    const [x, y] = place;
    const event = { x, y, button: "left", clickCount: 1 };
    await this.send("Input.dispatchMouseEvent", { type: "mousePressed", ...event });
    await this.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...event });
  }

  /// The width, height and colour scheme of the window.
  async window(width, height, scheme = "light", scale = 1) {
    const metrics = { width, height, deviceScaleFactor: scale, mobile: false };
    await this.send("Emulation.setDeviceMetricsOverride", metrics);
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  }

  async screenshot() {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data, "base64");
  }
}
