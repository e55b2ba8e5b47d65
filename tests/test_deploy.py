"""What lies in deploy/ fits the code: variables, commands, paths and limits that it names are there."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from portal.benchmarks.servers import LOOPBACK, answers, free_port, wait_until
from scheduling.services.changes import TURN_S
from tests.test_docs import variables_read
from tests.test_settings import PRODUCTION, load

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
assert callable(load)  # a fixture, used below


def text(name: str) -> str:
    return (DEPLOY / name).read_text()


def example() -> dict[str, str]:
    """The variables of the example, those that are commented out included."""
    found = re.findall(r"^#?([A-Z_]+)=(.*)$", text("doorstep.env.example"), re.MULTILINE)
    return {name: value.strip("'") for name, value in found}


def test_the_example_names_all_that_production_asks_for_and_nothing_unknown():
    assert set(PRODUCTION) <= set(example())
    assert set(example()) - variables_read() == {"POSTGRES_PASSWORD"}


KEYS = ("SECRET_KEY", "ACCESS_KEYS", "PROOF_KEYS")


def test_the_example_holds_no_secret():
    assert all(example()[name] == "" for name in (*KEYS, "EMAIL_URL", "POSTGRES_PASSWORD"))


def test_production_starts_with_the_example_filled_in(load):
    filled = example() | {name: PRODUCTION[name] for name in (*KEYS, "EMAIL_URL")}

    settings = load(**{name: value for name, value in filled.items() if value})

    assert settings["PRODUCTION"]
    assert settings["TRUSTED_PROXY_HOPS"] == 1


def test_the_image_is_told_enough_to_collect_its_static_files(load):
    step = re.search(r"RUN (SECRET_KEY=.*?)python manage.py collectstatic", text("Dockerfile"), re.DOTALL)
    told = dict(re.findall(r"([A-Z_]+)=(\$\([^)]*\)+|\S+)", step[1]))

    assert load(**told | {"SECRET_KEY": "0" * 50})["PRODUCTION"]


def test_the_image_copies_what_is_there_and_runs_as_nobody_special():
    image = text("Dockerfile")
    for source in re.findall(r"^COPY (?!--)(\S+)", image, re.MULTILINE):
        assert (ROOT / source).exists(), source
    assert re.search(r"^USER doorstep$", image, re.MULTILINE)
    assert "/healthz" in image
    kept = re.findall(r"^!(\S+)$", text("Dockerfile.dockerignore"), re.MULTILINE)
    assert {source.split("/")[0] for source in re.findall(r"^COPY (?!--)(\S+)", image, re.MULTILINE)} <= {
        name.split("/")[0] for name in kept
    }


def test_gunicorn_takes_its_configuration():
    command = [str(Path(sys.executable).with_name("gunicorn")), "--config", "deploy/gunicorn.conf.py"]
    env = {"PATH": "", "DEBUG": "1", "WEB_THREADS": "3"}
    printed = subprocess.run(
        [*command, "--print-config"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    ).stdout

    said = dict(re.findall(r"^(\w+)\s+= (.*)$", printed, re.MULTILINE))
    assert (said["worker_class"], said["threads"]) == ("gthread", "3")
    assert (said["limit_request_line"], said["limit_request_fields"]) == ("4094", "60")
    assert int(said["graceful_timeout"]) < int(said["timeout"]) == 30
    assert said["accesslog"] == "None"


def test_there_is_one_timetable_wherever_it_runs():
    beats = r"--app,? portal,? (?:worker.*--beat|beat)"

    assert len(re.findall(beats, text("compose.yaml"))) == 1
    assert [unit.stem for unit in UNITS if re.search(beats, unit.read_text())] == ["doorstep-beat"]


def test_who_stops_a_worker_waits_longer_than_its_longest_task(load):
    longest_s = load(**PRODUCTION)["CELERY_TASK_TIME_LIMIT"]
    worker = (DEPLOY / "systemd" / "doorstep-worker.service").read_text()
    compose = text("compose.yaml").split("  worker:")[1]

    assert int(re.search(r"TimeoutStopSec=(\d+)", worker)[1]) > longest_s
    assert int(re.search(r"stop_grace_period: (\d+)s", compose)[1]) > longest_s


def test_services_of_one_machine_share_no_port_for_their_counts():
    assert "METRICS_PORT" not in example()
    for unit in UNITS:
        files = re.findall(r"^EnvironmentFile=(\S+)$", unit.read_text(), re.MULTILINE)
        own = unit.stem.removeprefix("doorstep-")
        assert files == ["/etc/doorstep/doorstep.env", f"-/etc/doorstep/{own}.env"]


def test_containers_have_ports_of_their_own_for_their_counts_and_publish_none():
    compose = text("compose.yaml")
    counts = re.findall(r'METRICS_HOST: 0\.0\.0\.0, METRICS_PORT: "(\d+)"', compose)
    published = re.findall(r"^    ports: (.*)$", compose, re.MULTILINE)

    assert len(set(counts)) == len(counts) == 3
    assert len(published) == 2
    assert all(re.fullmatch(r'\["127\.0\.0\.1:\S+:8000"\]', each) for each in published)


def test_the_example_is_read_by_a_shell_as_by_systemd(tmp_path):
    given = {name: PRODUCTION[name] for name in KEYS}
    given |= {"EMAIL_URL": "smtp://me:p$HOME&w@mail.example.org:25"}
    file = text("doorstep.env.example")
    for name, value in (given | {"REDIS_URL": PRODUCTION["REDIS_URL"]}).items():
        file = re.sub(rf"^#?{name}=.*$", f"{name}='{value}'", file, flags=re.MULTILINE)
    (tmp_path / "doorstep.env").write_text(file)
    env = {"PATH": os.environ["PATH"], "DOORSTEP_ENV": str(tmp_path / "doorstep.env")}
    command = [str(DEPLOY / "manage.sh"), "diffsettings"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)

    assert "DEFAULT_FROM_EMAIL = 'Deliveries <times@example.org>'" in done.stdout, done.stderr
    assert "EMAIL_HOST_PASSWORD = 'p$HOME&w'" in done.stdout


def test_who_reloads_web_waits_longer_than_a_restart_may_take():
    restart = runpy.run_path(str(DEPLOY / "restart.py"))
    web = (DEPLOY / "systemd" / "doorstep-web.service").read_text()

    assert int(re.search(r"TimeoutStartSec=(\d+)", web)[1]) > 2 * (restart["START_S"] + restart["STOP_S"])


def test_a_restart_counts_each_new_worker_that_lives_once(tmp_path):
    all_ready = runpy.run_path(str(DEPLOY / "restart.py"))["all_ready"]
    mark = tmp_path / f"web.pid.{os.getpid()}.ready"
    first, second = (subprocess.Popen(["sleep", "60"]) for _ in range(2))
    looks = [all_ready(tmp_path / "web.pid", os.getpid())]
    try:
        for pids in ([first.pid] * 2, [first.pid, 1], [first.pid, second.pid]):
            mark.write_text("".join(f"{pid} 2\n" for pid in pids))
            looks.append(all_ready(tmp_path / "web.pid", os.getpid()))
    finally:
        first.kill()
        second.kill()
        second.wait()
    looks.append(all_ready(tmp_path / "web.pid", os.getpid()))  # the first is not even buried yet
    first.wait()

    assert looks == [False, False, False, True, False]


def test_a_restart_where_nothing_runs_says_so(tmp_path):
    gone = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True).stdout
    (tmp_path / "web.pid").write_text(gone)
    for pidfile in ("web.pid", "none.pid"):
        command = [sys.executable, "deploy/restart.py", str(tmp_path / pidfile)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

        assert (done.returncode, done.stderr) == (1, f"Nothing runs by {command[-1]}: start it.\n")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_run_what_is_there(unit):
    said = unit.read_text()
    for program in re.findall(r"^Exec\w+=/srv/doorstep/\.venv/bin/(\w+)", said, re.MULTILINE):
        assert Path(sys.executable).with_name(program).exists()
    for file in re.findall(r"(deploy/\S+\.py)", said):
        assert (ROOT / file).exists()
    assert "User=doorstep" in said
    assert "NoNewPrivileges=true" in said


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_units_are_understood_by_systemd(unit):
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if unit.name in line]

    assert [line for line in complaints if "is not executable" not in line] == []


def test_the_proxy_logs_no_link_and_shows_no_probe():
    site = text("nginx.conf.example")
    servers = re.split(r"^server \{", site, flags=re.MULTILINE)[1:]

    assert re.search(r"map \$uri \$doorstep_logged \{\s+~\*\^/l/\s+0;", site)
    assert len(servers) == 2
    for server in servers:
        assert re.search(r"^    access_log (off|\S+ doorstep if=\$doorstep_logged);", server, re.MULTILINE)
        assert re.search(r"^    error_log  \S+ crit;", server, re.MULTILINE)
    assert not re.search(r"log_format [^;]*(http_referer|\$request\b|request_uri)", site)
    for path in ("/healthz", "/readyz"):
        assert re.search(rf"location = {path}\s+{{ return 404; }}", site)
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in site


def test_the_proxy_waits_longer_than_a_change_may(load):
    sqlite_s = load(DEBUG="1")["DATABASES"]["default"]["OPTIONS"]["timeout"]
    waits_s = int(re.search(r"proxy_read_timeout (\d+)s", text("nginx.conf.example"))[1])

    assert waits_s > TURN_S + sqlite_s
    assert f"{TURN_S + sqlite_s} s on SQLite" in (ROOT / "docs" / "operations.md").read_text()


def proxy_configuration(folder: Path, *, http: int = 80, https: int = 443) -> Path:
    """The example as a whole configuration that logs into a folder, without certificates."""
    site = text("nginx.conf.example").replace("/var/log/nginx", str(folder))
    site = re.sub(r"ssl_certificate.*|listen \[::\].*", "", site)
    site = site.replace("listen 80;", f"listen 127.0.0.1:{http};")
    site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{https};")
    site = site.replace("server 127.0.0.1:8000;", f"server 127.0.0.1:{free_port()};")  # where nobody listens
    (folder / "site.conf").write_text(site)
    main = folder / "nginx.conf"
    main.write_text(
        f"pid {folder}/pid; error_log stderr; events {{}} daemon off;\n"
        f"http {{ access_log {folder}/inherited.log; include {folder}/site.conf; }}"
    )
    return main


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here")
def test_the_proxys_configuration_is_understood_by_nginx(tmp_path):
    main = proxy_configuration(tmp_path)
    done = subprocess.run(["nginx", "-t", "-c", str(main)], capture_output=True, text=True)

    assert "syntax is ok" in done.stderr, done.stderr


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here")
def test_no_way_to_write_a_link_leaves_it_in_a_log_of_the_proxy(tmp_path):
    http, https = free_port(), free_port()
    main = proxy_configuration(tmp_path, http=http, https=https)
    nginx = subprocess.Popen(["nginx", "-c", str(main)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(https), seconds=10, what="nginx")
        for port in (http, https):
            for path in ("/l/KEY/", "/%6c/KEY/", "//l/KEY/", "/L/KEY/", "/x/../l/KEY/", "/find/"):
                ask(port, path)
    finally:
        nginx.terminate()
        nginx.wait(timeout=10)
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))

    assert "GET /find/" in logs
    assert "KEY" not in logs


def ask(port: int, path: str) -> None:
    """Ask for a path as it stands, and wait for whatever is answered."""
    connection = HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    finally:
        connection.close()
