import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0010_allotments'),
    ]

    operations = [
        migrations.AddField(
            model_name='dayplan',
            name='accounted_at',
            field=models.DateTimeField(null=True, verbose_name='when its grams were shared among its stops'),
        ),
        migrations.CreateModel(
            name='CarbonAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('metres', models.PositiveIntegerField()),
                ('grams', models.PositiveIntegerField()),
                ('stops', models.PositiveIntegerField()),
                ('grams_per_km', models.PositiveIntegerField()),
                ('factor_source', models.CharField(max_length=250)),
                ('factor_year', models.PositiveSmallIntegerField()),
                ('boundary', models.CharField(choices=[('well_to_wheel', 'well-to-wheel'), ('life_cycle', 'life cycle')], max_length=16)),
                ('method', models.CharField(max_length=40)),
                ('route', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='account', to='scheduling.route')),
            ],
        ),
        migrations.CreateModel(
            name='CarbonShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('distance_m', models.PositiveIntegerField()),
                ('grams', models.PositiveIntegerField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='scheduling.carbonaccount')),
                ('stop', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='carbon', to='scheduling.stop')),
            ],
        ),
    ]
