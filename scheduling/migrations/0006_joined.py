import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0005_improvement_asked_by'),
    ]

    operations = [
        migrations.CreateModel(
            name='JoinedOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('parcels', models.PositiveSmallIntegerField()),
                ('load_g', models.PositiveIntegerField()),
                ('load_ml', models.PositiveIntegerField()),
                ('joined_at', models.DateTimeField()),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='joined_orders', to='scheduling.delivery')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='joined_to', to='scheduling.order')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('delivery', 'order'), name='order_joins_a_delivery_once'), models.CheckConstraint(condition=models.Q(('parcels__gte', 1)), name='joined_order_has_a_parcel')],
            },
        ),
    ]
