"""The only package that answers HTTP or sends messages. It owns no routing and no refund rule."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
