# A delivery that is erased shows no photo and names no neighbour either.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0022_photos'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='delivery',
            name='erased_delivery_names_nobody',
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('erased_at__isnull', True), models.Q(('contact_email', ''), ('contact_name', ''), ('contact_phone', ''), ('neighbour_name', ''), ('neighbour_unit', ''), ('safe_place_note', ''), ('safe_place_photo', '')), _connector='OR'), name='erased_delivery_names_nobody'),
        ),
    ]
