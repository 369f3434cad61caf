"""Resources as the stack's config lists them: {"things": {"a": {"size": 1, "zone": "x"}}, "secret": "…"}."""

import pulumi


class Thing(pulumi.CustomResource):
    def __init__(self, name, properties, opts=None):
        super().__init__("cloud:index:Thing", name, properties, opts)


config = pulumi.Config("tiny")
if config.get_bool("broken"):
    raise pulumi.RunError("the program is broken on order")
before = None
for name, properties in config.get_object("things").items():
    secret = {"password": config.get_secret("password")} if config.get("password") else {}
    before = Thing(
        name,
        {**properties, **secret},
        pulumi.ResourceOptions(version="1.0.0", depends_on=[before] if before else None),
    )
pulumi.export("names", sorted(config.get_object("things")))
