#!/usr/bin/env python3
"""Compares what this crate decodes with what Pillow decodes, over the test images of Pillow's own source.

Not part of CI: it downloads the source distribution of Pillow from PyPI. Needs `pip install pillow numpy`.

    cargo build --release -p darkroom-codec --example decode
    python3 codec/tests/pillow.py target/release/examples/decode [FOLDER...]

Without folders it downloads Pillow's images into a temporary folder. For each file that either of the two reads it
compares upright dimensions and the mean difference of the samples, colours multiplied with alpha, and prints counts
and every file that differs.
"""

import pathlib, subprocess, sys, tarfile, tempfile, warnings
import io
import numpy
from PIL import Image, ImageCms, ImageFile, ImageOps

# The largest mean difference of a sample, in 1/255, that counts as agreement.
BOUND = 2.0
FORMATS = {"JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF"}
warnings.simplefilter("ignore")


def images(folder):
    """Downloads Pillow's source; its test images end up below the folder."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pillow", "-d", folder]
    subprocess.run(command + ["pillow"], check=True)
    with tarfile.open(next(pathlib.Path(folder).glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return pathlib.Path(folder)


def pillow(path):
    """The upright picture as RGBA floats, the format, or the reason why not."""
    try:
        with Image.open(path, formats=sorted(FORMATS - {"DIB", "MPO"})) as image:
            kind = image.format
            image.load()
            profile = image.info.get("icc_profile")
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I;16"):
                image = Image.fromarray((numpy.asarray(image) >> 8).astype("uint8"))
            if profile and image.mode in ("L", "RGB", "RGBA", "CMYK", "P"):
                image = converted(image, profile)
            return numpy.asarray(image.convert("RGBA")).astype(float), kind
    except Exception as error:  # whatever a broken file causes
        return None, f"{type(error).__name__}: {error}"


def converted(image, profile):
    """To sRGB; as it is where the profile is not for this picture.

    LittleCMS adds black point compensation to the perceptual intent by itself; the relative one comes without it, as
    here.
    """
    try:
        if image.mode == "P":
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        target = ImageCms.createProfile("sRGB")
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        if space == "RGB" and image.mode in ("L", "RGBA"):
            image = image.convert("RGB")
        out = ImageCms.profileToProfile(image, source, target, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB")
        if alpha is not None:
            out.putalpha(alpha)
        return out
    except Exception:
        return image


def main():
    program, folders = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as scratch:
        folders = [pathlib.Path(folder) for folder in folders] or [images(scratch)]
        known = {".jpg", ".jpeg", ".jpe", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".mpo"}
        files = sorted(f for folder in folders for f in folder.rglob("*") if f.suffix.lower() in known and f.is_file())
        output = pathlib.Path(scratch) / "raw"
        output.mkdir()
        counts, notes, ours = {}, [], {}
        for start in range(0, len(files), 100):
            batch = files[start : start + 100]
            run = subprocess.run([program, output, *batch], capture_output=True, text=True)
            if run.returncode:
                sys.exit(f"the decoder stopped in {batch[0]} and the 99 after it:\n{run.stderr}")
            for line in run.stdout.splitlines():
                number, *rest = line.split("\t")
                file = batch[int(number)]
                if rest[0] == "ok":
                    width, height, channels = map(int, rest[1:])
                    raw = numpy.fromfile(output / f"{number}.raw", "uint8").reshape(height, width, channels)
                    result, detail = compare(file, raw.astype(float))
                else:
                    theirs, kind = pillow(file)
                    result = "refused by both" if theirs is None else "only Pillow"
                    detail = f"{rest[2]} | Pillow: {kind}"
                counts[result] = counts.get(result, 0) + 1
                if result != "agreed":
                    notes.append(f"{result}: {file.name}: {detail}")
        print("\n".join(sorted(notes)))
        print(f"\ntried {len(files)}: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))


def compare(file, ours):
    theirs, kind = pillow(file)
    if theirs is None:
        return "only here", f"Pillow: {kind}"
    if ours.shape[2] == 3:
        ours = numpy.dstack([ours, numpy.full(ours.shape[:2], 255.0)])
    if ours.shape != theirs.shape:
        return "differed", f"{ours.shape[1]}x{ours.shape[0]} here, {theirs.shape[1]}x{theirs.shape[0]} in Pillow"
    for picture in (ours, theirs):
        picture[:, :, :3] *= picture[:, :, 3:] / 255
    off = numpy.abs(ours - theirs).mean()
    return ("agreed" if off <= BOUND else "differed"), f"{kind}, off by {off:.2f}"


main()
