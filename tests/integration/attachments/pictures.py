"""Pictures as phones take them, and files that only pretend to be some."""

import struct
import zlib
from io import BytesIO

from PIL import Image

GPS = 0x8825
ORIENTATION = 0x0112
MAKER = 0x010F
TURNED_RIGHT = 6
RED, BLUE = (200, 30, 30), (20, 30, 200)


def a_photo(form="JPEG", size=(48, 32), *, turned=False, seed=0, mode="RGB", **options):
    """Left half red, right half blue, with EXIF that tells where it was taken."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (size[0] // 2, 0, *size))
    picture.putpixel((0, 0), (seed % 256, seed // 256 % 256, 0))
    exif = Image.Exif()
    exif[MAKER] = f"Secret Maker {seed}"
    if turned:
        exif[ORIENTATION] = TURNED_RIGHT
    exif.get_ifd(GPS).update({1: "N", 2: (24.0, 49.0, 12.0), 3: "E", 4: (67.0, 2.0, 30.0)})
    into = BytesIO()
    picture.convert(mode).save(into, form, exif=exif, **options)
    return into.getvalue()


def a_png_bomb(side=20_000):
    """A few kilobytes that unpack to hundreds of millions of pixels."""
    row = b"\0" * (1 + side // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def opened(content):
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture
