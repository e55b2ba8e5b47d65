# How a person is erased, and when mails may wait.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0016_pickup_points'),
    ]

    operations = [
        migrations.CreateModel(
            name='FileToRemove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=200, unique=True)),
                ('since', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'files to remove',
            },
        ),
        migrations.RemoveConstraint(
            model_name='delivery',
            name='confirmed_delivery_has_a_contact',
        ),
        migrations.AddField(
            model_name='delivery',
            name='erased_at',
            field=models.DateTimeField(null=True, verbose_name='since when it is nobody’s: who it was for is erased'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='quiet_from',
            field=models.TimeField(null=True, verbose_name='from when on its contact wants no mails that can wait'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='quiet_until',
            field=models.TimeField(null=True, verbose_name='until when; both in the depot’s zone, over midnight too'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'lapsed']), models.Q(('contact_email', ''), _negated=True), models.Q(('contact_phone', ''), _negated=True), ('erased_at__isnull', False), _connector='OR'), name='confirmed_delivery_has_a_contact'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('erased_at__isnull', True), models.Q(('contact_email', ''), ('contact_name', ''), ('contact_phone', ''), ('safe_place_note', '')), _connector='OR'), name='erased_delivery_names_nobody'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_until__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False), models.Q(('quiet_from', models.F('quiet_until')), _negated=True)), _connector='OR'), name='delivery_quiet_hours_begin_and_end'),
        ),
    ]
