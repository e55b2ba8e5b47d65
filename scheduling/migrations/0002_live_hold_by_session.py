from typing import Any

from django.db import migrations, models


class AddIndexBeside(migrations.AddIndex):
    """Make an index while shoppers book: on PostgreSQL concurrently, which takes no lock that they wait for."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return super().database_forwards(app_label, schema_editor, from_state, to_state)
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.add_index(model, self.index, concurrently=True)


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL makes no index concurrently inside a transaction
    dependencies = [("scheduling", "0001_initial")]

    operations = [
        AddIndexBeside(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("state", "live")), fields=["session_key"], name="live_hold_by_session"
            ),
        ),
    ]
