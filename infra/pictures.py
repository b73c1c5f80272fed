"""Pictures made clean: decoded and encoded anew, so that nothing hides in them, nor says where they were taken."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from infra.limits import ATTACHMENT_PIXELS_MAX

MAGIC = {
    "JPEG": (b"\xff\xd8\xff", "image/jpeg"),
    "PNG": (b"\x89PNG\r\n\x1a\n", "image/png"),
    "WEBP": (b"RIFF", "image/webp"),
}
"""Format → how its files begin, and its content type. Nothing else is opened."""
THUMBNAIL_SIDE = 320
QUALITY, THUMBNAIL_QUALITY = 90, 75
WHITE = (255, 255, 255)

# Our own cap is asked before a pixel is unpacked; Pillow's would only warn up to twice its own.
Image.MAX_IMAGE_PIXELS = None


class NotAPicture(ValueError):
    """It cannot be kept; `because` is a key of infra/messages.json."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """A picture and its thumbnail, with nothing but pixels in them; the thumbnail is a JPEG."""

    content: bytes
    content_type: str
    width: int
    height: int
    thumbnail: bytes


def clean(sent: bytes) -> Clean:
    """Decode and encode anew, the right way up. The same bytes give the same bytes.

    What stands behind the picture, in its EXIF, XMP, comments, text and colour profile does not
    come along. Errors: NotAPicture.
    """
    form = _form_of(sent)
    try:
        with Image.open(BytesIO(sent), formats=(form,)) as opened:
            if opened.width * opened.height <= ATTACHMENT_PIXELS_MAX:
                opened.load()
                return _clean(ImageOps.exif_transpose(opened), form)
    # Pillow raises what its decoders meet, SyntaxError and struct.error too: all mean damaged.
    except Exception as error:
        raise NotAPicture("damaged_picture") from error
    raise NotAPicture(f"too_many_pixels {ATTACHMENT_PIXELS_MAX}")


def _clean(upright: Image.Image, form: str) -> Clean:
    return Clean(
        content=_encoded(upright, form),
        content_type=MAGIC[form][1],
        width=upright.width,
        height=upright.height,
        thumbnail=_thumbnail(upright),
    )


def _form_of(sent: bytes) -> str:
    for form, (magic, _) in MAGIC.items():
        if sent.startswith(magic) and (form != "WEBP" or sent[8:12] == b"WEBP"):
            return form
    raise NotAPicture("not_a_picture")


def _encoded(upright: Image.Image, form: str) -> bytes:
    options: dict[str, Any] = {"quality": QUALITY} if form != "PNG" else {}
    if form == "JPEG" and upright.mode not in ("L", "RGB"):
        upright = upright.convert("RGB")
    return _saved(upright, form, options)


def _thumbnail(upright: Image.Image) -> bytes:
    small = upright.convert("RGBA") if _has_alpha(upright) else upright.convert("RGB")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    if small.mode == "RGBA":
        ground = Image.new("RGB", small.size, WHITE)
        ground.paste(small, mask=small)
        small = ground
    return _saved(small, "JPEG", {"quality": THUMBNAIL_QUALITY})


def _has_alpha(picture: Image.Image) -> bool:
    return "A" in picture.getbands() or "transparency" in picture.info


def _saved(picture: Image.Image, form: str, options: dict[str, Any]) -> bytes:
    # Pillow writes back what it read into `info`: comments, profiles, EXIF.
    bare = picture.copy()
    transparency = picture.info.get("transparency") if form == "PNG" else None
    bare.info = {} if transparency is None else {"transparency": transparency}
    into = BytesIO()
    bare.save(into, form, **options)
    return into.getvalue()
