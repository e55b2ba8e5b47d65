#!/bin/sh
# manage.py with the variables that the units have, run as the user that they run as:
#   sudo -u doorstep deploy/manage.sh createsuperuser
set -eu
cd "$(dirname "$0")/.."
set -a
. "${DOORSTEP_ENV:-/etc/doorstep/doorstep.env}"
set +a
exec .venv/bin/python manage.py "$@"
