"""What comes out of a picture is its pixels, and nothing else."""

import pytest

from infra import pictures
from infra.pictures import NotAPicture, clean
from tests.integration.attachments.pictures import (
    BLUE,
    GPS,
    RED,
    a_photo,
    a_png_bomb,
    opened,
)

FORMS = ("JPEG", "PNG", "WEBP")
SCRIPT = b"<script>alert(1)</script>"
NOT_PICTURES = {
    "nothing": b"",
    "html": b"<html>" + SCRIPT,
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT,
    "gif": b"GIF89a/*" + b"\0" * 20 + b"*/=1;" + SCRIPT,
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04" + b"\0" * 40,
    "riff that is no webp": b"RIFF\x24\x00\x00\x00WAVEfmt ",
}


def is_near(pixel, colour):
    return all(abs(a - b) < 40 for a, b in zip(pixel[:3], colour, strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_where_it_was_taken_is_gone(form):
    sent = a_photo(form)
    assert b"Secret Maker" in sent
    assert opened(sent).getexif().get_ifd(GPS)

    made = clean(sent)

    for content in (made.content, made.thumbnail):
        assert b"Secret Maker" not in content
        assert dict(opened(content).getexif()) == {}
        assert "exif" not in opened(content).info
    assert (opened(made.content).format, made.content_type) == (form, f"image/{form.lower()}")


@pytest.mark.parametrize("form", FORMS)
def test_it_is_kept_the_right_way_up(form):
    made = clean(a_photo(form, (48, 32), turned=True))

    picture = opened(made.content).convert("RGB")
    assert picture.size == (made.width, made.height) == (32, 48)
    assert is_near(picture.getpixel((16, 8)), RED)
    assert is_near(picture.getpixel((16, 40)), BLUE)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_bytes_give_the_same_bytes(form):
    sent = a_photo(form, (300, 200))

    assert clean(sent) == clean(sent)


@pytest.mark.parametrize(
    ("form", "mode"), [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "P"), ("PNG", "LA"),
                       ("PNG", "RGBA"), ("PNG", "1"), ("PNG", "I;16"), ("WEBP", "RGBA")],
)  # fmt: skip
def test_every_kind_of_pixel_is_kept(form, mode):
    sent = a_photo(form, (400, 100), mode=mode if mode != "I;16" else "L")

    made = clean(sent)

    assert opened(made.content).size == (400, 100)
    assert opened(made.thumbnail).format == "JPEG"
    assert opened(made.thumbnail).size == (320, 80)


def test_transparent_pixels_of_a_palette_stay_transparent():
    sent = a_photo("PNG", mode="P", transparency=0)

    assert "transparency" in opened(clean(sent).content).info


@pytest.mark.parametrize("form", FORMS)
def test_what_hides_behind_a_picture_does_not_come_along(form):
    made = clean(a_photo(form) + b"PK\x03\x04" + SCRIPT)

    assert b"PK\x03\x04" not in made.content
    assert b"script" not in made.content + made.thumbnail


def test_comments_profiles_and_text_do_not_come_along():
    jpeg = clean(a_photo("JPEG", comment=SCRIPT, icc_profile=b"profile" * 99)).content
    png = clean(a_photo("PNG", icc_profile=b"profile" * 99)).content

    assert b"script" not in jpeg
    assert b"profile" not in jpeg
    assert "icc_profile" not in opened(png).info


@pytest.mark.parametrize("sent", NOT_PICTURES.values(), ids=NOT_PICTURES)
def test_what_does_not_begin_as_a_picture_is_refused(sent):
    with pytest.raises(NotAPicture) as refused:
        clean(sent)

    assert refused.value.because == "not_a_picture"


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_that_ends_too_early_is_refused(form):
    sent = a_photo(form, (300, 200))

    for end in (12, 40, len(sent) // 2):
        with pytest.raises(NotAPicture) as refused:
            clean(sent[:end])
        assert refused.value.because == "damaged_picture"


def test_a_bomb_is_refused_before_a_pixel_is_unpacked(monkeypatch):
    bomb = a_png_bomb()
    assert len(bomb) < 100_000
    monkeypatch.setattr(pictures.ImageOps, "exif_transpose", lambda _: pytest.fail("unpacked"))

    with pytest.raises(NotAPicture) as refused:
        clean(bomb)

    assert refused.value.because == "too_many_pixels 52000000"


def test_the_cap_counts_pixels_to_the_last_one(monkeypatch):
    monkeypatch.setattr(pictures, "ATTACHMENT_PIXELS_MAX", 48 * 32)

    assert clean(a_photo(size=(48, 32))).width == 48
    with pytest.raises(NotAPicture):
        clean(a_photo(size=(49, 32)))
