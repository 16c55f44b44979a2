// What the canister tells of its gallery: pages of entries, the newest first, and single items.

/// The JSON at an address; null where nothing is.
async function get(path) {
  const response = await fetch(path);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`The canister answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/// The entry of an item; null where there is none, or none any more.
export async function entryOf(id) {
  const item = await get(id);
  return item?.gallery ?? null;
}

/// All entries, a page at a time.
export class Pages {
  /// How many entries there were when that was asked for.
  count = 0;
  /// The page to come: undefined before the first, null after the last.
  #next;
  #seen = new Set();

  get isDone() {
    return this.#next === null;
  }

  /// The next entries that were not given before; none at the end.
  async more() {
    let isAgain = false;
    for (;;) {
      if (this.#next === undefined) {
        const head = await get("gallery/head.json");
        if (!head) throw new Error("This gallery is switched off.");
        this.count = head.count;
        this.#next = head.newest;
      }
      if (this.#next === null) return [];
      const page = await get(`gallery/pages/${this.#next}.json`);
      if (!page) {
        // Its last photo was deleted meanwhile; what is older is found from the newest on.
        if (isAgain) throw new Error("The gallery changes too quickly to be read.");
        isAgain = true;
        this.#next = undefined;
        continue;
      }
      this.#next = page.older;
      const fresh = page.entries.filter((entry) => !this.#seen.has(entry.id));
      fresh.forEach((entry) => this.#seen.add(entry.id));
      if (fresh.length > 0) return fresh;
    }
  }
}
