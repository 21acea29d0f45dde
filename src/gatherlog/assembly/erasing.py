"""What lets events expire and erases people, in all apps."""

from dataclasses import dataclass

from gatherlog.apps import guests, intake, messages, people, things
from gatherlog.apps.guests.erasing import GuestErasing
from gatherlog.apps.intake.erasing import RecordErasing
from gatherlog.apps.messages.erasing import MessageErasing
from gatherlog.apps.messages.expiring import MessageExpiring
from gatherlog.apps.messages.fold import CONVERSATION
from gatherlog.apps.people.erasing import AccountErasing
from gatherlog.apps.people.own_erasure import Departures, OwnErasures
from gatherlog.apps.things.erasing import FamilyErasing
from gatherlog.assembly.basis import Basis
from gatherlog.assembly.catalogue import CATEGORIES, OWNED, projections
from gatherlog.core.retention import Eraser, Expiry, RetentionChecks, RetentionService

__all__ = ["Erasing", "erasing"]


@dataclass(frozen=True)
class Erasing:
    """The services about what is not kept for ever."""

    retention: RetentionService
    expiry: Expiry
    eraser: Eraser
    own: OwnErasures
    departures: Departures


def erasing(
    on: Basis,
    guest_lists: guests.GuestService,
    things_to_do: things.ThingService,
    accounts: people.AccountService,
    talk: messages.MessageService,
) -> Erasing:
    """All of them on one store."""
    checks = RetentionChecks(CATEGORIES, projections(), OWNED)
    service = RetentionService(on.store, checks, clock=on.clock, ids=on.ids)
    blank_records = intake.BlankRecords(on.store)
    emptying = MessageExpiring(on.store, clock=on.clock, ids=on.ids)
    expiry = Expiry(
        on.store,
        service,
        checks,
        clock=on.clock,
        before_blank={CONVERSATION: emptying},
        on_blanked=[blank_records],
        report=on.log.failed,
    )
    eraser = Eraser(
        on.store,
        [
            GuestErasing(on.store, guest_lists),
            MessageErasing(on.store, talk, emptying),  # while the account is in conversations
            AccountErasing(on.store, accounts),
            FamilyErasing(on.store, things_to_do),
            RecordErasing(on.store),
        ],
        CATEGORIES,
        owned=OWNED,
        searched=("enquiry",),
        on_blanked=[blank_records],
        clock=on.clock,
        ids=on.ids,
    )
    own = OwnErasures(
        on.store,
        on.key,
        on.mailer,
        site=on.settings.base_url,
        sends_mail=on.sends_letters,
        clock=on.clock,
        ids=on.ids,
    )
    departures = Departures(
        own,
        lambda id: eraser.erase("account", id, by=f"account:{id}"),
        eraser.finish_others,
        report=on.log.failed,
    )
    return Erasing(service, expiry, eraser, own, departures)
