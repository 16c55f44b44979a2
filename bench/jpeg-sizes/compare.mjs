// JPEG sizes at equal quality: Darkroom's beside sharp with `mozjpeg: true`, on the same uncompressed pictures.
//
//   cargo run --release -p darkroom-codec --example jpeg_sizes -- PHOTOS OUT
//   npm install --no-save --prefix bench/jpeg-sizes sharp
//   node bench/jpeg-sizes/compare.mjs OUT
//
// Every file is decoded by sharp and held against the picture: PSNR over the three colours, and mean SSIM of the
// luminance (8x8 windows, step 4, after Wang et al. 2004). For each of our files the size that sharp needs for
// the same measure is interpolated between its qualities, in the logarithm of the size. Colour is kept at the same
// resolution on both sides: `auto` keeps all of it from quality 90 on, sharp by itself never does.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

const folder = process.argv[2]
if (!folder) {
  console.error('usage: node compare.mjs OUT')
  process.exit(2)
}
const qualities = [30, 40, 50, 55, 60, 65, 70, 75, 80, 85, 90, 93, 95, 97]

function ppm(file) {
  const bytes = readFileSync(file)
  const [, width, height] = /^P6\n(\d+) (\d+)\n255\n/.exec(bytes.subarray(0, 40).toString('latin1'))
  const header = `P6\n${width} ${height}\n255\n`.length
  return { width: +width, height: +height, data: bytes.subarray(header) }
}

const luminance = ({ width, height, data }) => {
  const light = new Float64Array(width * height)
  for (let at = 0; at < light.length; at++) {
    light[at] = 0.299 * data[3 * at] + 0.587 * data[3 * at + 1] + 0.114 * data[3 * at + 2]
  }
  return light
}

function psnr(a, b) {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += (a[at] - b[at]) ** 2
  return 10 * Math.log10((255 * 255 * a.length) / sum)
}

function ssim(a, b, width, height) {
  let total = 0
  let windows = 0
  for (let y = 0; y + 8 <= height; y += 4) {
    for (let x = 0; x + 8 <= width; x += 4) {
      let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0]
      for (let row = y; row < y + 8; row++) {
        for (let at = row * width + x; at < row * width + x + 8; at++) {
          sa += a[at]
          sb += b[at]
          saa += a[at] * a[at]
          sbb += b[at] * b[at]
          sab += a[at] * b[at]
        }
      }
      const [ma, mb] = [sa / 64, sb / 64]
      const [va, vb, cov] = [saa / 64 - ma * ma, sbb / 64 - mb * mb, sab / 64 - ma * mb]
      total += ((2 * ma * mb + 6.5025) * (2 * cov + 58.5225)) / ((ma * ma + mb * mb + 6.5025) * (va + vb + 58.5225))
      windows++
    }
  }
  return total / windows
}

async function measure(file, picture, light) {
  const { data, info } = await sharp(file).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  // A grey file has one channel.
  const rgb = info.channels === 3 ? data : Buffer.from(Array.from(data).flatMap((grey) => [grey, grey, grey]))
  const decoded = { ...picture, data: rgb }
  return {
    bytes: file.length,
    psnr: psnr(picture.data, rgb),
    ssim: ssim(light, luminance(decoded), picture.width, picture.height),
  }
}

// The size at which a curve of (measure, size) reaches a value; nothing outside the curve.
function sizeAt(curve, key, value) {
  for (let at = 1; at < curve.length; at++) {
    const [low, high] = [curve[at - 1], curve[at]]
    if (low[key] <= value && value <= high[key]) {
      const part = (value - low[key]) / (high[key] - low[key])
      return Math.exp(Math.log(low.bytes) * (1 - part) + Math.log(high.bytes) * part)
    }
  }
  return undefined
}

const percent = (ratio) => (ratio === undefined ? '-' : `${((ratio - 1) * 100).toFixed(1)} %`)
const names = readdirSync(folder).filter((name) => name.endsWith('.ppm')).sort()
const sums = {}
console.log('| photo | form | quality | bytes | PSNR | SSIM | size beside sharp at equal PSNR | at equal SSIM |')
console.log('|---|---|---|---|---|---|---|---|')
for (const name of names) {
  const stem = name.slice(0, -4)
  const picture = ppm(join(folder, name))
  const light = luminance(picture)
  const raw = { width: picture.width, height: picture.height, channels: 3 }
  const curves = {}
  for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
    curves[chromaSubsampling] = []
    for (const quality of qualities) {
      const file = await sharp(picture.data, { raw }).jpeg({ mozjpeg: true, quality, chromaSubsampling }).toBuffer()
      curves[chromaSubsampling].push(await measure(file, picture, light))
    }
  }
  const ours = readdirSync(folder)
    .map((file) => ({ file, found: file.startsWith(`${stem}.`) && /\.(\w+)\.(\d+)\.jpg$/.exec(file) }))
    .filter(({ found }) => found)
  for (const { file, found } of ours) {
    const bytes = readFileSync(join(folder, file))
    const one = await measure(bytes, picture, light)
    // A grey file has none.
    const curve = curves[(await sharp(bytes).metadata()).chromaSubsampling] ?? curves['4:2:0']
    const ratios = ['psnr', 'ssim'].map((key) => {
      const size = sizeAt(curve, key, one[key])
      if (size === undefined) return undefined
      ;((sums[found[1]] ??= {})[key] ??= []).push(Math.log(one.bytes / size))
      return one.bytes / size
    })
    console.log(
      `| ${stem} | ${found[1]} | ${found[2]} | ${one.bytes} | ${one.psnr.toFixed(2)} | ${one.ssim.toFixed(4)} | ${percent(ratios[0])} | ${percent(ratios[1])} |`,
    )
  }
}
console.log('\n| form | mean at equal PSNR | mean at equal SSIM | files |\n|---|---|---|---|')
for (const [form, { psnr: p = [], ssim: s = [] }] of Object.entries(sums)) {
  const mean = (logs) => percent(Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length))
  console.log(`| ${form} | ${mean(p)} | ${mean(s)} | ${p.length} |`)
}
