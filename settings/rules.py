"""Rules between fields. Each reads only what it needs, so that it also runs on the valid parts of broken settings."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

from contracts import endpoint_rules
from contracts.images import is_immutable
from contracts.regions import check_zone
from contracts.retention import lifecycle_faults
from contracts.rules import BrokenRuleError
from contracts.tags import RESERVED_KEYS, TAGS_PER_RESOURCE
from settings.image_rules import IMAGE_RULES
from settings.organisation_rules import ORGANISATION_RULES
from settings.problems import Problem, path_of, problem, shown
from settings.studio_rules import STUDIO_RULES
from settings.view import PartUnknownError

if TYPE_CHECKING:
    from settings.models import Model, StackSettings

LEAST_ZONES = 2
_PROMOTED_FROM = {"preprod": "dev", "prod": "preprod"}
ModelRule = Callable[["StackSettings", str, "Model"], Iterator[Problem]]


def broken_rules(settings: "StackSettings") -> list[Problem]:
    """Return the problem of every rule between fields that `settings` break; a rule without its parts is skipped."""
    # What a skipped rule misses is an invalid part, and that is reported where it is.
    found: list[Problem] = []
    for rule in STACK_RULES:
        with suppress(PartUnknownError):
            found.extend(rule(settings))
    with suppress(PartUnknownError):
        for name, model in settings.models.items():
            for model_rule in (*MODEL_RULES, *DELIVERY_RULES):
                with suppress(PartUnknownError):
                    found.extend(model_rule(settings, name, model))
    return found


def accounts_are_told_apart(settings: "StackSettings") -> Iterator[Problem]:
    """Without `single_account` three ids, with it one."""
    accounts, single = settings.accounts, settings.single_account
    environments = defaultdict(list)
    for environment, account in (("dev", accounts.dev), ("preprod", accounts.preprod), ("prod", accounts.prod)):
        environments[account].append(environment)
    if single and len(environments) > 1:
        yield Problem(
            path="single_account",
            value="true",
            rule="with single_account, dev, preprod and prod name the same account",
            fix="write one id three times under accounts, or remove single_account",
        )
    if not single:
        for account, shared in environments.items():
            if len(shared) > 1:
                yield Problem(
                    path=f"accounts.{shared[-1]}",
                    value=shown(account),
                    rule=f"each environment has its own account, and {' and '.join(shared)} share this one",
                    fix="write the environment's own account id, or set single_account: true if that is meant",
                )


def own_region_is_listed(settings: "StackSettings") -> Iterator[Problem]:
    """`regions` names the stack's own region for the stack's environment."""
    if settings.regions is None:
        return
    environment = str(settings.environment)
    listed = getattr(settings.regions, environment)
    if listed != settings.region:
        rule = f"the stack's own region is {settings.region}; other stacks find this one by the region listed here"
        fix = f"write {settings.region}, or change region"
        yield problem(("regions", environment), listed, BrokenRuleError(rule, fix))


def network_is_new_or_existing(settings: "StackSettings") -> Iterator[Problem]:
    """Exactly one of `network.cidr` and `network.existing`."""
    cidr, existing = settings.network.cidr, settings.network.existing
    if (cidr is None) == (existing is None):
        yield Problem(
            path="network",
            value="",
            rule="the network is either new (cidr and zones) or existing, "
            + ("and it is both" if cidr else "and it is neither"),
            fix="keep one of cidr and existing" if cidr else "write cidr and zones, for example cidr: 10.10.0.0/16",
        )


def existing_network_stays_as_it_is(settings: "StackSettings") -> Iterator[Problem]:
    """Zones and NAT of an existing VPC are its owner's; here they would have no effect."""
    network = settings.network
    if network.existing is None or network.cidr is not None:
        return
    if network.zones:
        yield _of_owner("network.zones", network.zones)
    if network.nat != "none":
        yield _of_owner("network.nat", network.nat)


def _of_owner(path: str, value: object) -> Problem:
    return Problem(
        path=path, value=shown(value), rule="an existing VPC keeps its owner's zones and routes", fix="remove it"
    )


def zones_are_of_the_region(settings: "StackSettings") -> Iterator[Problem]:
    """Each zone is the region and a letter."""
    region = settings.region
    for index, zone in enumerate(settings.network.zones):
        try:
            check_zone(zone, region)
        except BrokenRuleError as error:
            yield problem(("network", "zones", index), zone, error)


def zones_suffice(settings: "StackSettings") -> Iterator[Problem]:
    """At least two different zones for a new network."""
    zones = settings.network.zones
    for index, zone in enumerate(zones):
        if zone in zones[:index]:
            error = BrokenRuleError("each zone is listed once", "remove it, or write another zone")
            yield problem(("network", "zones", index), zone, error)
    if settings.network.existing is None and len(set(zones)) < LEAST_ZONES:
        region = settings.region
        rule = f"a new network spans at least {LEAST_ZONES} zones, so that it survives the loss of one"
        yield problem(("network", "zones"), zones, BrokenRuleError(rule, f"write [{region}a, {region}b]"))


