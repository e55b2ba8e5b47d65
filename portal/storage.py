"""Static files as they are collected for production."""

from collections.abc import Iterable, Iterator
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class NamedByDigest(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # WhiteNoise has no types
    """Compresses the files that pages name, which have a digest in their names.

    The others are served as they are to whoever asks: compressing them took as long again.
    """

    def compress_files(self, paths: Iterable[str]) -> Iterator[Any]:
        """Compress those of some files that pages name; yield each with what was made of it."""
        named = set(self.hashed_files.values())
        yield from super().compress_files([path for path in paths if path in named])
