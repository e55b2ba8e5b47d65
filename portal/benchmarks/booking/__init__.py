"""`manage.py benchmark booking`: what scored times are worth on given instances, policy against policy."""
