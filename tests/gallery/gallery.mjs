// The gallery as its users meet it. What comes in which order is told by requests that are held, never by time.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Browser } from "./browser.mjs";

const { CHROMIUM, DARKROOM, EXAMPLES, GALLERY_BY_ID, GALLERY_URL, PHOTOS } = process.env;
const run = promisify(execFile);

/// Uploads files one after the other; gives their items.
async function upload(paths, ...flags) {
  const { stdout } = await run(DARKROOM, ["run", "--json", "--jobs", "1", ...flags, ...paths], { maxBuffer: 1 << 24 });
  return stdout.trim().split("\n").map((line) => JSON.parse(line).item);
}

const remove = (item) => run(DARKROOM, ["rm", item]);

let browser;
const pages = [];

/// A new page, of which all is checked at the end.
async function open(url = GALLERY_URL, prepare = () => {}) {
  const page = await browser.page();
  pages.push(page);
  await page.window(1280, 900);
  await prepare(page);
  await page.goto(url);
  return page;
}

/// The items in the grid.
const shown = (page) => page.evaluate(`[...document.querySelectorAll("#grid li")].map((tile) => tile.dataset.item)`);
const isOpen = `document.getElementById("viewer").open`;
const isShown = (selector) => `document.querySelector(${JSON.stringify(selector)})?.classList.contains("shown")`;
const tile = (item) => `#grid [data-item="${item}"] a`;
const focused = `document.activeElement.closest("li")?.dataset.item`;

before(async () => { browser = await Browser.start(CHROMIUM); });
after(() => browser?.stop());

test("an empty gallery says how to fill it", async () => {
  const page = await open();
  await page.until(`!document.getElementById("empty").hidden`);
  assert.match(await page.evaluate(`document.getElementById("empty").innerText`), /darkroom run/);
  assert.equal(await page.evaluate(`document.getElementById("more").hidden`), true);
});

let photos;
let hidden;

test("a photo is a placeholder, then its thumbnail, then its preview", async () => {
  photos = await upload(["rocket.jpg", "coffee.jpg", "chelsea.png"].map((name) => join(EXAMPLES, name)));
  [hidden] = await upload([join(PHOTOS, "photo-00.bmp")], "--private");
  const page = await open(GALLERY_URL, (page) => page.hold(/\/thumbnail$/));
  await page.untilHeld(3);
  // The newest first, and nothing that is private.
  assert.deepEqual(await shown(page), [...photos].reverse());
  const placeholders = await page.evaluate(`[...document.querySelectorAll("#grid li")].map((tile) => {
    const [canvas, image] = tile.querySelectorAll("canvas, img");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) colours.add(data.slice(at, at + 3).join());
    return { colours: colours.size, isComplete: image.complete && image.naturalWidth > 0, alt: image.alt,
      opacity: getComputedStyle(image).opacity };
  })`);
  for (const { colours, isComplete, opacity } of placeholders) {
    assert.ok(colours > 100, `${colours} colours`);
    assert.deepEqual([isComplete, opacity], [false, "0"]);
  }
  assert.deepEqual(placeholders.map(({ alt }) => alt), ["chelsea.png", "coffee.jpg", "rocket.jpg"]);
  const boxes = `[...document.querySelectorAll("#grid li")].map((tile) => Object.values(tile.getBoundingClientRect().toJSON()))`;
  const before = await page.evaluate(boxes);
  await page.release();
  await page.until(`document.querySelectorAll("#grid .thumbnail.shown").length === 3`);
  assert.deepEqual(await page.evaluate(boxes), before, "nothing moves");
  // A placeholder has the colours of its thumbnail, on the whole.
  const apart = await page.evaluate(`[...document.querySelectorAll("#grid li")].map((tile) => {
    const means = [...tile.querySelectorAll("canvas, img")].map((picture) => {
      const context = new OffscreenCanvas(32, 32).getContext("2d");
      context.drawImage(picture, 0, 0, 32, 32);
      const { data } = context.getImageData(0, 0, 32, 32);
      return [0, 1, 2].map((part) => data.filter((_, at) => at % 4 === part).reduce((sum, value) => sum + value) / 1024);
    });
    return Math.max(...means[0].map((value, part) => Math.abs(value - means[1][part])));
  })`);
  apart.forEach((difference) => assert.ok(difference < 16, `${difference} of 255 apart`));

  page.hold(/\/preview$/);
  await page.click(tile(photos[1]));
  await page.untilHeld(1);
  await page.until(isOpen);
  assert.equal(await page.evaluate("location.hash"), `#/${photos[1]}`);
  await page.until(isShown("#viewer .thumbnail"));
  assert.equal(await page.evaluate(isShown("#viewer .preview")), false);
  await page.release();
  await page.until(isShown("#viewer .preview"));
  const stage = await page.evaluate(`(() => {
    const box = document.querySelector("#viewer .stage").getBoundingClientRect();
    const preview = document.querySelector("#viewer .preview");
    return [box.width / box.height, preview.naturalWidth / preview.naturalHeight, preview.alt];
  })()`);
  assert.ok(Math.abs(stage[0] - stage[1]) < 0.02, `${stage}`);
  assert.equal(stage[2], "coffee.jpg");
  const original = await page.evaluate(`fetch(document.querySelector("#viewer .original").href)
    .then((response) => response.blob()).then((blob) => blob.size)`);
  assert.equal(original, 68647);
});

