"""Images: size and what the camera wrote. Pixels are never decoded.

Where a picture was taken is personal data: it stands in columns of its own, which can be left out or masked, and not in `metadata`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

from lakesmith.sources.documents.dispatch import Task
from lakesmith.sources.documents.instants import instant_of
from lakesmith.sources.documents.parsed import Parsed, UnreadableError

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

EXIF_PART, GPS_PART = 0x8769, 0x8825
MAX_FRAMES = 10_000
MANY_PIXELS = 50_000_000
_LATITUDE, _LONGITUDE = (1, 2, 90), (3, 4, 180)
_BYTES_THAT_ARE_TEXT = {"UserComment"}
# where the place could be written a second time
_PLACES = {"GPSInfo", "MakerNote", "XMLPacket", "ExifOffset"}
_HIDING_PLACES = ("xmp", "exif", "raw profile", "icc")


def read(file: BinaryIO, task: Task) -> Parsed:  # noqa: ARG001 - every family is asked the same way
    """Return what is known of an image."""
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # sizes are read, pixels are not
    _register_heif()
    try:
        with Image.open(file) as image:
            exif = _exif(image)
            known = {
                "width": str(image.width),
                "height": str(image.height),
                "mode": image.mode,
                **_tags(exif),
                **_notes(image.info),
            }
            pages = min(getattr(image, "n_frames", 1), MAX_FRAMES)
    except UnidentifiedImageError as error:
        raise UnreadableError("malformed: not a whole image") from error
    gps = exif.get_ifd(GPS_PART)
    return Parsed(
        title=known.get("ImageDescription") or known.get("image_Title"),
        author=known.get("Artist") or known.get("image_Author"),
        created_at=_taken(known),
        pages=pages,
        metadata=known,
        gps_latitude=_degrees(gps, *_LATITUDE),
        gps_longitude=_degrees(gps, *_LONGITUDE),
    )


def _exif(image: Image) -> Exif:
    """Return what the camera wrote. PNG may have it behind the pixels, which Pillow would decode on its way there: not if they are many."""
    if image.width * image.height > MANY_PIXELS:
        from PIL.Image import Image as Plain

        return Plain.getexif(image)
    return image.getexif()


def _register_heif() -> None:
    from importlib.util import find_spec

    if find_spec("pillow_heif") is not None:
        from pillow_heif import register_heif_opener

        register_heif_opener()


def _notes(info: Mapping[str | tuple[int, int], Any]) -> dict[str, str]:
    """Return what the format itself says of an image, without whole blocks of other formats inside it."""
    said = {str(name): value for name, value in info.items() if isinstance(value, str | int | float)}
    return {
        f"image_{name}": str(value)
        for name, value in said.items()
        if not any(hiding in name.lower() for hiding in _HIDING_PLACES)
    }


def _tags(exif: Exif) -> dict[str, str]:
    from PIL.ExifTags import TAGS

    found = {}
    for number, value in {**exif, **exif.get_ifd(EXIF_PART)}.items():
        name = TAGS.get(number, f"tag_{number}")
        if name in _BYTES_THAT_ARE_TEXT and isinstance(value, bytes):
            found[name] = value[8:].decode("utf-8", "ignore").strip("\x00 ")
        elif name not in _PLACES and not isinstance(value, bytes | dict):
            found[name] = str(value).strip("\x00 ")
    return found


def _taken(known: dict[str, str]) -> str | None:
    """Return when the picture was taken, if the camera wrote its offset from UTC too."""
    written = known.get("DateTimeOriginal") or known.get("DateTime") or ""
    offset = known.get("OffsetTimeOriginal") or known.get("OffsetTime")
    day, _, clock = written.partition(" ")
    return instant_of(f"{day.replace(':', '-')}T{clock}{offset}") if offset else None


def _degrees(gps: dict[int, Any], reference: int, value: int, most: int) -> float | None:
    try:
        parts = [
            Fraction(str(part)) if not hasattr(part, "numerator") else Fraction(part.numerator, part.denominator)
            for part in gps[value]
        ]
        degrees = float(sum(part / 60**power for power, part in enumerate(parts)))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    side = str(gps.get(reference, "")).strip("\x00 ").upper()
    if side not in ("N", "S", "E", "W") or degrees > most:
        return None
    return -degrees if side in ("S", "W") else degrees
