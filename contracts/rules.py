"""The one exception of every pure check, and the search for the word that somebody meant."""

from collections.abc import Iterable


class BrokenRuleError(ValueError):
    """A value broke a rule. `rule` states the rule as a sentence, `fix` says what to write instead."""

    def __init__(self, rule: str, fix: str) -> None:
        """Keep both sentences apart, so that a caller can print them beside the path and the value."""
        super().__init__(f"{rule}; {fix}")
        self.rule = rule
        self.fix = fix


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` most likely was meant to be, or None where nothing is near."""
    from difflib import get_close_matches  # only a mistake needs it

    matches = get_close_matches(word, sorted(known), n=5, cutoff=0.6)
    swapped = [match for match in matches if sorted(match) == sorted(word)]  # the commonest slip: two letters swapped
    return next(iter(swapped or matches), None)
