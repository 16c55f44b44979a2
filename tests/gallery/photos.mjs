// Photos to upload, made here: uncompressed BMP, in which the canister reads and a browser shows the same colours.
// Usage: node photos.mjs FOLDER COUNT

import { writeFileSync } from "node:fs";
import { join } from "node:path";

const [WIDTH, HEIGHT] = [320, 240];

/// A photo of its own for each number: a light on a ground, both of some colour.
function photo(number) {
  const bytes = Buffer.alloc(54 + WIDTH * HEIGHT * 3);
  bytes.write("BM");
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(WIDTH, 18);
  bytes.writeInt32LE(HEIGHT, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  const colour = (turn) => [0, 1, 2].map((part) => 128 + 110 * Math.cos(number * turn + (part * Math.PI * 2) / 3));
  const [ground, light] = [colour(1.3), colour(2.1)];
  const centre = [WIDTH * (0.3 + 0.4 * ((number * 0.37) % 1)), HEIGHT * (0.3 + 0.4 * ((number * 0.61) % 1))];
  for (let y = 0, at = 54; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const share = Math.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 6000);
      for (let part = 0; part < 3; part++) bytes[at++] = Math.round(ground[part] + (light[part] - ground[part]) * share);
    }
  }
  return bytes;
}

const [folder, count] = process.argv.slice(2);
for (let number = 0; number < Number(count); number++) {
  writeFileSync(join(folder, `photo-${String(number).padStart(2, "0")}.bmp`), photo(number));
}
