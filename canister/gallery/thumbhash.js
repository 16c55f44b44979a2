// ThumbHash, read after its published description and reference code by Evan Wallace
// (https://evanw.github.io/thumbhash/, https://github.com/evanw/thumbhash, MIT): a picture of at most 32 by 32 pixels as
// a sum of cosines, lightness (L), two colour differences (P, Q) and opacity (A), in about 25 bytes.

/// Bits of a hash, the lowest first.
class Bits {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  take(count) {
    let value = 0;
    for (let bit = 0; bit < count; bit++, this.#at++) {
      value |= ((this.#bytes[this.#at >> 3] >> (this.#at & 7)) & 1) << bit;
    }
    return value;
  }
}

/// The waves of a channel beside its mean: how often they go up and down over width and height, and how strong they are.
function waves(bits, across, down, scale) {
  const found = [];
  for (let y = 0; y < down; y++) {
    for (let x = y ? 0 : 1; x * down < across * (down - y); x++) {
      found.push({ x, y, strength: (bits.take(4) / 7.5 - 1) * scale * 2 });
    }
  }
  return found;
}

/// Each wave at each place of a side.
function cosines(length) {
  const places = [...Array(length).keys()];
  return [...Array(7).keys()].map((wave) =>
    places.map((place) => Math.cos((Math.PI / length) * (place + 0.5) * wave)),
  );
}

/// The picture that a hash describes: its width and height, and its pixels as RGBA. Throws for what is no hash.
export function decode(bytes) {
  if (bytes.length < 5) throw new RangeError(`a ThumbHash of ${bytes.length} bytes`);
  const bits = new Bits(bytes);
  const mean = { l: bits.take(6) / 63, p: bits.take(6) / 31.5 - 1, q: bits.take(6) / 31.5 - 1, a: 1 };
  const scale = { l: bits.take(5) / 31 };
  const hasAlpha = bits.take(1) === 1;
  const shorter = bits.take(3);
  scale.p = (bits.take(6) / 63) * 1.25;
  scale.q = (bits.take(6) / 63) * 1.25;
  const isLandscape = bits.take(1) === 1;
  if (hasAlpha) {
    mean.a = bits.take(4) / 15;
    scale.a = bits.take(4) / 15;
  }
  const longer = hasAlpha ? 5 : 7;
  const [across, down] = isLandscape ? [longer, shorter] : [shorter, longer];
  const channels = [
    ["l", waves(bits, Math.max(3, across), Math.max(3, down), scale.l)],
    ["p", waves(bits, 3, 3, scale.p)],
    ["q", waves(bits, 3, 3, scale.q)],
  ];
  if (hasAlpha) channels.push(["a", waves(bits, 5, 5, scale.a)]);

  const ratio = across / Math.max(1, down);
  const width = Math.max(1, Math.round(ratio > 1 ? 32 : 32 * ratio));
  const height = Math.max(1, Math.round(ratio > 1 ? 32 / ratio : 32));
  const [horizontal, vertical] = [cosines(width), cosines(height)];
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, place = 0; y < height; y++) {
    for (let x = 0; x < width; x++, place += 4) {
      const value = { ...mean };
      for (const [channel, parts] of channels) {
        for (const wave of parts) {
          value[channel] += wave.strength * horizontal[wave.x][x] * vertical[wave.y][y];
        }
      }
      const blue = value.l - (2 / 3) * value.p;
      const red = (3 * value.l - blue + value.q) / 2;
      pixels.set([red, red - value.q, blue, value.a].map((part) => part * 255), place);
    }
  }
  return { width, height, pixels };
}

/// Paints the picture of a hash in base64 onto a canvas; one that cannot be read leaves it empty.
export function paint(canvas, base64) {
  if (!base64) return;
  try {
    const { width, height, pixels } = decode(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof DOMException)) throw error;
  }
}
