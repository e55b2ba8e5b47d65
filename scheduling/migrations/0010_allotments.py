import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0009_rests'),
    ]

    operations = [
        migrations.AddField(
            model_name='depot',
            name='places_a_day',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='stops a day at most, of all its shops; empty: as many as the vans can serve'),
        ),
        migrations.AddField(
            model_name='merchantdepot',
            name='allotment',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="of the depot's places a day at most; empty: as many as there are"),
        ),
        migrations.AddField(
            model_name='merchantdepot',
            name='reserved',
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="of the depot's places kept for this shop"),
        ),
        migrations.AddField(
            model_name='merchantdepot',
            name='reserved_until_h',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, validators=[django.core.validators.MaxValueValidator(336)], verbose_name="kept until so many hours before a slot's cut-off"),
        ),
        migrations.AddConstraint(
            model_name='depot',
            constraint=models.CheckConstraint(condition=models.Q(('places_a_day__isnull', True), ('places_a_day__gte', 1), _connector='OR'), name='depot_has_places'),
        ),
        migrations.AddConstraint(
            model_name='merchantdepot',
            constraint=models.CheckConstraint(condition=models.Q(('allotment__isnull', True), ('reserved__lte', models.F('allotment')), _connector='OR'), name='outlet_reserves_within_its_allotment'),
        ),
        migrations.AddConstraint(
            model_name='merchantdepot',
            constraint=models.CheckConstraint(condition=models.Q(('reserved_until_h__lte', 336)), name='outlet_reserves_two_weeks_at_most'),
        ),
    ]
