"""Every setting, in one file. Secrets and switches come from the environment and are checked here, at start.

There are four ways to run, told apart by the environment alone:

- production: the default. It does not start before it is told its secrets, hosts, mail server and Redis.
- DEBUG=1: a developer's own machine. SQLite, mails on the console, no secrets needed.
- DOORSTEP_DEMO=1: the demo, set by `make demo` only. As DEBUG, plus `/demo/` and a clock that can be moved.
- DOORSTEP_TEST=1: a test run, set by tests/servers.py only.

Each variable is explained in docs/operations.md; a test fails when one is missing there.
"""

import base64
import os
import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env
from redis.backoff import NoBackoff
from redis.retry import Retry
from whitenoise.compress import Compressor

BASE_DIR = Path(__file__).resolve().parent.parent
T = TypeVar("T")
MAIL_SCHEMES = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}

env = Env()
problems: list[str] = []


def read(
    reader: Callable[[str], T], name: str, default: T, sentence: str, check: Callable[[T], bool] | None = None
) -> T:
    """Return what `name` says, or `default` where it is empty; note `sentence` where it makes no sense.

    The value itself is never repeated in a sentence: it may be a secret.
    """
    if not os.environ.get(name, "").strip():
        return default
    try:
        value = reader(name)
        if check is None or check(value):
            return value
    except ValueError:  # environs' own errors are ValueErrors too
        pass
    problems.append(f"{name}: {sentence}")
    return default


def flag(name: str) -> bool:
    """Return a switch, off when empty."""
    return read(env.bool, name, False, "say 1 for on or 0 for off.")


def number(name: str, default: int, least: int, most: int) -> int:
    """Return a whole number between `least` and `most`, both included."""
    sentence = f"give a whole number from {least} to {most}."
    return read(env.int, name, default, sentence, lambda value: least <= value <= most)


def require(condition: object, sentence: str) -> None:
    """Note `sentence` unless `condition` holds."""
    if not condition:
        problems.append(sentence)


def is_http(address: str) -> bool:
    """Whether `address` is a whole http or https address."""
    parts = urlsplit(address)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


# How we run

DEMO = flag("DOORSTEP_DEMO")
TESTING = flag("DOORSTEP_TEST")
DEBUG = flag("DEBUG") and not DEMO and not TESTING
PRODUCTION = not (DEMO or TESTING or DEBUG)
HTTPS = PRODUCTION

# Secrets and hosts

SECRET_KEY = env.str("SECRET_KEY", "")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", [])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
PUBLIC_URL = read(
    env.str, "PUBLIC_URL", "", "give the portal's address, such as https://times.example.org.", is_http
)
if PRODUCTION:
    require(
        len(SECRET_KEY) >= 50,
        "SECRET_KEY: give at least 50 random characters and keep them: they sign links and offers. "
        "(On your own machine set DEBUG=1 instead.)",
    )
    require(ALLOWED_HOSTS, "ALLOWED_HOSTS: name the hosts that this portal answers for, separated by commas.")
    require(
        "*" not in ALLOWED_HOSTS,
        "ALLOWED_HOSTS: name the hosts; * would let anyone forge the links in mails.",
    )
    require(
        PUBLIC_URL.startswith("https://"),
        "PUBLIC_URL: give the portal's https address, such as https://times.example.org. "
        "Links in mails begin with it.",
    )
elif not SECRET_KEY:
    SECRET_KEY = "not-a-secret-" * 5
if not PRODUCTION and not ALLOWED_HOSTS:
    ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
if DEMO:
    require(
        all(is_loopback(host) or host == "testserver" for host in ALLOWED_HOSTS),
        "ALLOWED_HOSTS: the demo has open sign-ins, so it answers this machine only. Leave it empty.",
    )
    require(
        not os.environ.get("DATABASE_URL", "").strip(),
        "DATABASE_URL: the demo moves its own clock and starts over, so it needs a database of its own. "
        "Leave DATABASE_URL empty.",
    )
PUBLIC_URL = PUBLIC_URL.rstrip("/") or "http://127.0.0.1:8000"
# How many proxies of ours stand in front: so many entries at the right of X-Forwarded-For are true.
TRUSTED_PROXY_HOPS = number("TRUSTED_PROXY_HOPS", 0, 0, 5)

# Access codes: their keys, newest first, and how long they are kept


