import django.core.validators
import django.db.models.deletion
import scheduling.models.network
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0006_joined'),
    ]

    operations = [
        migrations.AddField(
            model_name='stop',
            name='buffer_s',
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name='seconds that the routes keep free at the end of its window'),
        ),
        migrations.CreateModel(
            name='Buffer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='what usually goes wrong')),
                ('area', models.CharField(choices=[('depot', 'wherever the depot delivers'), ('postcodes', 'in listed postcodes'), ('polygon', 'inside a polygon')], default='depot', max_length=12)),
                ('postcodes', models.JSONField(blank=True, default=list)),
                ('polygon', models.JSONField(blank=True, default=list, validators=[scheduling.models.network.check_polygon])),
                ('weekdays', models.PositiveSmallIntegerField(default=127)),
                ('starts', models.TimeField()),
                ('ends', models.TimeField()),
                ('minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)], verbose_name='minutes kept free at the end of a promise')),
                ('active', models.BooleanField(default=True)),
                ('depot', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='buffers', to='scheduling.depot')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('depot', 'name'), name='buffer_named_once_per_depot'), models.CheckConstraint(condition=models.Q(('area__in', ['depot', 'postcodes', 'polygon'])), name='buffer_area_is_known'), models.CheckConstraint(condition=models.Q(('starts__lt', models.F('ends'))), name='buffer_starts_to_end'), models.CheckConstraint(condition=models.Q(('weekdays__range', (1, 127))), name='buffer_counts_on_some_weekday'), models.CheckConstraint(condition=models.Q(('minutes__range', (1, 120))), name='buffer_is_two_hours_at_most')],
            },
        ),
    ]
