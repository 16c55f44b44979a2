// A part of `run.py`: the derivatives by sharp on one thread, `sharp.mjs RUNS PHOTO`.

import { readFileSync } from 'node:fs'
import sharp from 'sharp'

sharp.concurrency(1)
sharp.cache(false)
const [runs, file] = process.argv.slice(2)
const photo = readFileSync(file)
const inside = (edge) => [edge, edge, { fit: 'inside', withoutEnlargement: true }]

const ways = {
  'sharp, three pipelines': async () => {
    await sharp(photo).resize(...inside(1024)).jpeg({ quality: 80 }).toBuffer()
    await sharp(photo).resize(320, 320).jpeg({ quality: 80 }).toBuffer()
    await sharp(photo).resize(...inside(100)).raw().toBuffer()
  },
  'sharp, chained by hand through raw pixels': async () => {
    const preview = await sharp(photo).resize(...inside(1024)).raw().toBuffer({ resolveWithObject: true })
    const chained = ({ data, info }) => sharp(data, { raw: info })
    await chained(preview).jpeg({ quality: 80 }).toBuffer()
    const thumbnail = await chained(preview).resize(320, 320).raw().toBuffer({ resolveWithObject: true })
    await chained(thumbnail).jpeg({ quality: 80 }).toBuffer()
    await chained(preview).resize(...inside(100)).raw().toBuffer()
  },
}

for (const [name, way] of Object.entries(ways)) {
  let best = Infinity
  for (let run = 0; run <= runs; run++) {
    const start = process.cpuUsage()
    await way()
    const { user, system } = process.cpuUsage(start)
    if (run > 0) best = Math.min(best, user + system)
  }
  console.log(`${name}\t${(best / 1000).toFixed(1)}`)
}
