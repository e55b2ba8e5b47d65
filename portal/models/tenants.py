"""Rows that belong to one merchant: nobody reads them without saying whose."""

from typing import Any

from django.db import models

from scheduling.models import Merchant


class Unscoped(Exception):
    """Rows of all merchants were asked for where only one merchant's may be."""


class TenantManager(models.Manager[Any]):
    """A manager that answers for one merchant: `Row.objects.of(merchant)`."""

    def get_queryset(self) -> models.QuerySet[Any]:
        raise Unscoped(f"Say whose {self.model.__name__} rows you want: objects.of(merchant).")

    def of(self, merchant: Merchant) -> models.QuerySet[Any]:
        """Return one merchant's rows."""
        return super().get_queryset().filter(merchant=merchant)

    def of_everybody(self) -> models.QuerySet[Any]:
        """Return all rows: for what finds out whose they are, and for housekeeping."""
        return super().get_queryset()

    def using(self, alias: str | None) -> models.QuerySet[Any]:
        """Return all rows of a database: Django's housekeeping (dumpdata) names one, nobody of us does."""
        return super().get_queryset().using(alias)

    def create(self, **fields: Any) -> Any:
        """Make a row; whose it is stands in it."""
        return super().get_queryset().create(**fields)
