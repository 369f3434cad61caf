"""The unit of work: what one transaction can read and change."""

from portal.store.approvals import Approvals
from portal.store.audit import Audit
from portal.store.events import Events
from portal.store.leases import Leases
from portal.store.operations import Operations
from portal.store.reviews import Reviews
from portal.store.sessions import LoginAttempts, Sessions
from portal.store.tokens import Tokens
from portal.store.transactions import Transaction


class Unit:
    """All repositories, in one transaction. What they return are plain values, good after it too."""

    def __init__(self, transaction: Transaction) -> None:
        self.operations = Operations(transaction)
        self.events = Events(transaction)
        self.approvals = Approvals(transaction)
        self.reviews = Reviews(transaction)
        self.sessions = Sessions(transaction)
        self.login_attempts = LoginAttempts(transaction)
        self.tokens = Tokens(transaction)
        self.audit = Audit(transaction)
        self.leases = Leases(transaction)
