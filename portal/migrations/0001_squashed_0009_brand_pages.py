import datetime
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import scheduling.clock
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('portal', '0001_initial'), ('portal', '0002_merchants_programs'), ('portal', '0003_webhooks'), ('portal', '0004_widget'), ('portal', '0005_one_time_codes'), ('portal', '0006_former_contact'), ('portal', '0007_telling'), ('portal', '0008_driving'), ('portal', '0009_brand_pages')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('scheduling', '0001_squashed_0032_exchanges'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(error_messages={'unique': 'Somebody already has this address.'}, max_length=254, unique=True, verbose_name='e-mail address')),
                ('name', models.CharField(blank=True, max_length=120, verbose_name='name')),
                ('is_staff', models.BooleanField(default=False, help_text='Lets this person into the admin.', verbose_name='may open the set-up pages')),
                ('is_active', models.BooleanField(default=True, help_text='Clear this instead of deleting somebody.', verbose_name='may sign in')),
                ('joined_at', models.DateTimeField(default=scheduling.clock.now, editable=False, verbose_name='joined')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='user_email_any_case_unique')],
            },
        ),
        migrations.CreateModel(
            name='AccessLink',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('follow', 'may look'), ('manage', 'may look and change')], max_length=8)),
                ('generation', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.delivery')),
            ],
            options={
                'verbose_name': 'access link',
                'verbose_name_plural': 'access links',
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['follow', 'manage'])), name='access_link_kind_known'), models.CheckConstraint(condition=models.Q(('generation__gte', 1)), name='access_link_generation_from_1'), models.UniqueConstraint(condition=models.Q(('revoked_at__isnull', True)), fields=('delivery', 'kind'), name='access_link_one_live_per_kind')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('secret', 'secret: for your servers'), ('publishable', 'publishable: for browsers')], max_length=12)),
                ('name', models.CharField(max_length=80, verbose_name='what it is for')),
                ('prefix', models.CharField(max_length=16)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('scopes', models.JSONField(default=list, verbose_name='what it may do')),
                ('origins', models.JSONField(blank=True, default=list, verbose_name='pages that may use it')),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=80)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['secret', 'publishable'])), name='key_kind_is_known'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='key_says_what_it_is_for'), models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('ends_at__gte', models.F('created_at')), _connector='OR'), name='key_ends_after_it_began')],
            },
        ),
        migrations.CreateModel(
            name='Brand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('accent', models.CharField(default='#0f5c63', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$', 'Write six hexadecimal digits, such as #0f5c63.')], verbose_name='accent colour')),
                ('letter', models.CharField(max_length=2, verbose_name='letter in the logo')),
                ('feedback_url', models.URLField(blank=True, db_default='', default='', max_length=300, verbose_name='its page that asks how it was')),
                ('again_url', models.URLField(blank=True, db_default='', default='', max_length=300, verbose_name='its page for ordering again')),
                ('merchant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='brand', to='scheduling.merchant')),
            ],
            options={
                'verbose_name': 'brand',
                'verbose_name_plural': 'brands',
                'constraints': [models.CheckConstraint(condition=models.Q(('accent__regex', '^#[0-9a-f]{6}$')), name='brand_accent_is_a_colour'), models.CheckConstraint(condition=models.Q(('letter', ''), _negated=True), name='brand_letter_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last', models.PositiveBigIntegerField(default=0)),
                ('merchant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
            ],
        ),
        migrations.CreateModel(
            name='FeedEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField()),
                ('sequence', models.PositiveIntegerField(verbose_name="which of its delivery's")),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.event')),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
            ],
            options={
                'verbose_name_plural': 'feed entries',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'number'), name='feed_numbered_once')],
            },
        ),
        migrations.CreateModel(
            name='FormerContact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.event')),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('manager', 'Manager'), ('dispatcher', 'Dispatcher'), ('returns_desk', 'Returns desk'), ('viewer', 'Viewer')], max_length=16, verbose_name='role')),
                ('depot', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.depot')),
                ('merchant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
                ('operator', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.operator')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('depot__isnull', True), ('merchant__isnull', True), ('operator__isnull', False), ('role__in', ['manager', 'dispatcher', 'viewer'])), models.Q(('depot__isnull', False), ('merchant__isnull', True), ('operator__isnull', True), ('role__in', ['manager', 'dispatcher', 'viewer'])), models.Q(('depot__isnull', True), ('merchant__isnull', False), ('operator__isnull', True), ('role__in', ['manager', 'returns_desk', 'viewer'])), _connector='OR'), name='membership_of_exactly_one', violation_error_message='Choose one operator, one depot or one merchant, and a role that exists there.'), models.UniqueConstraint(condition=models.Q(('operator__isnull', False)), fields=('user', 'operator'), name='membership_once_per_operator'), models.UniqueConstraint(condition=models.Q(('depot__isnull', False)), fields=('user', 'depot'), name='membership_once_per_depot'), models.UniqueConstraint(condition=models.Q(('merchant__isnull', False)), fields=('user', 'merchant'), name='membership_once_per_merchant')],
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'e-mail'), ('sms', 'SMS')], default='email', max_length=8)),
                ('person', models.CharField(max_length=64)),
                ('message_id', models.CharField(max_length=200, unique=True)),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('sent', 'sent'), ('failed', 'given up')], default='queued', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('next_attempt_at', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=200)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.event')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'indexes': [models.Index(condition=models.Q(('state', 'queued')), fields=['next_attempt_at'], name='message_due')],
                'constraints': [models.UniqueConstraint(fields=('event', 'channel', 'person'), name='message_once_per_event_channel_person'), models.CheckConstraint(condition=models.Q(models.Q(('next_attempt_at__isnull', False), ('sent_at__isnull', True), ('state', 'queued')), models.Q(('next_attempt_at__isnull', True), ('sent_at__isnull', False), ('state', 'sent')), models.Q(('next_attempt_at__isnull', True), ('sent_at__isnull', True), ('state', 'failed')), _connector='OR'), name='message_state_and_times_agree')],
            },
        ),
        migrations.CreateModel(
            name='MessageRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('topic', models.CharField(max_length=20, verbose_name='what of')),
                ('email', models.BooleanField(verbose_name='by e-mail')),
                ('sms', models.BooleanField(verbose_name='by SMS')),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
            ],
            options={
                'verbose_name': 'message rule',
                'verbose_name_plural': 'message rules',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'topic'), name='message_rule_once_per_topic'), models.CheckConstraint(condition=models.Q(('topic', ''), _negated=True), name='message_rule_is_about_something')],
            },
        ),
        migrations.CreateModel(
            name='OneTimeCode',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('generation', models.PositiveIntegerField()),
                ('channel', models.CharField(choices=[('email', 'e-mail'), ('sms', 'SMS')], default='email', max_length=8)),
                ('asked_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='portal.accesslink')),
            ],
            options={
                'verbose_name': 'one-time code',
                'verbose_name_plural': 'one-time codes',
                'indexes': [models.Index(fields=['link', 'asked_at'], name='code_by_link')],
                'constraints': [models.CheckConstraint(condition=models.Q(('tries__lte', 5)), name='code_tried_five_times_at_most'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('asked_at'))), name='code_ends_after_it_began'), models.CheckConstraint(condition=models.Q(('used_at__isnull', True), ('tries__gte', 1), _connector='OR'), name='code_used_was_tried')],
            },
        ),
        migrations.CreateModel(
            name='Repeatable',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField()),
                ('answer', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='repeatable_by_age')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'key'), name='repeatable_key_once_per_merchant')],
            },
        ),
        migrations.CreateModel(
            name='ShiftLink',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('generation', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='how often its PIN was typed')),
                ('device_digest', models.CharField(blank=True, default='', max_length=64)),
                ('bound_at', models.DateTimeField(null=True)),
                ('shift', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.shift')),
            ],
            options={
                'verbose_name': 'shift link',
                'verbose_name_plural': 'shift links',
                'constraints': [models.CheckConstraint(condition=models.Q(('generation__gte', 1)), name='shift_link_generation_from_1'), models.CheckConstraint(condition=models.Q(('tries__lte', 5)), name='shift_pin_tried_five_times'), models.CheckConstraint(condition=models.Q(models.Q(('bound_at__isnull', True), ('device_digest', '')), models.Q(models.Q(('device_digest', ''), _negated=True), ('bound_at__isnull', False), ('tries__gte', 1)), _connector='OR'), name='shift_link_bound_by_its_pin')],
            },
        ),
        migrations.CreateModel(
            name='ParcelScan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('barcode', models.CharField(max_length=64)),
                ('scanned_at', models.DateTimeField()),
                ('parcel', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.parcel')),
                ('route', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.route')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scans', to='portal.shiftlink')),
            ],
            options={
                'verbose_name': 'scanned parcel',
                'verbose_name_plural': 'scanned parcels',
                'constraints': [models.UniqueConstraint(fields=('route', 'barcode'), name='barcode_scanned_once_per_route'), models.CheckConstraint(condition=models.Q(('barcode', ''), _negated=True), name='scan_has_a_barcode')],
            },
        ),
        migrations.CreateModel(
            name='DriverAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(unique=True)),
                ('kind', models.CharField(choices=[('scan', 'scanned a parcel'), ('start', 'left'), ('arrive', 'arrived'), ('hand_over', 'handed over'), ('collect', 'collected'), ('not_possible', 'not possible'), ('refuse', 'refused at the door'), ('late', 'running late'), ('pause', 'paused'), ('resume', 'drives on'), ('finish', 'finished')], max_length=12)),
                ('happened_at', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('status', models.PositiveSmallIntegerField(default=200)),
                ('code', models.CharField(blank=True, default='', max_length=40)),
                ('sentence', models.CharField(blank=True, default='', max_length=400)),
                ('aside', models.CharField(blank=True, choices=[('', 'as planned'), ('missing', 'left without parcels'), ('elsewhere', 'the stop was another vehicle’s by then'), ('twice', 'the stop was over already'), ('refused', 'it could not be taken')], default='', max_length=12)),
                ('route', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.route')),
                ('stop', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.stop')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='acts', to='portal.shiftlink')),
            ],
            options={
                'verbose_name': 'driver’s act',
                'verbose_name_plural': 'drivers’ acts',
                'indexes': [models.Index(fields=['link', 'received_at'], name='act_by_link')],
                'constraints': [models.CheckConstraint(condition=models.Q(('happened_at__lte', models.F('received_at'))), name='act_happened_before_we_heard'), models.CheckConstraint(condition=models.Q(('kind__in', ['scan', 'start', 'arrive', 'hand_over', 'collect', 'not_possible', 'refuse', 'late', 'pause', 'resume', 'finish'])), name='act_kind_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('code', ''), ('status', 200)), models.Q(('status__gte', 400), models.Q(('code', ''), _negated=True)), _connector='OR'), name='act_refused_says_why')],
            },
        ),
        migrations.CreateModel(
            name='Silence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'e-mail'), ('sms', 'SMS')], max_length=8)),
                ('mark', models.CharField(max_length=64, unique=True)),
                ('since_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'silence',
                'verbose_name_plural': 'silences',
                'constraints': [models.CheckConstraint(condition=models.Q(('mark', ''), _negated=True), name='silence_is_somebodys')],
            },
        ),
        migrations.CreateModel(
            name='TellingHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quiet_from', models.TimeField(blank=True, default=datetime.time(21, 0), null=True, verbose_name='SMS that can wait do so from')),
                ('quiet_until', models.TimeField(blank=True, default=datetime.time(8, 0), null=True, verbose_name='until')),
                ('reminds_at', models.TimeField(default=datetime.time(17, 0), verbose_name="we remind of tomorrow's delivery at")),
                ('merchant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
            ],
            options={
                'verbose_name': 'hours of messages',
                'verbose_name_plural': 'hours of messages',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_until__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False), models.Q(('quiet_from', models.F('quiet_until')), _negated=True)), _connector='OR'), name='telling_quiet_hours_begin_and_end')],
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('url', models.CharField(max_length=500, verbose_name='address')),
                ('kinds', models.JSONField(blank=True, default=list, verbose_name='what it is told of; nothing: all')),
                ('state', models.CharField(choices=[('live', 'live'), ('paused', 'paused'), ('disabled', 'disabled')], default='live', max_length=8)),
                ('why', models.CharField(blank=True, choices=[('asked', 'You paused it.'), ('silent', 'It took nothing for a day.'), ('gone', 'It answered that it is gone (410).')], max_length=8)),
                ('generation', models.PositiveIntegerField(default=1)),
                ('previous_until', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=80)),
                ('last_tried_at', models.DateTimeField(blank=True, null=True)),
                ('last_success_at', models.DateTimeField(blank=True, null=True)),
                ('failing_since', models.DateTimeField(blank=True, null=True)),
                ('unanswered', models.PositiveIntegerField(default=0, verbose_name='tries in a row without any answer')),
                ('rests_until', models.DateTimeField(blank=True, null=True)),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
            ],
            options={
                'verbose_name': 'webhook endpoint',
                'verbose_name_plural': 'webhook endpoints',
                'constraints': [models.CheckConstraint(condition=models.Q(('url', ''), _negated=True), name='endpoint_has_an_address'), models.CheckConstraint(condition=models.Q(('generation__gte', 1)), name='endpoint_secrets_from_1'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'live'), ('why', '')), models.Q(('state__in', ['paused', 'disabled']), models.Q(('why', ''), _negated=True)), _connector='OR'), name='endpoint_says_why_it_is_not_live')],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('sent', 'taken'), ('failed', 'given up')], default='queued', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('next_attempt_at', models.DateTimeField(null=True)),
                ('try_until', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='what it answered last')),
                ('error', models.CharField(blank=True, max_length=120)),
                ('took_ms', models.PositiveIntegerField(blank=True, null=True)),
                ('entry', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portal.feedentry')),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portal.webhookendpoint')),
            ],
            options={
                'verbose_name': 'webhook delivery',
                'verbose_name_plural': 'webhook deliveries',
                'indexes': [models.Index(condition=models.Q(('state', 'queued')), fields=['endpoint', 'next_attempt_at'], name='webhook_due'), models.Index(condition=models.Q(('state', 'queued')), fields=['try_until'], name='webhook_by_its_end')],
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'entry'), name='entry_once_per_endpoint'), models.CheckConstraint(condition=models.Q(models.Q(('next_attempt_at__isnull', False), ('sent_at__isnull', True), ('state', 'queued')), models.Q(('next_attempt_at__isnull', True), ('sent_at__isnull', False), ('state', 'sent')), models.Q(('next_attempt_at__isnull', True), ('sent_at__isnull', True), ('state', 'failed')), _connector='OR'), name='webhook_state_and_times_agree')],
            },
        ),
        migrations.CreateModel(
            name='Widget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origins', models.JSONField(blank=True, default=list, verbose_name='pages that may show it')),
                ('merchant', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
            ],
            options={
                'verbose_name': 'widget',
                'verbose_name_plural': 'widgets',
            },
        ),
        migrations.CreateModel(
            name='WidgetSession',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('origin', models.CharField(max_length=200)),
                ('size', models.JSONField(default=dict)),
                ('requirements', models.JSONField(default=list)),
                ('door', models.JSONField(default=dict)),
                ('typed', models.JSONField(default=dict)),
                ('answer', models.JSONField(null=True)),
                ('place', models.JSONField(null=True)),
                ('shopper', models.CharField(blank=True, max_length=40)),
                ('order_number', models.CharField(blank=True, max_length=64)),
                ('locale', models.CharField(blank=True, max_length=35)),
                ('hold', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=80)),
                ('ends_at', models.DateTimeField()),
                ('key', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portal.apikey')),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='scheduling.merchant')),
            ],
            options={
                'indexes': [models.Index(fields=['ends_at'], name='widget_session_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(('origin', ''), _negated=True), name='widget_session_has_an_origin'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('created_at'))), name='widget_session_lasts'), models.CheckConstraint(condition=models.Q(('key__isnull', True), ('shopper', ''), _connector='OR'), name='widget_session_in_public_names_nobody')],
            },
        ),
    ]
