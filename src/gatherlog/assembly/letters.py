"""The subscriptions that send letters, of all apps."""

from gatherlog.apps import guests, messages, people, things
from gatherlog.apps.guests import mailing
from gatherlog.apps.guests.letter_quotas import Hosts, LetterQuotas
from gatherlog.apps.messages.mailing import message_letters
from gatherlog.apps.things.mailing import thing_letters
from gatherlog.assembly.basis import Basis
from gatherlog.between_apps import Contacts
from gatherlog.core.subscriptions.subscription import Subscription
from gatherlog.site_secrets import Digest

__all__ = ["letters_to_guests", "letters_to_members", "letters_to_organisers"]


def letters_to_guests(
    on: Basis, accounts: people.AccountService, mailed: guests.MailedLinks
) -> Subscription:
    """Invitations and news of gatherings, of hosts whose own address is confirmed."""
    is_confirmed = _always if on.settings.demo else accounts.is_confirmed
    hosts = Hosts(is_confirmed, Digest(on.key, "letters"))
    post = mailing.Post(on.mailer.deliver, on.settings.base_url, mailed.url, accounts.address)
    quotas = guests.read_quotas(on.settings.quotas)
    allowed = LetterQuotas(on.store, quotas, hosts, clock=on.clock, ids=on.ids)
    return mailing.guest_letters(on.store, post, allowed, clock=on.clock, ids=on.ids)


def letters_to_organisers(
    on: Basis, things_to_do: things.ThingService, accounts: people.AccountService
) -> Subscription:
    """News of things to do, to families, organisers and reviewers."""
    return thing_letters(
        on.store,
        things_to_do,
        accounts,
        on.mailer.deliver,
        site=on.settings.base_url,
        contact=on.settings.contact,
        clock=on.clock,
    )


def letters_to_members(
    on: Basis, talk: messages.MessageService, contacts: Contacts
) -> Subscription:
    """News of conversations."""
    return message_letters(
        on.store,
        talk,
        contacts,
        on.mailer.deliver,
        site=on.settings.base_url,
        clock=on.clock,
        ids=on.ids,
    )


async def _always(account_id: str) -> bool:
    """In the demo nobody's address is real, and no letter leaves the process."""
    return True
