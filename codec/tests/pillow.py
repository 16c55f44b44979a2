#!/usr/bin/env python3
"""Compares what this crate decodes and makes small with what Pillow does, over the test images of Pillow's own source.

Not part of CI: it downloads the source distribution of Pillow from PyPI. Needs `pip install pillow numpy`.

    cargo build --release -p darkroom-codec --example decode
    python3 codec/tests/pillow.py target/release/examples/decode [FOLDER...]

Without folders it downloads Pillow's images into a temporary folder. For each file that either of the two reads it
compares upright dimensions and the mean difference of the samples, colours multiplied with alpha; and the picture
made small, to fit into 320 x 320, with Pillow's Lanczos at the same size. Then it cuts each file off, at half and at
nine tenths, and changes some bytes of it: that may give an error or a picture, never a panic. It prints counts and
every file that did not agree.
"""

import collections, io, pathlib, random, subprocess, sys, tarfile, tempfile, warnings
import numpy
from PIL import Image, ImageCms, ImageOps

# The largest mean difference of a sample, in 1/255, that counts as agreement: of the whole picture, and of the small
# one of those whose whole pictures agree.
WHOLE, SMALL = 2.0, 2.0
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]
SUFFIXES = {".jpg", ".jpeg", ".jpe", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".mpo"}
warnings.simplefilter("ignore")


def images(folder):
    """Downloads Pillow's source; its test images end up below the folder."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pillow", "-d", folder]
    subprocess.run(command + ["pillow"], check=True)
    with tarfile.open(next(pathlib.Path(folder).glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return pathlib.Path(folder)


def pillow(path):
    """The upright picture as RGB or RGBA and its format, or nothing and the reason why not."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            kind = image.format
            image.load()
            profile = image.info.get("icc_profile")
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I;16"):
                image = Image.fromarray((numpy.asarray(image) >> 8).astype("uint8"))
            if profile and image.mode in ("L", "RGB", "RGBA", "CMYK", "P"):
                image = converted(image, profile)
            return image.convert("RGBA"), kind
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
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        out = ImageCms.profileToProfile(image, source, target, renderingIntent=intent, outputMode="RGB")
        if alpha is not None:
            out.putalpha(alpha)
        return out
    except Exception:
        return image


def run(program, output, files):
    """What the program says of each file: its fields, `ok` or `error` first. A panic ends the comparison."""
    said = {}
    for start in range(0, len(files), 100):
        batch = files[start : start + 100]
        folder = output / str(start)
        folder.mkdir(parents=True)
        ran = subprocess.run([program, folder, *batch], capture_output=True, text=True)
        if ran.returncode:
            sys.exit(f"the decoder stopped in {batch[0]} and the 99 after it:\n{ran.stderr}")
        for line in ran.stdout.splitlines():
            number, *fields = line.split("\t")
            said[batch[int(number)]] = (folder / number, fields)
            if "gave up" in fields[-1]:
                sys.exit(f"a decoder panicked over {batch[int(number)]}: {fields[-1]}")
    return said


def samples(file, width, height, channels):
    """Floats with colours multiplied with alpha, of a file of ours."""
    raw = numpy.fromfile(file, "uint8").reshape(height, width, channels)
    file.unlink()
    if channels == 3:
        raw = numpy.dstack([raw, numpy.full(raw.shape[:2], 255, "uint8")])
    return multiplied(raw)


def multiplied(raw):
    out = numpy.asarray(raw).astype("float32")
    out[:, :, :3] *= out[:, :, 3:] / 255
    return out


def compare(path, raw, width, height, channels, columns, rows):
    """What to count the file as, what to say of it, and the small picture's difference where there is one."""
    ours = samples(raw.with_suffix(".raw"), width, height, channels)
    small = samples(raw.with_suffix(".small"), columns, rows, channels)
    theirs, kind = pillow(path)
    if theirs is None:
        return "only here", f"Pillow: {kind}", None
    if theirs.size != (width, height):
        return "differed", f"{kind}, {width}x{height} here, {theirs.width}x{theirs.height} in Pillow", None
    off = numpy.abs(ours - multiplied(theirs)).mean()
    if off > WHOLE:
        return "differed", f"{kind}, off by {off:.2f}", None
    if (columns, rows) == (width, height):
        return "agreed", "", None
    # Alpha is multiplied in and taken out by Pillow itself.
    apart = numpy.abs(small - multiplied(theirs.resize((columns, rows), Image.Resampling.LANCZOS))).mean()
    verdict = "agreed" if apart <= SMALL else "differed when small"
    return verdict, f"{kind}, {width}x{height} to {columns}x{rows}, off by {apart:.2f}", (kind, apart)


def broken(files, folder):
    """Copies of small files that end early or have bytes changed, always the same."""
    draw, copies = random.Random(1), []
    for number, file in enumerate(files):
        whole = file.read_bytes()
        if len(whole) > 200_000:
            continue
        changed = bytearray(whole)
        for _ in range(8):
            if whole:
                changed[draw.randrange(len(whole))] = draw.randrange(256)
        for name, copy in (("half", whole[: len(whole) // 2]), ("nine-tenths", whole[: len(whole) * 9 // 10]), ("changed", changed)):
            copies.append(folder / f"{number}.{name}")
            copies[-1].write_bytes(copy)
    return copies


def main():
    program, folders = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        folders = [pathlib.Path(folder) for folder in folders] or [images(scratch)]
        files = sorted(f for folder in folders for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
        counts, notes, smalls = collections.Counter(), [], collections.defaultdict(list)
        for file, (raw, fields) in run(program, scratch / "ours", files).items():
            if fields[0] == "ok":
                result, detail, apart = compare(file, raw, *map(int, fields[1:]))
                if apart:
                    smalls[apart[0]].append(apart[1])
            else:
                theirs, kind = pillow(file)
                result = "refused by both" if theirs is None else "only Pillow"
                detail = f"{fields[2]} | Pillow: {kind}"
            counts[result] += 1
            if result != "agreed":
                notes.append(f"{result}: {file.name}: {detail}")
        print("\n".join(sorted(notes)))
        print(f"\ntried {len(files)}: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
        for kind, apart in sorted(smalls.items()):
            print(f"small, {kind}: {len(apart)} files, off by {numpy.mean(apart):.3f} in the mean, {max(apart):.3f} at most")
        (scratch / "broken").mkdir()
        verdicts = run(program, scratch / "shreds", broken(files, scratch / "broken"))
        for name in ("half", "nine-tenths", "changed"):
            said = [fields[0] for file, (_, fields) in verdicts.items() if file.suffix == f".{name}"]
            print(f"broken, {name}: {len(said)} copies, {said.count('error')} refused, {said.count('ok')} decoded, 0 panics")


main()
