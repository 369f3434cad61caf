"""A labelled simulator of card transactions: honest spending and four fraud patterns, with a switch for drift.

The patterns overlap with honest behaviour (travellers, shopping sprees, careful thieves), so a model can learn much of
them but not all, as with real fraud.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

CATEGORIES = ("grocery", "fuel", "restaurant", "travel", "electronics", "online_retail", "gift_cards", "cash")
HOURS = np.arange(24)
MISSING_DISTANCE_SHARE = 0.03
"""Share of transactions whose place is unknown; the schema lets this column be empty."""

Numbers = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """How one kind of cardholder, or thief, uses a card."""

    share: float
    """Part of the transactions of its label."""
    drifted_share: float
    """The same after full drift."""
    amount: float
    """Median amount; amounts are log-normal."""
    spread: float
    categories: tuple[float, ...]
    """Weights of CATEGORIES."""
    busiest_hour: int
    abroad: float
    """Probability that the merchant's country is not the cardholder's."""
    present: float
    """Probability that the card is physically there."""
    distance: float
    """Median distance from home in kilometres."""
    velocity: float
    """Mean number of transactions in the last 24 hours."""
    age: float
    """Median age of the account in days."""


HONEST = (
    Behaviour(
        share=0.82,
        drifted_share=0.72,
        amount=34,
        spread=0.8,
        categories=(9, 5, 6, 1, 1, 4, 0.3, 1),
        busiest_hour=15,
        abroad=0.02,
        present=0.82,
        distance=7,
        velocity=2.0,
        age=1100,
    ),
    Behaviour(  # a traveller
        share=0.09,
        drifted_share=0.08,
        amount=75,
        spread=0.9,
        categories=(2, 2, 7, 7, 1, 2, 0.2, 3),
        busiest_hour=18,
        abroad=0.7,
        present=0.85,
        distance=900,
        velocity=4.0,
        age=1300,
    ),
    Behaviour(  # an online shopping spree
        share=0.09,
        drifted_share=0.20,
        amount=95,
        spread=0.9,
        categories=(1, 0, 1, 2, 4, 9, 1, 0),
        busiest_hour=20,
        abroad=0.12,
        present=0.05,
        distance=15,
        velocity=5.0,
        age=800,
    ),
)
FRAUD = (
    Behaviour(  # a stolen card, used abroad
        share=0.36,
        drifted_share=0.16,
        amount=310,
        spread=0.7,
        categories=(1, 1, 1, 3, 7, 2, 4, 3),
        busiest_hour=2,
        abroad=0.85,
        present=0.6,
        distance=1800,
        velocity=6.0,
        age=900,
    ),
    Behaviour(  # stolen numbers, used online
        share=0.32,
        drifted_share=0.30,
        amount=230,
        spread=0.7,
        categories=(0.2, 0, 0.3, 2, 6, 8, 7, 0),
        busiest_hour=3,
        abroad=0.5,
        present=0.02,
        distance=500,
        velocity=7.0,
        age=500,
    ),
    Behaviour(  # card testing: many tiny payments
        share=0.22,
        drifted_share=0.24,
        amount=3.5,
        spread=0.5,
        categories=(0.3, 0.3, 0.5, 0, 0.5, 9, 3, 0),
        busiest_hour=4,
        abroad=0.45,
        present=0.01,
        distance=300,
        velocity=17.0,
        age=600,
    ),
    Behaviour(  # a careful thief, who spends as the owner does; after drift the most frequent
        share=0.10,
        drifted_share=0.30,
        amount=48,
        spread=0.8,
        categories=(7, 4, 5, 1, 2, 5, 2, 2),
        busiest_hour=15,
        abroad=0.08,
        present=0.55,
        distance=20,
        velocity=3.0,
        age=450,
    ),
)

DRIFTED_AMOUNT = 1.6
"""Factor on all amounts after full drift: prices rise."""


def simulate_transactions(rows: int, seed: int, fraud_share: float = 0.2, drift: float = 0.0) -> pd.DataFrame:
    """Simulate labelled card transactions; equal arguments give an equal frame.

    `fraud_share` is case-control sampled: real fraud is far rarer (well below one percent), and training data is made
    by taking all frauds and a sample of the rest. Probabilities of a model trained on it need correcting for the true
    share. `drift` from 0 (none) to 1 shifts amounts, the merchant mix and the fraud pattern: towards online shopping
    sprees and thieves who spend as the owner does. Raises ValueError outside these ranges.
    """
    if rows < 1:
        raise ValueError(f"rows is {rows}; simulate at least one transaction")
    if not 0 <= fraud_share <= 1:
        raise ValueError(f"fraud_share is {fraud_share}; it is a share from 0 to 1")
    if not 0 <= drift <= 1:
        raise ValueError(f"drift is {drift}; it goes from 0 (none) to 1 (full)")
    random = np.random.default_rng(seed)
    fraud = np.zeros(rows, dtype=int)
    fraud[: round(rows * fraud_share)] = 1
    random.shuffle(fraud)
    columns: dict[str, Numbers] = {}
    for label, behaviours in enumerate((HONEST, FRAUD)):
        here = fraud == label
        shares = np.array([(1 - drift) * each.share + drift * each.drifted_share for each in behaviours])
        kinds = random.choice(len(behaviours), size=int(here.sum()), p=shares / shares.sum())
        for name, values in _spend(random, behaviours, kinds, drift).items():
            columns.setdefault(name, np.empty(rows, dtype=values.dtype))[here] = values
    frame = pd.DataFrame(columns)
    distance = frame["distance_from_home_km"]
    frame["distance_from_home_km"] = distance.mask(random.random(rows) < MISSING_DISTANCE_SHARE)
    identifiers = [f"t{seed:x}-{number:08d}" for number in range(rows)]
    frame.insert(0, "transaction_id", pd.Series(identifiers, dtype=object))
    frame["is_fraud"] = fraud
    return frame


def _spend(
    random: np.random.Generator, behaviours: tuple[Behaviour, ...], kinds: Numbers, drift: float
) -> dict[str, Numbers]:
    rows = len(kinds)

    def of(name: str) -> Numbers:
        return np.array([getattr(each, name) for each in behaviours], dtype=float)[kinds]

    amount = np.exp(random.normal(np.log(of("amount") * DRIFTED_AMOUNT**drift), of("spread")))
    hour = np.rint(random.normal(of("busiest_hour"), 4.0)).astype(int) % len(HOURS)
    category = np.empty(rows, dtype=object)
    for kind, behaviour in enumerate(behaviours):
        here = kinds == kind
        weights = np.array(behaviour.categories)
        category[here] = random.choice(CATEGORIES, size=int(here.sum()), p=weights / weights.sum())
    return {
        "amount": np.maximum(amount, 0.5).round(2),
        "hour": hour,
        "merchant_category": category,
        "country_mismatch": (random.random(rows) < of("abroad")).astype(int),
        "card_present": (random.random(rows) < of("present")).astype(int),
        "distance_from_home_km": np.exp(random.normal(np.log(of("distance")), 1.0)).round(1),
        "transactions_last_24h": random.poisson(of("velocity")),
        "account_age_days": np.rint(np.exp(random.normal(np.log(of("age")), 0.8))).astype(int),
    }