test("all goes by keyboard, and the focus comes back", async () => {
  const page = await open();
  await page.until(`document.querySelectorAll("#grid li").length === 3`);
  await page.press("Tab");
  assert.equal(await page.evaluate(focused), photos[2]);
  await page.press("Enter");
  await page.until(isOpen);
  const address = async (item) => page.until(`location.hash === "#/${item}" &&
    document.getElementById("viewer-name").textContent && ${isShown("#viewer .preview")}`);
  await address(photos[2]);
  await page.press("ArrowLeft");
  assert.equal(await page.evaluate(`document.querySelector("#viewer .previous").ariaDisabled`), "true");
  await page.press("ArrowRight");
  await address(photos[1]);
  await page.press("ArrowRight");
  await address(photos[0]);
  await page.press("ArrowRight");
  await page.until(`document.querySelector("#viewer .next").ariaDisabled === "true"`);
  // The focus stays within the viewer: some of its parts, or the browser's own.
  for (let count = 0; count < 6; count++) {
    await page.press("Tab");
    assert.equal(await page.evaluate(`Boolean(document.activeElement.closest("#grid"))`), false);
  }
  await page.press("ArrowLeft");
  await address(photos[1]);
  await page.press("Escape");
  await page.until(`!${isOpen} && location.hash === "" && ${focused} === "${photos[1]}"`);
});

test("keys that come faster than the browser tells of addresses", async () => {
  const page = await open();
  await page.until(`document.querySelectorAll("#grid li").length === 3`);
  await page.press("Tab");
  await page.press("Enter");
  await page.until(`${isOpen} && ${isShown("#viewer .preview")}`);
  // In one task: no event of the history is handled in between.
  await page.evaluate(`{
    const key = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key }));
    const escape = () => document.getElementById("viewer").dispatchEvent(new Event("cancel", { cancelable: true }));
    key("ArrowRight"), key("ArrowRight"), key("ArrowLeft"), escape(), escape();
  }`);
  await page.until(`!${isOpen} && location.href === "${GALLERY_URL}" && ${focused} === "${photos[1]}"`);
  await page.evaluate("history.forward()");
  await page.until(isOpen);
  assert.equal(await page.evaluate("location.hash"), `#/${photos[1]}`);
  // Also of a page that is loaded anew the grid is what lies behind.
  await page.evaluate("window.isOld = true, location.reload()");
  await page.until(`!window.isOld && document.readyState === "complete" && ${isOpen}`);
  await page.press("Escape");
  await page.until(`!${isOpen} && location.href === "${GALLERY_URL}"`);
  assert.equal(await page.evaluate("navigation.currentEntry.index"), 0);
});

test("an address leads to its photo, and back leads to the grid", async () => {
  const page = await open(`${GALLERY_URL}#/${photos[0]}`);
  await page.until(`${isOpen} && ${isShown("#viewer .preview")}`);
  assert.equal(await page.evaluate(`document.getElementById("viewer-name").textContent`), "rocket.jpg");
  // The page of before would pass for the one that is loaded anew.
  await page.evaluate("window.isOld = true, location.reload()");
  await page.until(`!window.isOld && document.readyState === "complete" && ${isOpen} && ${isShown("#viewer .preview")}`);
  await page.press("Escape");
  await page.until(`!${isOpen} && location.hash === ""`);
  await page.click(tile(photos[2]));
  await page.until(isOpen);
  await page.evaluate("history.back()");
  await page.until(`!${isOpen} && location.hash === ""`);
  await page.evaluate("history.forward()");
  await page.until(isOpen);
});

test("private and unknown items are not there", async () => {
  for (const item of [hidden, "a".repeat(16)]) {
    const page = await open(`${GALLERY_URL}#/${item}`);
    page.isMissing = true;
    await page.until(`document.getElementById("notice").textContent.includes("not here")`);
    assert.deepEqual([await page.evaluate(isOpen), await page.evaluate("location.hash")], [false, ""]);
    await page.until(`document.querySelectorAll("#grid li").length === 3`);
  }
});

test("what is deleted meanwhile is passed over", async () => {
  const [gone] = await upload([join(PHOTOS, "photo-01.bmp")]);
  const page = await open(GALLERY_URL, (page) => page.hold(new RegExp(`${gone}/thumbnail$`)));
  page.isMissing = true;
  await page.untilHeld(1);
  await page.until(`document.querySelectorAll("#grid li").length === 4`);
  await remove(gone);
  await page.release();
  await page.until(`document.querySelectorAll("#grid li").length === 3`);
  assert.deepEqual(await shown(page), [...photos].reverse());

  const [other] = await upload([join(PHOTOS, "photo-02.bmp")]);
  await page.evaluate("location.reload()");
  await page.until(`document.querySelectorAll("#grid .thumbnail.shown").length === 4`);
  await remove(other);
  await page.click(tile(other));
  // On to the next one.
  await page.until(`location.hash === "#/${photos[2]}" && ${isShown("#viewer .preview")}`);
});