def read_keys(name: str) -> list[tuple[str, bytes]]:
    """Return the ring of keys that `name` gives as id:base64, each 32 bytes; ValueError if one is not so."""
    given: list[str] = env.list(name)
    ring = [(part.partition(":")[0].strip(), part.partition(":")[2].strip()) for part in given]
    keys = [(key_id, base64.b64decode(key, altchars=b"-_")) for key_id, key in ring]
    good = all(re.fullmatch(r"[A-Za-z0-9_-]{1,16}", key_id) and len(key) == 32 for key_id, key in keys)
    if not good or len(dict(keys)) != len(keys):
        raise ValueError(name)
    return keys


def key_ring(name: str, *, what: str, without: str) -> list[tuple[str, bytes]]:
    """Return a ring of keys, newest first; production must give one, elsewhere one is made up."""
    keys: list[tuple[str, bytes]] = read(
        read_keys,
        name,
        [],
        "give one or more keys as id:key, comma-separated, newest first; each key 32 random bytes in base64, "
        "each id another one of up to 16 letters and digits.",
    )
    if PRODUCTION:
        require(
            os.environ.get(name, "").strip(),
            f"{name}: give at least one key {what}, such as 2026a:<32 random bytes in base64>, and keep it: "
            f"without it nobody can {without}.",
        )
        return keys
    return keys or [("made-up", b"no secret, for trying things out")]


ACCESS_KEYS = key_ring("ACCESS_KEYS", what="for customers' gate codes", without="read them")
ACCESS_CODES_KEPT_H = number("ACCESS_CODES_KEPT_H", 24, 0, 24)

# What signs what happened at doors, newest first, and how long photos and signatures of it are kept

PROOF_KEYS = key_ring(
    "PROOF_KEYS", what="that signs proofs of delivery", without="tell whether they were altered"
)
PROOF_DAYS = number("PROOF_DAYS", 180, 0, 3_650)

# What we are made of

INSTALLED_APPS = [
    "portal",
    "returns",
    "scheduling",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "js_lib_leaflet",
    "phonenumber_field",
]
if DEMO:
    INSTALLED_APPS.insert(0, "portal.demo")

MIDDLEWARE = [
    "portal.health.probes",
    "portal.middleware.watched",
    "django.middleware.security.SecurityMiddleware",
    "portal.polls.polls",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.private_by_default",
    "portal.api.headers.answers",
    "portal.middleware.Refusals",
    "portal.limits.Limits",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
AUTH_USER_MODEL = "portal.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "staff"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Rows

# An opening hour in a model is meant as it stands; Django warns of each for the ten seconds a day around it.
SILENCED_SYSTEM_CHECKS = ["fields.W161"]
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": env.str("SQLITE_FILE", "")
        or str(BASE_DIR / ("demo.sqlite3" if DEMO else "doorstep.sqlite3")),
        "OPTIONS": {
            # A write transaction takes its lock when it begins. With the default, at its first write, eight
            # threads booking at once met "database is locked" 310 times in 400; this way, never.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # The portal asks more different questions than the 128 that a connection keeps compiled.
            "cached_statements": 1024,
            # A booking that we confirmed survives a power cut: FULL, not the NORMAL usual beside WAL.
            # What was erased is overwritten in the file, not only given up: builds of SQLite differ in that.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
        },
        # Opening the file with its pragmas takes longer than most queries, so each thread keeps it open.
        # Elsewhere not: the demo starts over with a new file, and so may a developer.
        "CONN_MAX_AGE": 60 if PRODUCTION else 0,
    },
}
STATEMENT_TIMEOUT_S = number("STATEMENT_TIMEOUT_S", 15, 0, 86_400)
SESSION = {
    # Row locks are written for READ COMMITTED. Who waits 3 s is told to try again.
    "default_transaction_isolation": "read\\ committed",
    "lock_timeout": 3_000,
    "statement_timeout": STATEMENT_TIMEOUT_S * 1_000,
    "idle_in_transaction_session_timeout": 30_000,
}
given_database: dict[str, Any] = read(
    env.dj_db_url,
    "DATABASE_URL",
    {},
    "give an address such as postgres://user:password@host:5432/doorstep, or leave it empty for SQLite.",
    lambda value: value["ENGINE"] == "django.db.backends.postgresql",
)
if given_database:
    DATABASES["default"] = given_database | {
        "CONN_MAX_AGE": 0 if TESTING else 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 3, "tcp_user_timeout": 10_000, "keepalives_idle": 30}
        | given_database.get("OPTIONS", {})
        | {"options": " ".join(f"-c {name}={value}" for name, value in SESSION.items())},
    }

