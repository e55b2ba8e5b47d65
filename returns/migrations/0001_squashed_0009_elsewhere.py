import django.db.models.deletion
import django.db.models.expressions
import functools
import phonenumber_field.modelfields
import scheduling.models.orders
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('returns', '0001_initial'), ('returns', '0002_drafts'), ('returns', '0003_pickup_kind'), ('returns', '0004_refunds'), ('returns', '0005_refund_told'), ('returns', '0006_the_desk'), ('returns', '0007_statements_are_answered'), ('returns', '0008_swapped_at_the_door'), ('returns', '0009_elsewhere')]

    initial = True

    dependencies = [
        ('scheduling', '0001_squashed_0032_exchanges'),
    ]

    operations = [
        migrations.CreateModel(
            name='PolicyVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('rules', models.JSONField(default=list)),
                ('collection_offered_by_trader', models.BooleanField(default=True)),
                ('made_at', models.DateTimeField()),
                ('made_by', models.CharField(max_length=80)),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='policy_versions', to='scheduling.merchant')),
            ],
            options={
                'ordering': ['merchant', '-number'],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'number'), name='policy_version_once'), models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='policy_versions_from_1')],
            },
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('amount_minor', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('state', models.CharField(choices=[('submitting', 'being sent'), ('pending', 'on its way'), ('succeeded', 'paid back'), ('staff', 'waits for somebody of the shop'), ('by_hand', 'paid back by hand')], default='submitting', max_length=10)),
                ('stripe_id', models.CharField(blank=True, max_length=120)),
                ('why', models.CharField(blank=True, max_length=300, verbose_name='what was said of it')),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('broken', models.PositiveSmallIntegerField(default=0, verbose_name='how often Stripe broke over this key')),
                ('renewed', models.PositiveSmallIntegerField(default=0, verbose_name='keys given up, nothing made with them')),
                ('next_attempt_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField()),
                ('first_sent_at', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
                ('by', models.CharField(blank=True, max_length=80, verbose_name='who paid by hand')),
                ('payment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='scheduling.orderpayment')),
            ],
            options={
                'ordering': ['of', 'created_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor__gte', 1)), name='refund_is_something'), models.CheckConstraint(condition=models.Q(('payment__isnull', False), ('state__in', ['staff', 'by_hand']), _connector='OR'), name='refund_without_payment_is_staffs'), models.CheckConstraint(condition=models.Q(('state__in', ['submitting', 'pending', 'succeeded', 'staff', 'by_hand'])), name='refund_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['pending', 'succeeded']), _negated=True), models.Q(('stripe_id', ''), _negated=True), _connector='OR'), name='refund_taken_is_named'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'by_hand'), _negated=True), models.Q(models.Q(('by', ''), _negated=True), models.Q(('why', ''), _negated=True)), _connector='OR'), name='refund_by_hand_says_who_and_why'), models.CheckConstraint(condition=models.Q(('settled_at__isnull', False), models.Q(('state__in', ['succeeded', 'by_hand']), _negated=True), _connector='OR'), name='refund_paid_says_when'), models.UniqueConstraint(condition=models.Q(('stripe_id', ''), _negated=True), fields=('stripe_id',), name='refund_named_by_stripe_once')],
            },
        ),
        migrations.CreateModel(
            name='RefundFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=120, verbose_name='Stripe’s name of it, or ours')),
                ('what', models.CharField(choices=[('twice', 'Stripe paid this refund more than once'), ('amount', 'Stripe paid another amount'), ('unknown', 'Stripe paid a refund that we know nothing of'), ('missing', 'Stripe knows nothing of a refund that counts as paid')], max_length=8)),
                ('found_at', models.DateTimeField()),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refund_faults', to='scheduling.merchant')),
                ('refund', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='faults', to='returns.refund')),
            ],
            options={
                'ordering': ['merchant', '-found_at'],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'subject', 'what'), name='refund_fault_once')],
            },
        ),
        migrations.CreateModel(
            name='Return',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(default=functools.partial(scheduling.models.orders.new_ref, *(10,), **{}), max_length=16, unique=True)),
                ('kind', models.CharField(choices=[('policy', 'by the shop’s rules'), ('withdrawal', 'withdrawn from the contract'), ('at_door', 'not taken at the door')], default='policy', max_length=10)),
                ('parcel', models.CharField(choices=[('draft', 'being chosen'), ('dropped', 'never sent off'), ('requested', 'asked for'), ('approved', 'may come back'), ('rejected', 'not accepted'), ('booked', 'a pickup is booked'), ('collected', 'collected'), ('handed_in', 'handed in at a point'), ('received', 'arrived'), ('kept', 'kept by its customer'), ('cancelled', 'called off')], default='draft', max_length=10)),
                ('inspection', models.CharField(choices=[('waiting', 'not looked at yet'), ('done', 'looked at'), ('unneeded', 'nothing to look at')], default='waiting', max_length=8)),
                ('money', models.CharField(choices=[('open', 'not decided yet'), ('nothing', 'nothing to pay back'), ('due', 'to be paid back'), ('staff', 'waits for somebody of the shop'), ('paid', 'paid back')], default='open', max_length=8)),
                ('version', models.PositiveIntegerField(default=1)),
                ('method', models.CharField(blank=True, choices=[('pickup', 'We pick it up'), ('swap', 'We swap it at your door'), ('dropoff', 'You bring it to a point near you'), ('none', 'Nothing has to travel')], max_length=8)),
                ('fee_minor', models.PositiveIntegerField(default=0)),
                ('delivery_minor', models.PositiveIntegerField(default=0, verbose_name='of what bringing it cost, given back')),
                ('currency', models.CharField(max_length=3)),
                ('pickup_kind', models.CharField(choices=[('boxed', 'In a box, ready to go'), ('labelless', 'Without a box or a label: the driver brings both'), ('bulky', 'Large or heavy: two people carry it')], db_default='boxed', default='boxed', max_length=10, verbose_name='how it is packed for whoever fetches it')),
                ('contact_name', models.CharField(blank=True, max_length=120)),
                ('contact_email', models.EmailField(blank=True, max_length=254)),
                ('contact_phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None)),
                ('language', models.CharField(default='en', max_length=16)),
                ('refund_due_at', models.DateTimeField(null=True, verbose_name='by when the law wants the money back')),
                ('refund_told_at', models.DateTimeField(null=True, verbose_name='when its shop was reminded of that')),
                ('created_at', models.DateTimeField()),
                ('requested_at', models.DateTimeField(null=True)),
                ('collected_at', models.DateTimeField(null=True, verbose_name='when it left its customer')),
                ('received_at', models.DateTimeField(null=True)),
                ('inspected_at', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(null=True, verbose_name='when the money was paid, or nothing was to be')),
                ('closed_at', models.DateTimeField(null=True)),
                ('erased_at', models.DateTimeField(null=True)),
                ('delivery', models.ForeignKey(help_text='what brought it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='scheduling.delivery')),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='scheduling.merchant')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='scheduling.order')),
                ('pickup', models.OneToOneField(help_text='what fetches it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pickup_of', to='scheduling.delivery')),
                ('point', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='scheduling.pickuppoint')),
                ('policy', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='returns.policyversion')),
                ('swap', models.OneToOneField(help_text='what is brought for it, by the visit that fetches it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='swap_of', to='scheduling.delivery')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('parcel', 'draft')), fields=('order', 'delivery'), name='return_chosen_once'), models.CheckConstraint(condition=models.Q(('parcel__in', ['draft', 'dropped', 'requested', 'rejected', 'approved', 'booked', 'collected', 'handed_in', 'received', 'kept', 'cancelled'])), name='return_parcel_is_known'), models.CheckConstraint(condition=models.Q(('inspection__in', ['waiting', 'done', 'unneeded'])), name='return_inspection_is_known'), models.CheckConstraint(condition=models.Q(('money__in', ['open', 'nothing', 'due', 'staff', 'paid'])), name='return_money_is_known'), models.CheckConstraint(condition=models.Q(('parcel__in', ['draft', 'dropped']), ('requested_at__isnull', False), _connector='OR'), name='return_was_requested_at'), models.CheckConstraint(condition=models.Q(models.Q(('parcel', 'booked'), _negated=True), ('pickup__isnull', False), _connector='OR'), name='booked_return_has_a_pickup'), models.CheckConstraint(condition=models.Q(('swap__isnull', True), models.Q(('pickup__isnull', False), ('swap', models.F('pickup'))), _connector='OR'), name='return_is_swapped_by_one_visit'), models.CheckConstraint(condition=models.Q(('pickup_kind__in', {'boxed': 'In a box, ready to go', 'bulky': 'Large or heavy: two people carry it', 'labelless': 'Without a box or a label: the driver brings both'})), name='return_pickup_kind_is_known'), models.CheckConstraint(condition=models.Q(('currency', ''), _negated=True), name='return_has_a_currency'), models.CheckConstraint(condition=models.Q(('erased_at__isnull', True), models.Q(('contact_email', ''), ('contact_name', ''), ('contact_phone', '')), _connector='OR'), name='erased_return_names_nobody')],
            },
        ),
        migrations.AddField(
            model_name='refund',
            name='of',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='returns.return'),
        ),
        migrations.CreateModel(
            name='ReturnItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField()),
                ('reason', models.CharField(blank=True, choices=[('too_small', 'It is too small'), ('too_large', 'It is too large'), ('not_as_described', 'It is not as it was described'), ('wrong_item', 'I got something else'), ('damaged', 'It came damaged'), ('faulty', 'It does not work'), ('late', 'It came too late'), ('changed_mind', 'I changed my mind'), ('other', 'Another reason')], max_length=20)),
                ('comment', models.CharField(blank=True, max_length=500)),
                ('condition', models.CharField(blank=True, choices=[('unopened', 'Not opened'), ('opened', 'Opened, not used'), ('used', 'Used'), ('damaged', 'Damaged')], max_length=10)),
                ('resolution', models.CharField(choices=[('refund', 'Money back'), ('exchange', 'Another size or colour'), ('replacement', 'The same again'), ('credit', 'A credit with the shop'), ('keep', 'Keep it')], default='refund', max_length=12)),
                ('wanted_sku', models.CharField(blank=True, max_length=80, verbose_name='the variant wanted instead')),
                ('rule', models.CharField(blank=True, max_length=80, verbose_name='the rule that decided')),
                ('value_minor', models.PositiveIntegerField(default=0)),
                ('collected', models.PositiveIntegerField(null=True)),
                ('received', models.PositiveIntegerField(null=True)),
                ('accepted', models.PositiveIntegerField(null=True)),
                ('rejected', models.PositiveIntegerField(null=True)),
                ('elsewhere', models.PositiveIntegerField(db_default=0, default=0, verbose_name='of these, what another return is for by now')),
                ('exception', models.CharField(blank=True, choices=[('empty_box', 'The box was empty'), ('wrong_item', 'Something else was in it'), ('not_announced', 'Nobody announced it')], max_length=16)),
                ('grade', models.CharField(blank=True, choices=[('as_new', 'As new'), ('good', 'Good, opened'), ('worn', 'Worn'), ('broken', 'Broken')], max_length=10)),
                ('deduction_minor', models.PositiveIntegerField(default=0)),
                ('deduction_reason', models.CharField(blank=True, max_length=200)),
                ('disposition', models.CharField(blank=True, choices=[('stock', 'Back to stock'), ('refurbish', 'Refurbish'), ('resale', 'Sell as used'), ('recycle', 'Recycle'), ('donate', 'Give away'), ('dispose', 'Throw away')], max_length=10)),
                ('exchange_minor', models.PositiveIntegerField(null=True, verbose_name='what is sent for it costs, all of it')),
                ('refund_minor', models.PositiveIntegerField(null=True)),
                ('inspected_at', models.DateTimeField(null=True)),
                ('on_sale_at', models.DateTimeField(null=True)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='returned', to='scheduling.orderitem')),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='returns.return')),
            ],
            options={
                'ordering': ['of', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('of', 'item'), name='return_names_an_item_once'), models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='return_item_is_one_at_least'), models.CheckConstraint(condition=models.Q(('elsewhere__lte', models.F('quantity'))), name='return_item_is_elsewhere_at_most_whole'), models.CheckConstraint(condition=models.Q(('refund_minor__isnull', True), ('refund_minor__lte', models.F('value_minor')), _connector='OR'), name='return_item_refunds_its_value_at_most'), models.CheckConstraint(condition=models.Q(('accepted__isnull', True), models.Q(('received__gte', django.db.models.expressions.CombinedExpression(models.F('accepted'), '+', models.F('rejected'))), ('rejected__isnull', False)), _connector='OR'), name='return_decides_about_what_arrived'), models.CheckConstraint(condition=models.Q(('accepted__isnull', True), ('accepted__lte', models.F('quantity')), _connector='OR'), name='return_accepts_what_was_announced'), models.CheckConstraint(condition=models.Q(('deduction_minor', 0), models.Q(('deduction_reason', ''), _negated=True), _connector='OR'), name='return_deduction_says_why')],
            },
        ),
        migrations.CreateModel(
            name='ReturnPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('taken', models.CharField(choices=[('customer', 'by its customer'), ('driver', 'by the driver'), ('desk', 'at the desk')], max_length=8)),
                ('file', models.CharField(max_length=80)),
                ('added_at', models.DateTimeField()),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='photos', to='returns.returnitem')),
            ],
            options={
                'ordering': ['of', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='StoreCredit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=20, unique=True)),
                ('amount_minor', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('issued_at', models.DateTimeField()),
                ('of', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='credit', to='returns.return')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_minor__gte', 1)), name='credit_is_something')],
            },
        ),
        migrations.CreateModel(
            name='StripeAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed_key', models.TextField()),
                ('sealed_secret', models.TextField(blank=True)),
                ('key_hint', models.CharField(max_length=8, verbose_name='its last four signs')),
                ('refused_at', models.DateTimeField(null=True, verbose_name='since when Stripe does not take the key')),
                ('reconciled_at', models.DateTimeField(null=True)),
                ('made_at', models.DateTimeField()),
                ('made_by', models.CharField(max_length=80)),
                ('merchant', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='stripe_account', to='scheduling.merchant')),
            ],
        ),
        migrations.CreateModel(
            name='StripeEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.CharField(max_length=120)),
                ('kind', models.CharField(max_length=80)),
                ('received_at', models.DateTimeField()),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.merchant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('merchant', 'event_id'), name='stripe_event_once_a_shop')],
            },
        ),
        migrations.CreateModel(
            name='Withdrawal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('order_number', models.CharField(max_length=64)),
                ('email', models.EmailField(max_length=254)),
                ('content', models.TextField(max_length=2000)),
                ('stated_at', models.DateTimeField()),
                ('unmatched_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('answered_by', models.CharField(blank=True, max_length=40)),
                ('answer', models.CharField(blank=True, max_length=200)),
                ('erased_at', models.DateTimeField(null=True)),
                ('merchant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='withdrawals', to='scheduling.merchant')),
                ('of', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='withdrawal', to='returns.return')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('erased_at__isnull', True), models.Q(('content', ''), ('email', ''), ('name', '')), _connector='OR'), name='erased_withdrawal_names_nobody'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at__isnull', True), ('answered_by', '')), models.Q(('answered_at__isnull', False), ('of__isnull', True)), _connector='OR'), name='withdrawal_is_answered_or_led_on')],
            },
        ),
    ]
