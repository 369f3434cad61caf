"""Checks what steps refer to: that it exists, that it runs before them, and that it runs whenever they do."""

from collections.abc import Iterator, Mapping

from pipeline_defs.validation.arguments import Checker
from pipeline_defs.validation.outline import Outline, Step, body_without_nested, expressions, referenced_steps
from pipeline_defs.validation.resolve import suggest


def dependencies(step: Step) -> Iterator[tuple[str, str]]:
    """Yield the steps that a step names under DependsOn, each with its path."""
    listed = step.body.get("DependsOn")
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        name = entry.get("Step") if isinstance(entry, Mapping) else entry
        if isinstance(name, str):
            yield f"DependsOn[{index}]", name


def check_references(outline: Outline, checker: Checker) -> None:
    """Check every reference, function and DependsOn of every step."""
    for step in outline.steps:
        checker.step = step.name
        for path, expression in expressions(body_without_nested(step), ""):
            checker.functions(path, expression)
            text = expression.get("Get")
            if not isinstance(text, str):
                continue
            resolution = checker.resolver.resolve(text)
            if resolution.rule is not None:
                checker.add(path, resolution.rule, resolution.message, resolution.fix)
            in_function = path.endswith("Std:JsonGet.PropertyFile")
            if resolution.rule is None and (resolution.kind == "property file") != in_function:
                message = f"{text!r} is {'no' if in_function else 'a'} property file"
                fix = "read a property file with Std:JsonGet, as PropertyFile, and nothing else there"
                checker.add(path, "reference.property_file", message, fix)
            if resolution.step is not None:
                _check_branch(outline, checker, step, resolution.step, path)
        for path, name in dependencies(step):
            if name not in outline.by_name:
                fix = suggest(name, list(outline.by_name), "the steps are")
                checker.add(path, "reference.step", f"{name!r} is no step of the document", fix)
            else:
                _check_branch(outline, checker, step, name, path)
    checker.step = None


def _check_branch(outline: Outline, checker: Checker, step: Step, name: str, path: str) -> None:
    """Report a step that may not run when the step that needs it does."""
    needed = outline.by_name[name]
    if step.branch[: len(needed.branch)] == needed.branch:
        return
    shared = 0
    while shared < min(len(step.branch), len(needed.branch)) and step.branch[shared] == needed.branch[shared]:
        shared += 1
    condition, branch = needed.branch[shared]
    opposite = shared < len(step.branch) and step.branch[shared][0] == condition
    when = "never runs together with" if opposite else "may run without"
    message = f"{step.name} {when} {name}, which is in {branch} of {condition}"
    checker.add(path, "reference.branch", message, f"move {step.name} into the same branch, or {name} out of it")


def check_cycles(outline: Outline, checker: Checker) -> None:
    """Report each cycle over references, DependsOn and enclosing conditions once, at its first step."""
    needs: dict[str, list[str]] = {}
    for step in outline.steps:
        named = referenced_steps(body_without_nested(step)) | {name for _, name in dependencies(step)}
        if step.branch:
            named.add(step.branch[-1][0])
        needs.setdefault(step.name, sorted(name for name in named if name in outline.by_name))
    done: set[str] = set()
    for start in needs:
        if start not in done:
            _visit(start, needs, done, checker)
    checker.step = None


def _visit(start: str, needs: Mapping[str, list[str]], done: set[str], checker: Checker) -> None:
    """Depth-first search without recursion, so that a chain of a thousand steps is no problem."""
    trail = [start]
    pending = [iter(needs[start])]
    while trail:
        following = next(pending[-1], None)
        if following is None:
            done.add(trail.pop())
            pending.pop()
        elif following in trail:
            cycle = [*trail[trail.index(following) :], following]
            checker.step = following
            checker.add(
                "",
                "reference.cycle",
                f"the steps wait for each other: {' -> '.join(cycle)}",
                "remove one of these references or DependsOn entries",
            )
        elif following not in done:
            trail.append(following)
            pending.append(iter(needs[following]))