# Cache and queue: in this process, or in Redis when there are several

REDIS_URL = read(
    env.str,
    "REDIS_URL",
    "",
    "give an address such as redis://127.0.0.1:6379/0, or leave it empty where one process does all.",
    lambda value: urlsplit(value).scheme in {"redis", "rediss"},
)
WEB_CONCURRENCY = number("WEB_CONCURRENCY", 1, 1, 64)
WEB_THREADS = number("WEB_THREADS", 8, 1, 64)
# Quotes may be so far behind a change of what is sold; holds and bookings are not.
SET_UP_KEPT_S = number("SET_UP_KEPT_S", 10 if PRODUCTION else 0, 0, 60)
# Vehicles are being loaded by then: what was booked stays on its vehicle.
LOCK_BEFORE_MINUTES = number("LOCK_BEFORE_MINUTES", 45, 0, 24 * 60)
# Whoever is expected so long after their promise is told, and asked what is to happen.
LATE_TOLERANCE_MINUTES = number("LATE_TOLERANCE_MINUTES", 10, 0, 240)
# Near where a driver begins the day nothing is kept of where they are: it may be their home.
HIDDEN_NEAR_START_M = number("HIDDEN_NEAR_START_M", 300, 0, 50_000)
# Each keeps one process of a worker busy for seconds.
SOLVERS_AT_ONCE = number("SOLVERS_AT_ONCE", 1, 0, 64)
if PRODUCTION:
    require(
        REDIS_URL,
        "REDIS_URL: web and worker are separate processes and share a cache and a queue. Give them a Redis, "
        "such as redis://127.0.0.1:6379/0.",
    )
elif WEB_CONCURRENCY > 1:
    require(
        REDIS_URL,
        "REDIS_URL: WEB_CONCURRENCY asks for several processes, and they share a cache. Give them a Redis.",
    )
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "portal.caching.ForgivingRedisCache",
            "LOCATION": REDIS_URL,
            # Tried once: the client's own patience of many seconds would be the visitor's.
            "OPTIONS": {
                "socket_connect_timeout": 0.5,
                "socket_timeout": 0.5,
                "retry": Retry(NoBackoff(), 0),
            },
        }
    }

CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 110
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # however long the broker is away
CELERY_TIMEZONE = "UTC"
# A worker killed whole gives its tasks back after the visibility timeout; throttle 1 looks at every chance.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 300,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 1,
        "socket_timeout": 10,
        "socket_keepalive": True,
    }
    if REDIS_URL
    else {"polling_interval": 0.05}
)

RELAY_LAG_LIMIT_S = number("RELAY_LAG_LIMIT_S", 60, 1, 86_400)

# Mail

given_mail = urlsplit(
    read(
        env.str,
        "EMAIL_URL",
        "",
        "give your mail server as smtp+tls://user:password@host:587 (or smtp+ssl://...:465, or smtp://host:25).",
        lambda value: urlsplit(value).scheme in MAIL_SCHEMES and bool(urlsplit(value).hostname),
    )
)
# Or a mail service’s own API, through anymail: what each calls its key there.
MAIL_SERVICES = {
    "brevo": "API_KEY",
    "mailgun": "API_KEY",
    "postmark": "SERVER_TOKEN",
    "resend": "API_KEY",
    "sparkpost": "API_KEY",
}
EMAIL_SERVICE = read(
    env.str,
    "EMAIL_SERVICE",
    "",
    f"say {', '.join(MAIL_SERVICES)}, or leave it empty for a mail server.",
    lambda value: value in MAIL_SERVICES,
)
EMAIL_SERVICE_KEY = env.str("EMAIL_SERVICE_KEY", "")
EMAIL_SERVICE_URL = read(
    env.str,
    "EMAIL_SERVICE_URL",
    "",
    "give the whole address of the service’s API where it is not the usual one, or leave it empty.",
    is_http,
)
if EMAIL_SERVICE:
    require(EMAIL_SERVICE_KEY, f"EMAIL_SERVICE_KEY: {EMAIL_SERVICE} asks for the key of your account.")
    require(not given_mail.hostname, "EMAIL_URL: mails leave one way. Leave it empty, or EMAIL_SERVICE.")
