"""The double of tests/package/aws_double.py with a memory: it fails and replaces on order, and can be looked at.

Each resource is a file `<folder>/<logical name>.<type>.json`. `<folder>/orders.json` names resources by their logical
names: {"fail": {NAME: MESSAGE}, "replace": [NAME]}, where a change of NAME takes another one in its place.
"""

# ruff: noqa: N802 (the methods have their names from the protocol)
import json
import os
import sys
from pathlib import Path

import grpc
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.package import aws_double

FOLDER = "AWS_CLOUD_FOLDER"


def install(home: Path, version: str) -> None:
    """Put the double where the engine looks for version `version` of the AWS provider, below its home folder."""
    plugin = aws_double.install(home, version)
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "{version}"\n')


class Cloud(aws_double.Double):
    def __init__(self, version):
        super().__init__(version)
        self.folder = Path(os.environ[FOLDER])

    def orders(self):
        file = self.folder / "orders.json"
        return json.loads(file.read_text()) if file.is_file() else {}

    def file(self, urn):
        kind, name = urn.split("::")[-2:]
        return self.folder / f"{name.replace('/', '-')}.{kind.split(':')[-1]}.json"

    def Diff(self, request, context):
        found = super().Diff(request, context)
        if found.changes == provider_pb2.DiffResponse.DIFF_SOME:
            old, new = map(json_format.MessageToDict, (request.old_inputs, request.news))
            changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
            found.diffs.extend(changed)
            if request.urn.split("::")[-1] in self.orders().get("replace", ()):
                found.replaces.extend(changed)
                found.deleteBeforeReplace = True  # its name is taken until it is gone
        return found

    def Create(self, request, context):
        made = super().Create(request, context)
        if not request.preview:
            self.obey(request, context)
            self.file(request.urn).write_text(json_format.MessageToJson(made.properties))
        return made

    def Read(self, request, context):
        file = self.file(request.urn)
        if not file.is_file():
            return provider_pb2.ReadResponse()
        there = json_format.Parse(file.read_text(), struct_pb2.Struct())
        inputs = struct_pb2.Struct()
        for key, value in request.inputs.fields.items():
            inputs.fields[key].CopyFrom(there.fields.get(key, value))
        return provider_pb2.ReadResponse(id=request.id, properties=there, inputs=inputs)

    def Update(self, request, context):
        there = struct_pb2.Struct()
        there.CopyFrom(request.olds)
        for key, value in request.news.fields.items():
            there.fields[key].CopyFrom(value)
        if not request.preview:
            self.obey(request, context)
            self.file(request.urn).write_text(json_format.MessageToJson(there))
        return provider_pb2.UpdateResponse(properties=there)

    def Delete(self, request, context):
        self.obey(request, context)
        self.file(request.urn).unlink(missing_ok=True)
        return super().Delete(request, context)

    def obey(self, request, context):
        message = self.orders().get("fail", {}).get(request.urn.split("::")[-1])
        if message:
            context.abort(grpc.StatusCode.UNKNOWN, message)


if __name__ == "__main__":
    aws_double.Double = Cloud
    aws_double.serve(sys.argv[1])