test("what fails can be tried again", async () => {
  const page = await open(GALLERY_URL, (page) => page.fail(/head\.json$/));
  page.isFailing = true;
  await page.until(`!document.getElementById("failed").hidden`);
  page.fail(null);
  await page.click("#retry");
  await page.until(`document.querySelectorAll("#grid li").length === 3 && document.getElementById("failed").hidden`);
  page.fail(/\/preview$/);
  await page.click(tile(photos[0]));
  await page.until(`!document.querySelector("#viewer .trouble").hidden`);
  page.fail(null);
  await page.click("#viewer .again");
  await page.until(isShown("#viewer .preview"));
  assert.equal(await page.evaluate(`document.querySelector("#viewer .trouble").hidden`), true);
});

test("further pages come with scrolling, by button, and by arrow", async () => {
  const more = await upload(readdirSync(PHOTOS).sort().slice(3).map((name) => join(PHOTOS, name)));
  const all = [...photos, ...more].reverse();
  assert.equal(all.length, 20);
  const page = await open(GALLERY_URL, (page) => page.window(600, 400));
  const count = `document.querySelectorAll("#grid li").length`;
  await page.until(`${count} >= 4`);
  assert.equal(await page.evaluate(`document.getElementById("count").textContent`), "20 photos");
  await page.evaluate("scrollTo(0, document.body.scrollHeight)");
  await page.until(`${count} === 20 && document.getElementById("more").hidden`);
  assert.deepEqual(await shown(page), all);
  assert.equal(new Set(all).size, 20);

  // Without a window's worth of pages the button does it.
  const still = await open(GALLERY_URL, (page) => page.evaluateOnLoad(`IntersectionObserver = class {
    observe() {}
    unobserve() {}
  };`));
  await still.until(`!document.getElementById("more").hidden`);
  const first = await still.evaluate(count);
  assert.ok(first <= 16, `${first}`);
  await still.click(`#grid li:last-child a`);
  await still.until(isOpen);
  await still.press("ArrowRight");
  await still.until(`location.hash === "#/${all[first]}" && ${isShown("#viewer .preview")}`);
  await still.press("Escape");
  await still.until(`!${isOpen} && ${focused} === "${all[first]}"`);
  while (await still.evaluate(`!document.getElementById("more").hidden`)) {
    const before = await still.evaluate(count);
    await still.click("#more");
    await still.until(`${count} > ${before}`);
  }
  assert.deepEqual(await shown(still), all);
});

test("small windows, dark ones and still ones", async () => {
  const page = await open();
  for (const [width, scheme] of [[320, "light"], [320, "dark"], [1920, "dark"]]) {
    await page.window(width, 640, scheme);
    await page.goto("about:blank");
    await page.goto(`${GALLERY_URL}#/${photos[1]}`);
    await page.until(isShown("#viewer .preview"));
    const inside = await page.evaluate(`[...document.querySelectorAll("#viewer button, #viewer a, #viewer .stage")]
      .filter((part) => part.offsetParent)
      .every((part) => { const box = part.getBoundingClientRect(); return box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight; })`);
    assert.ok(inside, `${width} ${scheme}`);
    await page.press("Escape");
    await page.until(`!${isOpen}`);
    assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), `${width}`);
    const paper = await page.evaluate(`getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]`);
    assert.equal(paper < 128, scheme === "dark");
  }
  await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-reduced-motion", value: "reduce" }] });
  await page.until(`document.querySelector("#grid .thumbnail")`);
  assert.equal(await page.evaluate(`getComputedStyle(document.querySelector("#grid .thumbnail")).transitionDuration`), "0s");
});

test("a canister may be named in the query", async () => {
  const page = await open(GALLERY_BY_ID);
  await page.until(`document.querySelectorAll("#grid .thumbnail.shown").length >= 3`);
  await page.click(tile(photos[0]));
  await page.until(isShown("#viewer .preview"));
});

test("no page had trouble, and none asked another host", () => {
  for (const page of pages) {
    const troubles = page.troubles.filter((text) => {
      // The browser's own word on what these tests made fail.
      if (page.isMissing && text.includes("404")) return false;
      return !(page.isFailing && text.includes("ERR_CONNECTION_FAILED"));
    });
    assert.deepEqual(troubles, []);
    for (const url of page.requests.filter((url) => !/^(data|about):/.test(url))) {
      assert.ok([GALLERY_URL, GALLERY_BY_ID].some((own) => new URL(url).origin === new URL(own).origin), url);
    }
  }
});
