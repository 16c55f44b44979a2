// One photo of the grid: its placeholder at once, its thumbnail when it has come.

import { paint } from "./thumbhash.js";

/// A thumbnail or preview of an entry, which shows itself when it is complete.
export function picture(entry, kind, alt) {
  const { asset, width, height } = entry[kind];
  const image = document.createElement("img");
  image.className = kind;
  image.alt = alt;
  image.decoding = "async";
  if (width && height) [image.width, image.height] = [width, height];
  image.addEventListener("load", () => image.classList.add("shown"), { once: true });
  image.dataset.src = `${entry.id}/${asset}`;
  return image;
}

/// Begins to load a picture, when it is near the window if it is `lazy`.
export function load(image, lazy = false) {
  if (lazy) image.loading = "lazy";
  image.src = image.dataset.src;
}

/// The placeholder of an entry.
export function placeholder(entry) {
  const canvas = document.createElement("canvas");
  canvas.className = "placeholder";
  canvas.setAttribute("aria-hidden", "true");
  paint(canvas, entry.placeholder);
  return canvas;
}

/// A list item for an entry; `onerror` is called when its thumbnail does not come.
export function tile(entry, onerror) {
  const link = document.createElement("a");
  link.className = "tile";
  link.href = `#/${entry.id}`;
  const thumbnail = picture(entry, "thumbnail", entry.file_name);
  thumbnail.addEventListener("error", onerror, { once: true });
  link.append(placeholder(entry), thumbnail);
  load(thumbnail, true);
  const item = document.createElement("li");
  item.dataset.item = entry.id;
  item.append(link);
  return item;
}
