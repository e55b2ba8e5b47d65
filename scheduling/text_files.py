"""Lists as people's programs save them: in which encoding, by which delimiter, which lines hold something."""

from collections.abc import Iterator
from typing import Any, Final

from django.utils.translation import gettext as _

from scheduling.errors import BadFile

SAMPLE: Final = 4096
DELIMITERS: Final = ";,\t"


def codec_of(content: bytes) -> tuple[str, str]:
    """Return a codec and the name of its encoding: by its mark, else UTF-8 where that fits, else guessed."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", "UTF-16"
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig", "UTF-8"
    if b"\0" in content[:SAMPLE]:  # letters of our alphabets in UTF-16 have a zero byte each, on one side
        start = content[:SAMPLE]
        side = "utf-16-le" if start[1::2].count(0) > start[0::2].count(0) else "utf-16-be"
        return side, "UTF-16"
    for codec, name in (("utf-8", "UTF-8"), ("cp1252", "Windows-1252")):
        try:
            content.decode(codec)
        except UnicodeDecodeError:
            continue
        return codec, name
    return "latin-1", "Latin-1"  # where every byte is a letter


def decoded(content: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding. Raises BadFile where it is no text."""
    codec, name = codec_of(content)
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        raise BadFile(_("We can’t read this file. Save it as CSV in UTF-8, and try again.")) from error
    if "\0" in text:
        raise BadFile(_("This is no text. Save the list as CSV in UTF-8, and try again."))
    return text, name


def delimiter_of(first_line: str) -> str:
    """Return what parts the columns of a file: the one of ; , and tab that its first line has most of."""
    return max(DELIMITERS, key=first_line.count)


def filled(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are not empty, with the line on which each begins."""
    line = reader.line_num + 1
    for values in reader:
        if any(map(str.strip, values)):
            yield line, values
        line = reader.line_num + 1
