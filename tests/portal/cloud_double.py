"""A provider plugin whose cloud is a folder: it fails, hangs and drifts on order. Package `cloud`, one type for all.

Each resource is `<folder>/<id>.json`. `<folder>/orders.json` names what goes wrong: {"fail": {NAME: MESSAGE},
"hang": [NAME]}. A change of `size` updates, a change of `zone` replaces.
What is `named` gets a label that ends at random.
"""

# ruff: noqa: N802 (the methods have their names from the protocol)
import json
import os
import signal
import sys
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

VERSION = "1.0.0"


def install(home: Path) -> None:
    """Put the plugin where the engine looks for it, below its home folder."""
    folder = home / "plugins" / f"resource-cloud-v{VERSION}"
    folder.mkdir(parents=True)
    plugin = folder / "pulumi-resource-cloud"
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}"\n')
    plugin.chmod(0o755)


class Cloud(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self):
        self.folder = Path(os.environ["CLOUD_FOLDER"])

    def orders(self):
        file = self.folder / "orders.json"
        return json.loads(file.read_text()) if file.is_file() else {}

    def obey(self, urn, context):
        name, orders = urn.split("::")[-1], self.orders()
        if name in orders.get("hang", ()):
            (self.folder / f"hanging-{name}").touch()
            while name in self.orders().get("hang", ()):
                time.sleep(0.05)
        if name in orders.get("fail", {}):
            context.abort(grpc.StatusCode.UNKNOWN, orders["fail"][name])

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request, context):
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": "cloud", "version": VERSION}))

    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request, context):
        inputs = json_format.MessageToDict(request.news)
        if inputs.get("named"):  # as providers bridged from Terraform make names up, and keep them
            old = json_format.MessageToDict(request.olds)
            made = f"{request.urn.split('::')[-1]}-{request.randomSeed.hex()[:7]}"
            inputs |= {"label": old.get("label", made), "__defaults": ["label"]}
        return provider_pb2.CheckResponse(inputs=json_format.ParseDict(inputs, struct_pb2.Struct()))

    def Diff(self, request, context):
        old, new = map(json_format.MessageToDict, (request.olds, request.news))
        changed = [key for key in new if old.get(key) != new[key]]
        kinds, kind = provider_pb2.DiffResponse, provider_pb2.PropertyDiff
        detailed = {key: kind(kind=kind.UPDATE_REPLACE if key == "zone" else kind.UPDATE) for key in changed}
        return kinds(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            replaces=[key for key in changed if key == "zone"],
            diffs=changed,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request, context):
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        self.obey(request.urn, context)
        name = request.urn.split("::")[-1]
        number = len(list(self.folder.glob(f"{name}-*.json")))
        identity = f"{name}-{number}"
        (self.folder / f"{identity}.json").write_text(json_format.MessageToJson(request.properties))
        return provider_pb2.CreateResponse(id=identity, properties=request.properties)

    def Read(self, request, context):
        file = self.folder / f"{request.id}.json"
        if not file.is_file():
            return provider_pb2.ReadResponse()
        there = json_format.Parse(file.read_text(), struct_pb2.Struct())
        return provider_pb2.ReadResponse(id=request.id, properties=there, inputs=there)

    def Update(self, request, context):
        if not request.preview:
            self.obey(request.urn, context)
            (self.folder / f"{request.id}.json").write_text(json_format.MessageToJson(request.news))
        return provider_pb2.UpdateResponse(properties=request.news)

    def Delete(self, request, context):
        self.obey(request.urn, context)
        (self.folder / f"{request.id}.json").unlink(missing_ok=True)
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()


def serve() -> None:
    """Serve until the engine ends the process, or dies."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Cloud(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ended = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    sys.stdout.write(f"{port}\n")  # how a plugin tells the engine where it listens
    sys.stdout.flush()
    parent = os.getppid()
    while not ended.wait(0.2) and os.getppid() == parent:
        pass
    os._exit(0)  # a call that hangs on order must not keep it


if __name__ == "__main__":
    serve()
