"""A private PostgreSQL server, as `.ci/postgres` makes it, and what rowtide has written into its databases."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import psycopg
from processes import ROOT, free_port, runs
from psycopg import sql

# Roles in this one need their password; everybody else is trusted.
PASSWORD_ROLES = "needs_password"


def exact(text):
    """JSON with every digit of its numbers."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


class Server:
    def __init__(self, port=None):
        self.folder = Path(tempfile.mkdtemp(prefix="rowtide-aws-"))
        self.port = port or free_port()
        self.databases = 0
        try:
            self._prepare()
        except BaseException:
            self.remove()
            raise

    def _prepare(self):
        # the server runs as another user when the tests run as root
        self.folder.chmod(0o755)
        self.start()
        # nobody reads these files after a crash
        with (self.folder / "data/postgresql.conf").open("a") as settings:
            settings.write("fsync = off\nfull_page_writes = off\n")
        rules = self.folder / "data/pg_hba.conf"
        rules.write_text(f"host all +{PASSWORD_ROLES} 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
        with self.connect("postgres") as connection:
            connection.execute(f"create role {PASSWORD_ROLES}")
            connection.execute("select pg_reload_conf()")

    def start(self):
        self._ci("start", self.folder, self.port)

    def stop(self):
        self._ci("stop", self.folder)

    def remove(self):
        """Ends the server without a last checkpoint."""
        postmaster = self.folder / "data/postmaster.pid"
        if postmaster.exists():
            pid = int(postmaster.read_text().split()[0])
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            while runs(pid):
                time.sleep(0.01)
        shutil.rmtree(self.folder)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def connect(self, database):
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def database(self):
        """A new, empty database."""
        self.databases += 1
        return self.create(f"db{self.databases}")

    def create(self, name):
        with self.connect("postgres") as connection:
            connection.execute(f"create database {name}")
        return Database(self, name)

    @staticmethod
    def _ci(*arguments):
        done = subprocess.run(
            [ROOT / ".ci/postgres", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            # a Ctrl-C in the terminal does not leave half a server
            start_new_session=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f".ci/postgres {arguments[0]}: status {done.returncode}: {done.stderr}")


class Database:
    def __init__(self, server, name):
        self.server, self.name = server, name

    def url(self, user="postgres", password=None):
        who = user if password is None else f"{user}:{password}"
        return f"postgresql://{who}@127.0.0.1:{self.server.port}/{self.name}"

    def connect(self):
        return self.server.connect(self.name)

    def query(self, text, *values):
        with self.connect() as connection:
            cursor = connection.execute(text, values or None)
            return cursor.fetchall() if cursor.description else None

    def one(self, text, *values):
        return self.query(text, *values)[0][0]

    def empty(self):
        """As it was when it was made; faster than a new one."""
        with self.connect() as connection:
            schemas = connection.execute(
                "select nspname from pg_namespace where nspname not like 'pg\\_%' and nspname <> 'information_schema'"
            )
            for (schema,) in schemas.fetchall():
                connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
            connection.execute("create schema public")

    def create_login(self, role, password):
        """A role that logs in with a password and may do what rowtide needs."""
        quoted = sql.Literal(password)
        with self.connect() as connection:
            connection.execute(
                sql.SQL("create role {} login password {} in role {}").format(
                    sql.Identifier(role), quoted, sql.Identifier(PASSWORD_ROLES)
                )
            )
            connection.execute(sql.SQL("grant all on schema public to {}").format(sql.Identifier(role)))

    def alter_password(self, role, password):
        with self.connect() as connection:
            connection.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password))
            )

    def targets(self):
        """By target: its view and its storage table, each quoted. Empty before anything was written."""
        if self.one("select to_regclass('rowtide_targets')") is None:
            return {}
        names = self.query("select target, target_schema, target_name, storage from rowtide_targets")
        quote = lambda *parts: sql.Identifier(*parts).as_string()  # noqa: E731
        return {
            f"{schema}.{name}": (quote(schema, name), quote(schema, storage))
            for _, schema, name, storage in names
        }

    def rows(self, target):
        """The rows that people see: canonical key to the whole document."""
        view, _ = self.targets()[target]
        rows = self.query(f"select key, data::text, aux::text from {view}")
        return {key: whole(data, aux) for key, data, aux in rows}

    def keyed(self, target):
        """The same with the members of the key in the document: a list, since the key is among them."""
        view, _ = self.targets()[target]
        rows = self.query(f"select pk::text, data::text from {view}")
        return [{**exact(data), **exact(pk)} for pk, data in rows]

    def tombstones(self, target):
        _, storage = self.targets()[target]
        return {key for (key,) in self.query(f"select key from {storage} where deleted")}

    def connections(self):
        """How many others are connected."""
        return self.one(
            "select count(*) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()", self.name
        )

    def wait_for_connections(self, count, seconds=5):
        end = time.monotonic() + seconds
        while (found := self.connections()) != count and time.monotonic() < end:
            time.sleep(0.02)
        assert found == count, f"{found} connections, expected {count}"


def whole(data, aux):
    """A document with what jsonb could not hold put back: `aux` maps pointers below /data to JSON text."""
    document = exact(data)
    for pointer, text in json.loads(aux).items():
        first, *path = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        if first != "data":
            continue
        if not path:
            document = exact(text)
            continue
        place = document
        for part in path[:-1]:
            place = place[int(part)] if isinstance(place, list) else place[part]
        last = int(path[-1]) if isinstance(place, list) else path[-1]
        place[last] = exact(text)
    return document
