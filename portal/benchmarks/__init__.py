"""What things cost, measured: what `manage.py benchmark` runs. Nothing else imports it."""
