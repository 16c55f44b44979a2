#!/usr/bin/env python3
"""How long three derivatives of a 24-megapixel JPEG take: Darkroom beside other programs, all on one thread.

    cargo build --release --manifest-path bench/Cargo.toml -p darkroom-bench-derivatives
    npm install --no-save --prefix bench/derivatives sharp
    python3 bench/derivatives/run.py bench/target/release/darkroom-bench-derivatives [PHOTO]

Needs `pip install pillow numpy`; vipsthumbnail (apt install libvips-tools) and ImageMagick's convert are left out
where they are not installed. PHOTO is scaled to 6000 x 4000 first; without one a picture is computed.

The derivatives: a preview within 1024 x 1024 and a thumbnail that covers 320 x 320, both JPEG of quality 80 with
4:2:0 and optimised Huffman tables, and a placeholder: a ThumbHash by Darkroom, the raw pixels within 100 x 100 by
the others. Prints a table in Markdown: milliseconds of processor time, best of several runs after a first one.
Programs of a command line are measured with their start.
"""

import io, os, pathlib, resource, shutil, subprocess, sys, tempfile, time
import numpy
from PIL import Image, ImageOps

RUNS = 5
SIZE = (6000, 4000)
HERE = pathlib.Path(__file__).parent
Image.MAX_IMAGE_PIXELS = None


def computed():
    """Light, edges and grain: noise of several sizes, shades and the grain of a sensor."""
    draw = numpy.random.default_rng(24)
    width, height = SIZE
    picture = numpy.zeros((height, width, 3), "float32")
    for edge, strength in ((6, 60), (24, 40), (96, 25), (400, 15), (1600, 8)):
        patch = draw.uniform(-1, 1, (edge * 2 // 3, edge, 3)).astype("float32")
        for channel in range(3):
            layer = Image.fromarray(patch[:, :, channel]).resize(SIZE, Image.Resampling.BICUBIC)
            picture[:, :, channel] += strength * numpy.asarray(layer)
    down, across = numpy.mgrid[0:height, 0:width].astype("float32")
    for _ in range(60):
        x, y, radius = draw.uniform(0, width), draw.uniform(0, height), draw.uniform(40, 500)
        picture[(across - x) ** 2 + (down - y) ** 2 < radius**2] += draw.uniform(-50, 50, 3).astype("float32")
    picture += draw.normal(0, 3, picture.shape).astype("float32")
    return Image.fromarray(numpy.clip(picture + 128, 0, 255).astype("uint8"))


def photos(folder, photo):
    if photo:
        image = ImageOps.fit(Image.open(photo).convert("RGB"), SIZE, Image.Resampling.LANCZOS)
    else:
        image = computed()
    for name, progressive in (("baseline", False), ("progressive", True)):
        file = folder / f"{name}.jpg"
        image.save(file, quality=90, subsampling="4:2:0", progressive=progressive, optimize=progressive)
        yield name, file


def best(way):
    """Milliseconds of the fastest run, of this process and those that it starts."""
    def spent():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    times = []
    for _ in range(RUNS + 1):
        start = spent()
        way()
        times.append(spent() - start)
    return min(times[1:]) * 1000


def pillow(photo):
    with Image.open(photo) as image:
        image.draft("RGB", (1024, 1024))
        image.thumbnail((1024, 1024), Image.Resampling.LANCZOS, reducing_gap=None)
        for picture in (image, ImageOps.fit(image, (320, 320), Image.Resampling.LANCZOS)):
            picture.save(io.BytesIO(), "JPEG", quality=80, subsampling="4:2:0", optimize=True)
        image.thumbnail((100, 100), Image.Resampling.LANCZOS, reducing_gap=None)
        image.tobytes()


def vips(photo, folder):
    preview = folder / "preview.jpg"
    one = lambda source, *options: subprocess.run(["vipsthumbnail", source, *options], check=True)
    one(photo, "--size", "1024x1024", "-o", f"{preview}[Q=80,optimize_coding]")
    one(preview, "--size", "320x320", "--smartcrop", "centre", "-o", f"{folder}/small.jpg[Q=80,optimize_coding]")
    one(preview, "--size", "100x100", "-o", f"{folder}/hundred.ppm")


def magick(photo, folder):
    steps = "-resize 1024x1024 -quality 80 -sampling-factor 4:2:0 -write {0}/a.jpg -resize 320x320^ -gravity center"
    steps += " -crop 320x320+0+0 +repage -write {0}/b.jpg -resize 100x100 {0}/c.ppm"
    command = ["convert", "-define", "jpeg:size=2048x2048", photo, *steps.format(folder).split()]
    subprocess.run(command, check=True)


def said(*command):
    """Name and milliseconds by a program that measures itself."""
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: float(spent) for name, spent in (line.split("\t") for line in lines)}


def main():
    program, photo = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    os.environ |= {"VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1"}
    columns = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for kind, file in photos(folder, photo):
            column = said(program, str(RUNS), file) | said("node", HERE / "sharp.mjs", str(RUNS), file)
            if shutil.which("vipsthumbnail"):
                column["vipsthumbnail, from the preview"] = best(lambda: vips(file, folder))
            column["Pillow, `draft`, chained by hand"] = best(lambda: pillow(file))
            if shutil.which("convert"):
                column["ImageMagick, chained by hand"] = best(lambda: magick(file, folder))
            columns[f"{kind}, {file.stat().st_size / 1e6:.1f} MB"] = column
    print("| | " + " | ".join(columns) + " |\n|---" + "|---" * len(columns) + "|")
    for name in next(iter(columns.values())):
        print(f"| {name} | " + " | ".join(f"{column[name]:.0f}" for column in columns.values()) + " |")


main()
