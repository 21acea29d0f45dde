"""The errors of the guests app: commands that are well formed and still refused."""

from gatherlog.core.eventstore.errors import Conflict, Denied, Refused

__all__ = [
    "AnswersChanged",
    "GatheringFull",
    "IsCoHost",
    "LettersReached",
    "NotifyUndecided",
    "QuotaReached",
    "RsvpClosed",
]


class RsvpClosed(Refused):
    """The deadline has passed."""

    code = "rsvp_closed"


class GatheringFull(Refused):
    """A guest who comes already wants more places than are left, or the waiting list is full.

    The answer before stays as it is.
    """

    code = "gathering_full"


class LettersReached(Refused):
    """As many letters went out today as the quotas allow; `retry_after` seconds are left of it."""

    code = "letters_reached"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotifyUndecided(Refused):
    """A change that guests may get letters about does not say whether they shall."""

    code = "notify_undecided"

    def __init__(self, letters: int) -> None:
        said = "1 guest comes or waits" if letters == 1 else f"{letters:,} guests come or wait"
        super().__init__(
            f"{said}: those with an e-mail address would get a letter about the new date or place. "
            "Nothing was changed. Send the change again with `notify`: true to write to them, "
            "false to write to nobody."
        )
        self.letters = letters
        """How many guests there are to write to, at most: some may have no address."""


class QuotaReached(Refused):
    """A host would have more than the operator of the site lets one have."""

    code = "quota_reached"


class IsCoHost(Denied):
    """Only who may name co-hosts may make the link of one, or remove one from the list."""


class AnswersChanged(Conflict):
    """Members of a household have changed since the versions that the command expects.

    Nothing was written.
    """

    def __init__(self, guest_id: str, expected: int, actual: int, changed: tuple[str, ...]) -> None:
        super().__init__("document", f"guest/{guest_id}", expected, actual)
        self.changed = changed
        """The ids of all of them; the message names the first."""
