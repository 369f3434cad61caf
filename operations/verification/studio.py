"""Studio: the domain in service inside the VPC, a profile per person, idle applications ended."""

from collections.abc import Mapping
from typing import Any

from operations.errors import told
from operations.verification.results import Result, Stage, failed, judged, not_configured
from settings.studio import Studio

PART = "studio"
APPLICATIONS = {"JupyterLabAppSettings": "JupyterLab", "CodeEditorAppSettings": "Code Editor"}


def check(stage: Stage) -> list[Result]:
    """Look at the domain, and at the profile of every person that the stack file names."""
    studio = stage.settings.studio
    if studio is None:
        return [not_configured(PART, PART, "the stack file has no section `studio`")]
    sagemaker, name = stage.client("sagemaker"), stage.access.names.domain
    up = f"pulumi up --stack {stage.settings.environment.value}"
    with told("list the Studio domains"):
        pages = sagemaker.get_paginator("list_domains").paginate()
        domains = [each for page in pages for each in page["Domains"] if each["DomainName"] == name]
    if not domains:
        return [failed(PART, "domain", f"{name} does not exist", up)]
    with told(f"describe domain {name}"):
        domain = sagemaker.describe_domain(DomainId=domains[0]["DomainId"])
    found = [
        judged(PART, "domain", _in_service(domain), f"see {domain.get('Url', 'the console')}, then {up}"),
        judged(
            PART,
            "network",
            "" if domain.get("AppNetworkAccessType") == "VpcOnly" else f"it is {domain.get('AppNetworkAccessType')}",
            "the domain reaches the internet past the VPC: replace it, see docs/runbooks/studio.md",
            fine="VpcOnly",
        ),
    ]
    return [*found, *_profiles(stage, domains[0]["DomainId"], studio, up)]


def _profiles(stage: Stage, domain: str, studio: Studio, up: str) -> list[Result]:
    sagemaker = stage.client("sagemaker")
    with told("list the profiles"):
        pages = sagemaker.get_paginator("list_user_profiles").paginate(DomainIdEquals=domain)
        there = {each["UserProfileName"] for page in pages for each in page["UserProfiles"]}
    found = []
    for user, asked in sorted(studio.users.items()):
        if user not in there:
            found.append(failed(PART, f"profile {user}", "it does not exist", up))
            continue
        with told(f"describe profile {user}"):
            profile = sagemaker.describe_user_profile(DomainId=domain, UserProfileName=user)
        role = stage.access.names.role_arn(asked.persona.value)
        problem = _in_service(profile) or _settings(profile.get("UserSettings") or {}, role, studio)
        found.append(judged(PART, f"profile {user}", problem, up, fine=f"in service as {asked.persona.value}"))
    return found


def _in_service(described: Mapping[str, Any]) -> str:
    status = described.get("Status")
    return "" if status == "InService" else f"it is {status}: {described.get('FailureReason', 'no reason given')}"


def _settings(settings: Mapping[str, Any], role: str, studio: Studio) -> str:
    if settings.get("ExecutionRole") != role:
        return f"it runs as {settings.get('ExecutionRole')}, not as {role}"
    for key, application in APPLICATIONS.items():
        idle = ((settings.get(key) or {}).get("AppLifecycleManagement") or {}).get("IdleSettings") or {}
        minutes = idle.get("IdleTimeoutInMinutes")
        if idle.get("LifecycleManagement") != "ENABLED" or minutes != studio.idle_shutdown_minutes:
            return f"an idle {application} ends after {minutes or 'no'} minutes, not {studio.idle_shutdown_minutes}"
    return ""
