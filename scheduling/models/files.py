"""Files that no row needs any more."""

from django.db import models


class FileToRemove(models.Model):
    """A file to be removed, by its path below MEDIA_ROOT; the row goes once the file is gone.

    Written in the transaction that gave the file up, so that a process killed afterwards leaves nothing
    behind. Paths are drawn by lot: they say nothing of anybody.
    """

    path = models.CharField(max_length=200, unique=True)
    since = models.DateTimeField()

    class Meta:
        verbose_name_plural = "files to remove"

    def __str__(self) -> str:
        return self.path
