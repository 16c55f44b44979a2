// One photo, large: its thumbnail at once, its preview when it has come. A modal dialog, so that the browser keeps the
// focus within.

import { load, picture, placeholder } from "./tile.js";

const dialog = document.getElementById("viewer");
const find = (selector) => dialog.querySelector(selector);
const [stage, name, details] = [find(".stage"), find("#viewer-name"), find("#viewer-details")];
const [previous, next, original, trouble] = [".previous", ".next", ".original", ".trouble"].map(find);

let failed = () => {};
/// The entry that is shown.
let shown = null;

/// Sets what happens: `onleave` when the viewer is to be closed, `onstep` with -1 or 1 for a newer or older photo,
/// `onerror` with an entry whose preview did not come.
export function prepare({ onleave, onstep, onerror }) {
  find(".close").addEventListener("click", onleave);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    onleave();
  });
  // Browsers close a dialog without asking when they are asked twice.
  dialog.addEventListener("close", () => dialog.open || onleave());
  for (const [button, step] of [[previous, -1], [next, 1]]) {
    button.addEventListener("click", () => button.ariaDisabled === "true" || onstep(step));
  }
  // Also when nothing in the viewer has the focus, as after a click on the picture.
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: previous, ArrowRight: next }[event.key];
    if (!dialog.open || !step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    step.click();
  });
  find(".again").addEventListener("click", () => {
    const image = find(".preview");
    trouble.hidden = true;
    find(".close").focus();
    load(image);
  });
  failed = onerror;
}

/// Shows an entry, and opens the viewer if it is closed.
export function show(entry) {
  if (shown?.id === entry.id) return;
  shown = entry;
  const { width, height } = entry.preview;
  const thumbnail = picture(entry, "thumbnail", "");
  const preview = picture(entry, "preview", entry.file_name);
  const fit = (width, height) => {
    stage.style.setProperty("--ratio", String(width / height));
    stage.style.setProperty("--width", `${width}px`);
  };
  fit(width || entry.thumbnail.width || 1, height || entry.thumbnail.height || 1);
  preview.addEventListener("load", () => fit(preview.naturalWidth, preview.naturalHeight));
  preview.addEventListener("error", () => shown === entry && preview.src && failed(entry));
  stage.replaceChildren(placeholder(entry), thumbnail, preview);
  load(thumbnail);
  load(preview);
  name.textContent = entry.file_name;
  const date = new Date(entry.published_at).toLocaleDateString(undefined, { dateStyle: "medium" });
  details.textContent = width && height ? `${width} × ${height} · ${date}` : date;
  original.href = `${entry.id}/original`;
  original.download = entry.file_name;
  trouble.hidden = true;
  if (!dialog.open) dialog.showModal();
}

/// Says whether there are newer and older photos to go to.
export function allow(newer, older) {
  previous.ariaDisabled = String(!newer);
  next.ariaDisabled = String(!older);
}

/// Says that the preview did not come, and offers to try again.
export function complain() {
  trouble.hidden = false;
}

/// Closes the viewer.
export function hide() {
  shown = null;
  if (dialog.open) dialog.close();
  stage.replaceChildren();
}
