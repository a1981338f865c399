"""The image of the Dockerfile, built and pushed by deploy/publish.sh, with stand-ins for what cannot be had here."""

import base64
import contextlib
import hashlib
import io
import json
import os
import platform
import signal
import subprocess
import tarfile
import urllib.request

from emulator import Endpoint
from processes import ROOT, TOOLS, Process, descendants, environment, free_port

PLACE = TOOLS / "image"
STAND_INS = ROOT / "tests/image/stand-ins"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
# A release build, after everything else has been built, on a machine that others use too.
BUILD_S = 1_500
PASSWORD = "canary-of-the-registry"


def buildah(*arguments, **options):
    """Runs buildah on the store of the tests; what it says."""
    done = subprocess.run(["buildah", *map(str, arguments)], capture_output=True, text=True, env=storage(), **options)
    assert done.returncode == 0, f"buildah {arguments}: status {done.returncode}\n{done.stderr}{done.stdout}"
    return done.stdout.strip()


def storage():
    return environment(
        CONTAINERS_STORAGE_CONF=str(PLACE / "storage.conf"),
        BUILDAH_ISOLATION="chroot",
        TMPDIR=str(PLACE / "temporary"),
        REGISTRY_AUTH_FILE=str(PLACE / "login.json"),
    )


def remove_others():
    """Removes what a build and a run have left in the store; the base images stay."""
    named = [line.split() for line in buildah("images", "--format", "{{.Name}} {{.ID}}").splitlines()]
    buildah("rmi", "--force", *{identity for name, identity in named if name.startswith("127.0.0.1:")})
    buildah("rmi", "--prune", "--force")


class Registry:
    """Debian's docker-registry on loopback, with a password as ECR has."""

    def __init__(self, folder):
        self.address = f"127.0.0.1:{free_port()}"
        salted = subprocess.run(
            ["perl", "-e", 'print crypt($ARGV[0], q($2y$05$) . "a" x 22)', PASSWORD], capture_output=True, check=True
        )
        (folder / "passwords").write_text(f"AWS:{salted.stdout.decode()}\n")
        self.process = Process(
            [PLACE / "usr/bin/docker-registry", "serve", PLACE / "etc/docker/registry/config.yml"],
            folder / "registry.log",
            REGISTRY_HTTP_ADDR=self.address,
            REGISTRY_AUTH_HTPASSWD_PATH=str(folder / "passwords"),
            REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=str(folder / "images"),
        )
        self.process.wait_for(int(self.address.split(":")[1]))

    def get(self, kind, digest):
        """A manifest or a blob of the repository; its bytes are those of its digest."""
        login = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(
            f"http://{self.address}/v2/rowtide/{kind}/{digest}",
            headers={"Accept": MANIFEST, "Authorization": f"Basic {login}"},
        )
        with urllib.request.urlopen(request) as answer:
            found = answer.read()
        assert digest == f"sha256:{hashlib.sha256(found).hexdigest()}"
        return found

    def stop(self):
        self.process.stop()


class Publisher:
    """deploy/publish.sh with `docker` and `aws` of ours."""

    def __init__(self, registry, folder):
        self.calls = folder / "calls"
        self.variables = {
            **storage(),
            "PATH": f"{STAND_INS}:{os.environ['PATH']}",
            "HOME": os.environ["HOME"],
            "CALLS": str(self.calls),
            "REGISTRY": registry.address,
            "REGISTRY_PASSWORD": PASSWORD,
        }
        self.variables |= {name: os.environ[name] for name in ("CARGO_HOME", "RUSTUP_HOME") if name in os.environ}
        if os.environ.get("ROWTIDE_TEST_IMAGE") != "release":
            self.variables["SETTINGS_OF_CARGO"] = str(STAND_INS / "quick.toml")

    def run(self):
        self.calls.write_text("")
        bases = [f"--build-arg={name}_IMAGE=localhost/rowtide-{name.lower()}" for name in ("BUILD", "RUNTIME")]
        done = subprocess.run(
            [ROOT / "deploy/publish.sh", "--architecture", ARCHITECTURE, "--tag", "tried", "--", *bases],
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=BUILD_S,
        )
        assert done.returncode == 0, done.stderr[-8000:]
        return done.stdout


class Image:
    """What the registry has under a digest."""

    def __init__(self, registry, uri):
        self.registry, self.uri = registry, uri
        self.manifest = json.loads(registry.get("manifests", uri.split("@")[1]))
        self.description = json.loads(registry.get("blobs", self.manifest["config"]["digest"]))
        self.config = self.description["config"]
        base = json.loads(buildah("inspect", "--type", "image", "localhost/rowtide-runtime"))
        self.of_base = len(base["OCIv1"]["rootfs"]["diff_ids"])

    def own_layers(self):
        return self.manifest["layers"][self.of_base :]

    def own_files(self):
        """Everything but folders that the layers on top of the base have, by name."""
        files = {}
        for layer in self.own_layers():
            with tarfile.open(fileobj=io.BytesIO(self.registry.get("blobs", layer["digest"]))) as archive:
                files |= {member.name: member for member in archive if not member.isdir()}
        return files


@contextlib.contextmanager
def container(image):
    """A container of the image as the registry has it."""
    name = buildah("from", "--quiet", "--pull-always", "--tls-verify=false", image.uri)
    yield name
    buildah("rm", name)


class Contained(Endpoint):
    """A function in a container, started as the image says; its base starts it behind the emulator."""

    def __init__(self, image, container, log, **variables):
        port, runtime_api = free_port(), free_port()
        super().__init__(f"http://127.0.0.1:{port}")
        own = {
            "EMULATOR_ADDRESS": f"127.0.0.1:{port}",
            "RUNTIME_API_ADDRESS": f"127.0.0.1:{runtime_api}",
        }
        given = [f"--env={name}={value}" for name, value in (own | variables).items()]
        command = [*image.config["Entrypoint"], *image.config["Cmd"]]
        self.process = Process(["buildah", "run", *given, container, "--", *command], log, **storage())
        self.process.wait_for(runtime_api)
        self.process.wait_for(port)

    def output(self):
        return self.process.output()

    def pid(self):
        """The last one that was started. It is there from the first invocation on."""
        return descendants(self.process.child.pid)[-1]

    def stop(self):
        """Ends emulator and function, so that buildah tidies up behind them; then what is left."""
        # the first two are buildah's own
        for pid in descendants(self.process.child.pid)[2:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.child.wait(10)
        self.process.stop()
