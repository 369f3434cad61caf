"""SageMaker's registry and hosting in memory, for the functions' tests: what the API reference documents, no more.

It answers in place of the network (botocore's `before-call` event), so requests are checked by the real client first.
Endpoints come to rest when a test says so: `settle`.
"""

# ruff: noqa: N802, N803  # operations and members are spelled as the API spells them

import copy
import datetime as dt
import io
import json

ACCOUNT, REGION = "333333333333", "us-east-1"
OLD = dt.timedelta(hours=2)


class ApiError(Exception):
    def __init__(self, code, message, **more):
        super().__init__(message)
        self.code, self.message, self.more = code, message, more


def refused(message):
    return ApiError("ValidationException", message)


class FakeSageMaker:
    def __init__(self):
        self.packages = {}
        self.tokens = {}
        self.numbers = {}
        self.groups = set()
        self.models = {}
        self.configs = {}
        self.endpoints = {}
        self.transform_jobs = {}
        self.queued = []
        self.answers = {}
        """What an endpoint config's container answers: a document, or an HTTP status."""
        self.writer = f"arn:aws:sts::{ACCOUNT}:assumed-role/somebody/alice"
        self.now = dt.datetime.now(dt.UTC)

    def answer(self, operation, params):
        method = getattr(self, operation, None)
        if method is None:
            raise AssertionError(f"the fake has no {operation}; add it as the API documents it")
        return copy.deepcopy(method(**params)) if operation != "InvokeEndpoint" else method(**params)

    def arn(self, kind, name):
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"

    def who(self):
        return {"IamIdentity": {"Arn": self.writer, "PrincipalId": "AROAEXAMPLE:alice"}}

    # registry
    def CreateModelPackage(self, *, ModelPackageGroupName, ClientToken=None, **members):
        if ClientToken in self.tokens:
            return {"ModelPackageArn": self.tokens[ClientToken]}
        if ModelPackageGroupName not in self.groups:
            raise refused(f"Model Package Group {ModelPackageGroupName} does not exist.")
        number = self.numbers[ModelPackageGroupName] = self.numbers.get(ModelPackageGroupName, 0) + 1
        arn = self.arn("model-package", f"{ModelPackageGroupName}/{number}")
        self.tokens[ClientToken] = arn
        self.add_package(arn, **members)
        return {"ModelPackageArn": arn}

    def add_package(self, arn, **members):
        self.packages[arn] = {
            "ModelPackageArn": arn,
            "ModelPackageGroupName": arn.split("/")[1],
            "ModelPackageVersion": int(arn.split("/")[2]),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []},
            "CreationTime": self.now,
            "CreatedBy": self.who(),
            "ModelApprovalStatus": "PendingManualApproval",
            **members,
        }
        return arn

    def _package(self, arn):
        if arn not in self.packages:
            raise refused(f"ModelPackage {arn} does not exist.")
        return self.packages[arn]

    def DescribeModelPackage(self, *, ModelPackageName):
        return self._package(ModelPackageName)

    def UpdateModelPackage(self, *, ModelPackageArn, CustomerMetadataProperties=None, ModelApprovalStatus=None):
        package = self._package(ModelPackageArn)
        if CustomerMetadataProperties:
            package["CustomerMetadataProperties"] = {
                **package.get("CustomerMetadataProperties", {}),
                **CustomerMetadataProperties,
            }
        if ModelApprovalStatus:
            package["ModelApprovalStatus"] = ModelApprovalStatus
        package["LastModifiedBy"], package["LastModifiedTime"] = self.who(), self.now
        return {"ModelPackageArn": ModelPackageArn}

    def ListModelPackages(self, *, ModelPackageGroupName, CreationTimeAfter=None, **_):
        found = [p for p in self.packages.values() if p["ModelPackageGroupName"] == ModelPackageGroupName]
        return {
            "ModelPackageSummaryList": [
                {k: p[k] for k in ("ModelPackageArn", "CreationTime", "ModelPackageStatus")} for p in found
            ]
        }

    # models and configs
    def CreateModel(self, *, ModelName, **members):
        if ModelName in self.models:
            raise refused(f'Cannot create already existing model "{self.arn("model", ModelName)}".')
        self.models[ModelName] = members
        return {"ModelArn": self.arn("model", ModelName)}

    def DescribeModel(self, *, ModelName):
        if ModelName not in self.models:
            raise refused(f'Could not find model "{self.arn("model", ModelName)}".')
        return {"ModelName": ModelName, **self.models[ModelName]}

    def DeleteModel(self, *, ModelName):
        self.DescribeModel(ModelName=ModelName)
        del self.models[ModelName]
        return {}

    def CreateEndpointConfig(self, *, EndpointConfigName, **members):
        if EndpointConfigName in self.configs:
            known = self.arn("endpoint-config", EndpointConfigName)
            raise refused(f'Cannot create already existing endpoint configuration "{known}".')
        for variant in members["ProductionVariants"]:
            self.DescribeModel(ModelName=variant["ModelName"])
        self.configs[EndpointConfigName] = {**members, "CreationTime": dt.datetime.now(dt.UTC)}
        return {"EndpointConfigArn": self.arn("endpoint-config", EndpointConfigName)}

    def DescribeEndpointConfig(self, *, EndpointConfigName):
        if EndpointConfigName not in self.configs:
            known = self.arn("endpoint-config", EndpointConfigName)
            raise refused(f'Could not find endpoint configuration "{known}".')
        return {"EndpointConfigName": EndpointConfigName, **self.configs[EndpointConfigName]}

    def DeleteEndpointConfig(self, *, EndpointConfigName):
        self.DescribeEndpointConfig(EndpointConfigName=EndpointConfigName)
        for endpoint in self.endpoints.values():
            if EndpointConfigName in (endpoint["config"], endpoint["pending"]):
                raise AssertionError(f"{EndpointConfigName} is live; deleting it breaks the endpoint")
        del self.configs[EndpointConfigName]
        return {}

    def ListEndpointConfigs(self, *, NameContains, **_):
        return {
            "EndpointConfigs": [
                {"EndpointConfigName": n, "EndpointConfigArn": "arn", "CreationTime": c["CreationTime"]}
                for n, c in self.configs.items()
                if NameContains in n
            ]
        }

    # endpoints
    def CreateEndpoint(self, *, EndpointName, EndpointConfigName, Tags=()):
        if EndpointName in self.endpoints:
            raise refused(f'Cannot create already existing endpoint "{self.arn("endpoint", EndpointName)}".')
        self.DescribeEndpointConfig(EndpointConfigName=EndpointConfigName)
        self.endpoints[EndpointName] = {
            "status": "Creating",
            "config": EndpointConfigName,
            "pending": None,
            "counts": self._initial(EndpointConfigName),
            "next_counts": None,
            "reason": "",
        }
        return {"EndpointArn": self.arn("endpoint", EndpointName)}

    def _initial(self, config):
        return {v["VariantName"]: v.get("InitialInstanceCount") for v in self.configs[config]["ProductionVariants"]}

    def _endpoint(self, name):
        if name not in self.endpoints:
            raise refused(f'Could not find endpoint "{self.arn("endpoint", name)}".')
        return self.endpoints[name]

    def DescribeEndpoint(self, *, EndpointName):
        endpoint = self._endpoint(EndpointName)
        described = {
            "EndpointName": EndpointName,
            "EndpointArn": self.arn("endpoint", EndpointName),
            "EndpointConfigName": endpoint["config"],
            "EndpointStatus": endpoint["status"],
            "ProductionVariants": [
                {"VariantName": n, "CurrentInstanceCount": c, "DesiredInstanceCount": c}
                for n, c in endpoint["counts"].items()
            ],
            "CreationTime": self.now,
            "LastModifiedTime": self.now,
        }
        config = self.configs.get(endpoint["config"], {})
        if asynchronous := config.get("AsyncInferenceConfig"):
            described["AsyncInferenceConfig"] = asynchronous
        for shown, variant in zip(described["ProductionVariants"], config.get("ProductionVariants", ()), strict=False):
            if serverless := variant.get("ServerlessConfig"):
                shown["CurrentServerlessConfig"] = serverless
        if endpoint["pending"]:
            described["PendingDeploymentSummary"] = {"EndpointConfigName": endpoint["pending"]}
        if endpoint["reason"]:
            described["FailureReason"] = endpoint["reason"]
        return described

    def UpdateEndpoint(
        self,
        *,
        EndpointName,
        EndpointConfigName,
        RetainAllVariantProperties=False,
        ExcludeRetainedVariantProperties=(),
        DeploymentConfig=None,
    ):
        endpoint = self._endpoint(EndpointName)
        if endpoint["status"] not in ("InService", "OutOfService", "UpdateRollbackFailed"):
            raise refused(f'Cannot update in-progress endpoint "{self.arn("endpoint", EndpointName)}".')
        self._check_kinds(
            self.configs.get(endpoint["config"], {}), self.DescribeEndpointConfig(EndpointConfigName=EndpointConfigName)
        )
        excluded = {e["VariantPropertyType"] for e in ExcludeRetainedVariantProperties}
        retains = RetainAllVariantProperties and "DesiredInstanceCount" not in excluded
        endpoint.update(
            status="Updating",
            pending=EndpointConfigName,
            next_counts=endpoint["counts"] if retains else self._initial(EndpointConfigName),
            deployment=DeploymentConfig,
        )
        return {"EndpointArn": self.arn("endpoint", EndpointName)}

    def _check_kinds(self, old, new):
        """Refuse as the service does: nothing becomes serverless, nothing becomes or ceases to be asynchronous."""
        if bool(old.get("AsyncInferenceConfig")) != bool(new.get("AsyncInferenceConfig")):
            raise refused("The AsyncInferenceConfig parameter cannot be added to or removed from this endpoint.")
        now, then = ("ServerlessConfig" in c["ProductionVariants"][0] for c in (new, old))
        if now and not then:
            raise refused("An instance-based endpoint cannot become serverless.")

    def DeleteEndpoint(self, *, EndpointName):
        endpoint = self._endpoint(EndpointName)
        if endpoint["status"] in ("Creating", "Updating", "RollingBack", "SystemUpdating"):
            raise refused(f'Cannot update in-progress endpoint "{self.arn("endpoint", EndpointName)}".')
        endpoint["status"] = "Deleting"
        return {}

    def settle(self, name, status="InService", *, rolled_back=False, reason=""):
        """Let an endpoint come to rest, on the old config where the change was rolled back."""
        endpoint = self.endpoints[name]
        if endpoint["status"] == "Deleting":
            del self.endpoints[name]
            return
        if endpoint["pending"] and not rolled_back:
            endpoint.update(config=endpoint["pending"], counts=endpoint["next_counts"])
        endpoint.update(status=status, pending=None, next_counts=None, reason=reason)

    # inference
    def InvokeEndpoint(self, *, EndpointName, Body, **_):
        endpoint = self._endpoint(EndpointName)
        answer = self.answers.get(endpoint["config"], {"predictions": [{"label": 1, "probability": 0.9}]})
        if isinstance(answer, int):
            message = f"Received server error ({answer}) from primary with message"
            raise ApiError("ModelError", message, OriginalStatusCode=answer)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return {"Body": io.BytesIO(body), "ContentType": "application/json"}

    def InvokeEndpointAsync(self, *, EndpointName, InputLocation, **_):
        """Queue a request; `queued` holds it until a test lets the endpoint answer (`World.answer_queued`)."""
        endpoint = self._endpoint(EndpointName)
        output = self.configs[endpoint["config"]]["AsyncInferenceConfig"]["OutputConfig"]
        number = f"{endpoint['config']}-{InputLocation.rsplit('/', 1)[-1]}"  # sent again, it lies at the same place
        place = {
            "OutputLocation": f"{output['S3OutputPath']}/{number}.out",
            "FailureLocation": f"{output['S3FailurePath']}/{number}.out",
        }
        self.queued.append({**place, "input": InputLocation, "config": endpoint["config"]})
        return place

    def CreateTransformJob(self, *, TransformJobName, **members):
        if TransformJobName in self.transform_jobs:
            raise ApiError("ResourceInUse", f"Job name {TransformJobName} must be unique")
        self.DescribeModel(ModelName=members["ModelName"])
        self.transform_jobs[TransformJobName] = members
        return {"TransformJobArn": self.arn("transform-job", TransformJobName)}
