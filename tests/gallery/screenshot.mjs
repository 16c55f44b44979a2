// A picture of the gallery, when all that is in sight has come. Usage: node screenshot.mjs FILE

import { writeFile } from "node:fs/promises";
import { Browser } from "./browser.mjs";

const browser = await Browser.start(process.env.CHROMIUM);
const page = await browser.page();
await page.window(1280, 1030);
await page.goto(process.env.GALLERY_URL);
await page.until(`document.querySelector("#grid .shown") && [...document.querySelectorAll("#grid .thumbnail")]
  .filter((image) => image.getBoundingClientRect().top < innerHeight)
  .every((image) => getComputedStyle(image).opacity === "1")`);
await writeFile(process.argv[2], await page.screenshot());
await browser.stop();
