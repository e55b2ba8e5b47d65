from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

before = import_module("scheduling.migrations.0002_live_hold_by_session")


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL makes no index concurrently inside a transaction
    dependencies = [("scheduling", "0013_funnel")]

    operations = [
        before.AddIndexBeside(
            model_name="quote",
            index=models.Index(fields=["merchant", "asked_at"], name="quote_by_day"),
        ),
        migrations.AlterField(
            model_name="quote",
            name="merchant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="quotes",
                to="scheduling.merchant",
            ),
        ),
    ]
