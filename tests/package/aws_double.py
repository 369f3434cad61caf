"""A test double of the AWS provider plugin: it echoes inputs, and makes up ids and ARNs. It knows no AWS and no schema.

The engine starts it in place of `pulumi-resource-aws`, so that a program with real AWS resources runs offline. What it
proves is the way there: programs, package, engine, provider. Whether AWS takes the values is not its business.
"""

# ruff: noqa: N802 (the methods have their names from the protocol)
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

ROOT = Path(__file__).resolve().parent.parent.parent
ACCOUNT, REGION = "111111111111", "us-east-1"


def install(home: Path, version: str) -> Path:
    """Put the double where the engine looks for version `version` of the AWS provider, below its home folder."""
    folder = home / "plugins" / f"resource-aws-v{version}"
    folder.mkdir(parents=True)
    plugin = folder / "pulumi-resource-aws"
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "{version}"\n')
    plugin.chmod(0o755)
    return plugin


class Double(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, version):
        self.version = version

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version=self.version)

    def GetSchema(self, request, context):
        return provider_pb2.GetSchemaResponse(schema=f'{{"name": "aws", "version": "{self.version}"}}')

    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        same = request.old_inputs == request.news
        kinds = provider_pb2.DiffResponse
        return kinds(changes=kinds.DIFF_NONE if same else kinds.DIFF_SOME)

    def Create(self, request, context):
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        from local.computed_properties import computed

        type_token, name = request.urn.split("::")[2].split("$")[-1], request.urn.split("::")[3]
        inputs = json_format.MessageToDict(request.properties)
        identity, state = computed(type_token, name, inputs, account=ACCOUNT, region=REGION)
        return provider_pb2.CreateResponse(id=identity, properties=json_format.ParseDict(state, struct_pb2.Struct()))

    def Update(self, request, context):
        return provider_pb2.UpdateResponse(properties=request.news)

    def Delete(self, request, context):
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()


def serve(version: str) -> None:
    """Serve until the engine ends the process."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Double(version), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    sys.stdout.write(f"{port}\n")  # how a plugin tells the engine where it listens
    sys.stdout.flush()
    ended.wait()
    server.stop(grace=None)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    serve(sys.argv[1])