if PRODUCTION:
    require(
        os.environ.get("EMAIL_URL", "").strip() or EMAIL_SERVICE,
        "EMAIL_URL: give your mail server as smtp+tls://user:password@host:587. Else links land in logs.",
    )
    require(
        os.environ.get("FROM_EMAIL", "").strip(),
        "FROM_EMAIL: name the sender of mails, such as Deliveries <times@example.org>.",
    )
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if given_mail.hostname else 'console'}.EmailBackend"
EMAIL_HOST = given_mail.hostname or "localhost"
EMAIL_PORT = given_mail.port or MAIL_SCHEMES.get(given_mail.scheme, 25)
EMAIL_HOST_USER = unquote(given_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(given_mail.password or "")
EMAIL_USE_TLS = given_mail.scheme == "smtp+tls"
EMAIL_USE_SSL = given_mail.scheme == "smtp+ssl"
EMAIL_TIMEOUT = 8  # an outbox handler has 10 s
if EMAIL_SERVICE:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_SERVICE}.EmailBackend"
    ANYMAIL = {
        f"{EMAIL_SERVICE.upper()}_{MAIL_SERVICES[EMAIL_SERVICE]}": EMAIL_SERVICE_KEY,
        "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
    }
    if EMAIL_SERVICE_URL:
        ANYMAIL[f"{EMAIL_SERVICE.upper()}_API_URL"] = EMAIL_SERVICE_URL
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("FROM_EMAIL", "") or "Doorstep <deliveries@localhost>"

# A message that was not taken is tried again further and further apart: after so long at most.
MESSAGE_LONGEST_WAIT_S = number("MESSAGE_LONGEST_WAIT_S", 43_200, 1, 86_400)

# Texts: SMS, by Twilio. Without these nobody is sent one, and pages speak of mails alone

SMS_ACCOUNT = read(
    env.str,
    "SMS_ACCOUNT",
    "",
    "give your account’s SID at Twilio: AC and 32 signs, or leave it empty for no SMS.",
    lambda value: bool(re.fullmatch(r"AC[0-9a-fA-F]{32}", value)),
)
SMS_TOKEN = env.str("SMS_TOKEN", "")
SMS_FROM = read(
    env.str,
    "SMS_FROM",
    "",
    "give the number that SMS come from, such as +358401234567, a name of up to 11 letters and digits, "
    "or a messaging service’s SID.",
    lambda value: bool(
        re.fullmatch(r"\+[1-9]\d{6,14}|MG[0-9a-fA-F]{32}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", value)
    ),
)
SMS_API = read(
    env.str,
    "SMS_API",
    "",
    "give the whole address of what stands in for Twilio’s API, or leave it empty.",
    is_http,
)
SMS_TIMEOUT = 8
if any(os.environ.get(name, "").strip() for name in ("SMS_ACCOUNT", "SMS_TOKEN", "SMS_FROM")):
    for name in ("SMS_ACCOUNT", "SMS_TOKEN", "SMS_FROM"):
        require(
            os.environ.get(name, "").strip(),
            f"{name}: SMS need SMS_ACCOUNT, SMS_TOKEN and SMS_FROM. Give all three, or none for no SMS.",
        )
if not (DEMO or TESTING):
    require(not SMS_API, "SMS_API: only tests and the demo send SMS to something else. Leave it empty.")

# Webhooks

# Exact host:port pairs that may be told, over plain http too: receivers beside a test or the demo.
WEBHOOK_TEST_TARGETS: list[str] = env.list("WEBHOOK_TEST_TARGETS", [])
if not (DEMO or TESTING):
    require(
        not WEBHOOK_TEST_TARGETS,
        "WEBHOOK_TEST_TARGETS: only tests and the demo send to addresses inside. Leave it empty.",
    )
WEBHOOK_RETRY_H = number("WEBHOOK_RETRY_H", 72, 1, 720)
WEBHOOK_LONGEST_WAIT_S = number("WEBHOOK_LONGEST_WAIT_S", 4 * 3600, 1, 86_400)

# Money: each shop pays back with its own key at Stripe, kept with the shop

STRIPE_API_BASE = read(
    env.str,
    "STRIPE_API_BASE",
    "",
    "give the whole address of what stands in for Stripe’s API, or leave it empty.",
    is_http,
).rstrip("/")
if not (DEMO or TESTING):
    require(
        not STRIPE_API_BASE,
        "STRIPE_API_BASE: only tests and the demo pay at something else. Leave it empty.",
    )

# How long what says whose a delivery is, or where, is kept

DRAFT_ADDRESS_DAYS = number("DRAFT_ADDRESS_DAYS", 30, 0, 3_650)
CONTACT_DAYS = number("CONTACT_DAYS", 365, 0, 3_650)

# Words, times and numbers

