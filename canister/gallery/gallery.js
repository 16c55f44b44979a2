// The gallery: a grid that grows page by page, and a viewer for one photo, whose address is `#/ITEM`.

import { Pages, entryOf } from "./pages.js";
import { tile } from "./tile.js";
import * as viewer from "./viewer.js";

const [grid, count, empty, failed, reason, retry, notice, more] = [
  "grid", "count", "empty", "failed", "reason", "retry", "notice", "more",
].map((id) => document.getElementById(id));

const pages = new Pages();
/// Entries in the grid by item, the newest first.
const entries = new Map();
/// What to do again when the user asks for that.
let again = loadMore;
let isLoading = false;

function say(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

function update() {
  const most = Math.max(pages.count, entries.size);
  count.textContent = most === 1 ? "1 photo" : most ? `${most} photos` : "";
  empty.hidden = !pages.isDone || entries.size > 0;
  more.hidden = pages.isDone || !failed.hidden || entries.size === 0;
  const order = [...entries.keys()];
  const place = order.indexOf(current());
  viewer.allow(place > 0, place >= 0 && (place + 1 < order.length || !pages.isDone));
}

function fail(error, action) {
  again = action;
  reason.textContent = error.message;
  failed.hidden = false;
}

async function loadMore() {
  if (isLoading) return;
  isLoading = true;
  const hadFocus = document.activeElement === more;
  grid.ariaBusy = "true";
  failed.hidden = true;
  try {
    const fresh = await pages.more();
    fresh.forEach((entry) => entries.set(entry.id, entry));
    const tiles = fresh.map((entry) => tile(entry, () => check(entry.id).catch(() => {})));
    grid.append(...tiles);
    if (hadFocus) tiles[0]?.querySelector("a").focus();
  } catch (error) {
    fail(error, loadMore);
  }
  isLoading = false;
  grid.ariaBusy = "false";
  update();
  // Asks anew whether the button is in sight: what was added may not fill the window.
  sight.unobserve(more);
  sight.observe(more);
}

const sight = new IntersectionObserver(
  (seen) => seen.some((entry) => entry.isIntersecting) && !more.hidden && loadMore(),
  { rootMargin: "50% 0px" },
);

/// The item in the page's address.
function current() {
  return /^#\/([a-z2-7]{16})$/.exec(location.hash)?.[1] ?? null;
}

function tileOf(id) {
  return id && grid.querySelector(`[data-item="${id}"]`);
}

/// Whether an item is still there; takes it out of the grid if it is not.
async function check(id) {
  if (await entryOf(id)) return true;
  tileOf(id)?.remove();
  if (entries.delete(id)) pages.count -= 1;
  update();
  return false;
}

/// Shows what the address says.
async function route() {
  const id = current();
  say("");
  if (!id) {
    viewer.hide();
    return;
  }
  last = id;
  try {
    const entry = entries.get(id) ?? (await entryOf(id));
    if (current() !== id) return;
    if (entry) viewer.show(entry);
    else leave("That photo is not here, or not any more.");
  } catch (error) {
    fail(error, route);
  }
  update();
}

/// The item that was looked at last.
let last = null;
/// Whether the way back to the grid was asked for, and is not gone yet: it must not be gone twice.
let isLeaving = false;

function leave(text = "") {
  if (!current() || isLeaving) return;
  if (history.state?.isBehind && !text) {
    isLeaving = true;
    history.back();
    return;
  }
  history.replaceState(null, "", location.pathname + location.search);
  route();
  tileOf(last)?.querySelector("a").focus();
  say(text);
}

/// Shows another photo in the viewer, in the same place of the history.
function turn(id) {
  // Routes at once: a `hashchange` would come later, maybe when the address is another already.
  history.replaceState(history.state, "", `#/${id}`);
  route();
}

/// Goes to a newer (-1) or older (1) photo, and loads more where that is needed.
async function step(by) {
  const from = current();
  const place = () => [...entries.keys()].indexOf(from);
  if (place() + by >= entries.size) await loadMore();
  const to = current() === from && [...entries.keys()][place() + by];
  if (to) turn(to);
}

/// After a preview that did not come: on to the next photo where this one is gone.
async function skip(entry) {
  const order = [...entries.keys()];
  const place = order.indexOf(entry.id);
  const isThere = await check(entry.id).catch(() => true);
  if (current() !== entry.id) return;
  const next = order[place + 1] ?? order[place - 1];
  if (isThere) viewer.complain();
  else if (place >= 0 && next) turn(next);
  else leave("That photo is not here any more.");
}

viewer.prepare({ onleave: () => leave(), onstep: step, onerror: skip });
addEventListener("hashchange", async (event) => {
  const wasOpen = new URL(event.oldURL).hash.startsWith("#/");
  isLeaving = false;
  // Kept with the entry of the history: it holds after a reload, and when the entry is come back to.
  if (current() && !wasOpen) history.replaceState({ isBehind: true }, "");
  await route();
  if (!current() && wasOpen) tileOf(last)?.querySelector("a").focus();
});
more.addEventListener("click", loadMore);
retry.addEventListener("click", () => {
  failed.hidden = true;
  again();
});

route();
loadMore();
