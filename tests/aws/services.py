"""The emulators of AWS services, and their clients."""

import sys
from pathlib import Path

import boto3
from processes import AWS, TOOLS, Process, free_port, tool

# kinesis-local has no setting for its address, and would listen on all of them.
ON_LOOPBACK = """
    const server = require("node:net").Server.prototype, listen = server.listen;
    server.listen = function (first, ...others) {
        const where = typeof first === "object" ? first : { port: first };
        return listen.call(this, { ...where, host: "127.0.0.1" }, others.find((other) => typeof other === "function"));
    };
    require(process.argv[1]);
"""


class Service:
    """A server that speaks AWS's APIs."""

    def __init__(self, command, folder, cwd=None, **variables):
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = Process(command, Path(folder) / "log", cwd=cwd, **(AWS | variables))
        self.process.wait_for(self.port)

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url)

    def stop(self):
        self.process.stop()


class Moto(Service):
    def __init__(self, folder, port=None):
        self.port = port or free_port()
        server = tool(Path(sys.executable).parent / "moto_server")
        super().__init__([server, "-H", "127.0.0.1", "-p", self.port], folder)


class KinesisLocal(Service):
    def __init__(self, folder, port=None):
        self.port = port or free_port()
        package = TOOLS / "npm/node_modules/kinesis-local"
        # it reads its certificate from the working directory
        super().__init__(
            [tool("node"), "-e", ON_LOOPBACK, tool(package / "main.js")],
            folder,
            cwd=package,
            KINESIS_MOCK_PLAIN_PORT=str(self.port),
            KINESIS_MOCK_TLS_PORT=str(free_port()),
            LOG_LEVEL="ERROR",
        )


class Ministack(Service):
    """CloudFormation with SAM's transform, and Lambda functions as local processes."""

    def __init__(self, folder):
        self.port = free_port()
        url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            [tool(Path(sys.executable).parent / "ministack")],
            folder,
            cwd=folder,
            # it listens everywhere unless it is told otherwise
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(self.port),
            # goes on to the functions: there they find Secrets Manager
            AWS_ENDPOINT_URL=url,
            STATE_DIR=str(folder),
            TMPDIR=str(folder),
            IOT_MTLS_ENABLED="0",
            DOCKER_HOST="unix:///nonexistent",
            MINISTACK_REGION=AWS["AWS_REGION"],
            MINISTACK_ACCOUNT_ID="123456789012",
        )