def single_nat_is_for_dev(settings: "StackSettings") -> Iterator[Problem]:
    """One NAT gateway for all zones only in dev."""
    if settings.network.nat == "single" and settings.environment != "dev":
        rule = "a single NAT gateway stops every zone when its own fails; it is for dev only"
        yield problem(("network", "nat"), "single", BrokenRuleError(rule, "write per_zone, or none"))


def lifecycle_is_in_order(settings: "StackSettings") -> Iterator[Problem]:
    """Standard-IA, then Glacier, then expiry, with the gaps that S3 demands."""
    storage = settings.storage
    days = {
        "standard_ia_after_days": storage.standard_ia_after_days,
        "glacier_after_days": storage.glacier_after_days,
        "expire_after_days": storage.expire_after_days,
    }
    faults = lifecycle_faults(
        standard_ia=storage.standard_ia_after_days,
        glacier=storage.glacier_after_days,
        expire=storage.expire_after_days,
    )
    for fault in faults:
        error = BrokenRuleError(fault.rule, f"write {fault.least} or more")
        yield problem(("storage", fault.later), days[fault.later], error)


def tags_leave_room(settings: "StackSettings") -> Iterator[Problem]:
    """Fit the stack's own tags and the platform's on one resource."""
    most = TAGS_PER_RESOURCE - len(RESERVED_KEYS)
    if len(settings.tags) > most:
        rule = f"a resource has {TAGS_PER_RESOURCE} tags at most, and the platform sets {len(RESERVED_KEYS)} of them"
        yield Problem(path="tags", value=f"{len(settings.tags)} tags", rule=rule, fix=f"keep {most} or fewer")


def image_is_immutable(settings: "StackSettings", name: str, model: "Model") -> Iterator[Problem]:
    """Outside dev, what was tested is what runs."""
    if settings.environment != "dev" and not is_immutable(model.image):
        rule = f"in {settings.environment} an image is named by version or digest, because another tag can move"
        fix = "write a version tag such as v1.2.3, or the digest sha256:..."
        yield problem(("models", name, "image"), model.image, BrokenRuleError(rule, fix))


def approval_in_prod_is_manual(settings: "StackSettings", name: str, model: "Model") -> Iterator[Problem]:
    """Let a person approve what prod serves."""
    if settings.environment == "prod" and model.approval == "automatic":
        error = BrokenRuleError("in prod a person approves each model version", "write manual")
        yield problem(("models", name, "approval"), "automatic", error)


def promotion_stays_in_its_region(settings: "StackSettings", name: str, model: "Model") -> Iterator[Problem]:
    """`source: promote` only from the same region, because SageMaker pulls images of its own region."""
    regions, delivery, environment = settings.regions, model.delivery, str(settings.environment)
    if regions is None or delivery is None or delivery.source != "promote" or environment not in _PROMOTED_FROM:
        return
    previous = _PROMOTED_FROM[environment]
    there, here = getattr(regions, previous), getattr(regions, environment)
    if there != here:
        rule = (
            f"a promoted version keeps its image, and SageMaker pulls images of its own region only: {previous} is in"
            f" {there}, {environment} in {here}"
        )
        fix = f"write train, or the same region for {previous} and {environment} under regions"
        yield problem(("models", name, "delivery", "source"), "promote", BrokenRuleError(rule, fix))


def _of_delivery(rule: Callable[[Any, str], Iterator[endpoint_rules.Fault]]) -> ModelRule:
    """Return a rule of a delivery as a rule of a model, with the paths that a stack file has."""

    @wraps(rule)
    def checked(settings: "StackSettings", name: str, model: "Model") -> Iterator[Problem]:
        if model.delivery is None:
            return
        for fault in rule(model.delivery, str(settings.environment)):
            yield Problem(
                path=path_of(("models", name, "delivery", *fault.path)),
                value="" if fault.value == "" else shown(fault.value),
                rule=fault.rule,
                fix=fault.fix,
            )

    return checked


STACK_RULES: tuple[Callable[["StackSettings"], Iterator[Problem]], ...] = (
    accounts_are_told_apart,
    own_region_is_listed,
    network_is_new_or_existing,
    existing_network_stays_as_it_is,
    zones_are_of_the_region,
    zones_suffice,
    single_nat_is_for_dev,
    lifecycle_is_in_order,
    tags_leave_room,
    *IMAGE_RULES,
    *STUDIO_RULES,
    *ORGANISATION_RULES,
)
MODEL_RULES: tuple[ModelRule, ...] = (
    image_is_immutable,
    approval_in_prod_is_manual,
    promotion_stays_in_its_region,
)
DELIVERY_RULES: tuple[ModelRule, ...] = tuple(_of_delivery(rule) for rule in endpoint_rules.RULES)