USE_TZ = True
TIME_ZONE = "UTC"  # pages show times in the depot's zone, never in the server's
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
PHONENUMBER_DEFAULT_FORMAT = "E164"

# Files

STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", "") or (None if TESTING or DEMO else str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
# What customers sent, such as photos of a safe place. Never below a folder that anybody serves: a view does.
MEDIA_ROOT = env.str("MEDIA_ROOT", "") or str(
    (BASE_DIR if given_database else Path(str(DATABASES["default"]["NAME"])).parent) / "var" / "media"
)
# Outside production files come from where they lie: compressing them takes 10 s, too long for a demo's start.
WHITENOISE_USE_FINDERS = not PRODUCTION
# Maps of others' scripts too: much of what there is, and nobody asks for them but who mends those.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "portal.storage.NamedByDigest"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Maps and addresses

MAP_TILES_URL = read(
    env.str,
    "MAP_TILES_URL",
    "",
    "give a tile address such as https://tiles.example.org/{z}/{x}/{y}.png, or leave it empty.",
    lambda value: is_http(value) and all(part in value for part in ("{z}", "{x}", "{y}")),
)
MAP_ATTRIBUTION = env.str("MAP_ATTRIBUTION", "") or "© OpenStreetMap contributors"
GEOCODER = read(
    env.str,
    "GEOCODER",
    "gazetteer",
    "say gazetteer, nominatim, photon or pelias.",
    lambda value: value in {"gazetteer", "nominatim", "photon", "pelias"},
)
PICKUP_KEPT_DAYS = number("PICKUP_KEPT_DAYS", 7, 1, 90)
GAZETTEER_FILE = env.str("GAZETTEER_FILE", "")
GEOCODER_URL = read(
    env.str,
    "GEOCODER_URL",
    "",
    "give the geocoder's whole address, such as https://geocoder.example.org.",
    is_http,
)
GEOCODER_USER_AGENT = env.str("GEOCODER_USER_AGENT", "")
if GEOCODER in {"photon", "pelias"}:
    require(GEOCODER_URL, f"GEOCODER_URL: {GEOCODER} has no server of its own. Give the address of yours.")
if GEOCODER == "nominatim":
    require(
        GEOCODER_USER_AGENT,
        "GEOCODER_USER_AGENT: Nominatim's owners ask every application for its name and a contact, "
        "such as acme-delivery-times (maps@acme.example).",
    )
if GAZETTEER_FILE:
    require(Path(GAZETTEER_FILE).is_file(), "GAZETTEER_FILE: there is no such file.")

# What browsers may do

COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_ENGINE = "portal.sessions"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
CSRF_FAILURE_VIEW = "portal.http.csrf_failed"

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"  # pages behind a link say no-referrer themselves
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if TRUSTED_PROXY_HOPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The demo alone shows two of its own pages side by side.
FRAMES = [SELF] if DEMO else [NONE]
X_FRAME_OPTIONS = "SAMEORIGIN" if DEMO else "DENY"
tile_hosts = (
    ["{0.scheme}://{0.netloc}".format(urlsplit(MAP_TILES_URL.replace("{s}", "*")))] if MAP_TILES_URL else []
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *tile_hosts],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-src": FRAMES,
        "frame-ancestors": FRAMES,
    },
}

# How much and how often

REQUESTS_PER_MINUTE = number("REQUESTS_PER_MINUTE", 3_000, 0, 1_000_000)
API_REQUESTS_PER_MINUTE = number("API_REQUESTS_PER_MINUTE", 600, 1, 1_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 5

LOG_LEVEL = read(
    env.str,
    "LOG_LEVEL",
    "INFO",
    "say DEBUG, INFO, WARNING or ERROR.",
    lambda value: value in {"DEBUG", "INFO", "WARNING", "ERROR"},
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "portal.logs.Formatter", "for_machines": PRODUCTION}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},  # portal.request has a line for each request already
        "twilio.http_client": {"level": "WARNING"},  # would write down every request
        "gunicorn.http.wsgi": {"level": "ERROR"},  # warns at every HEAD that Django made a body for nothing
    },
}

# Counts, for Prometheus. Every process of one machine that serves them has a port of its own.
METRICS_PORT = number("METRICS_PORT", 0, 0, 65_535)
METRICS_HOST = env.str("METRICS_HOST", "") or "127.0.0.1"

if problems:
    raise ImproperlyConfigured("Doorstep can't start:\n" + "\n".join(f"- {problem}" for problem in problems))
