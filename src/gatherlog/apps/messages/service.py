"""The service of the messages app: all commands and questions about conversations."""

from gatherlog.apps.messages.service_following import FollowingCommands

__all__ = ["MessageService"]


class MessageService(FollowingCommands):
    """Conversations between accounts; an account is named by its id.

    The first argument is who asks. What is not that member's own is NotFound: a conversation in
    which the account takes no part, and one that does not exist. `actor` is named in the meta of
    every event, and is `account:<id>` of who asks if it is empty. A command that changes nothing
    records nothing. Names and handles in answers are those that people have now; an account that
    was removed is `members.SOMEBODY`.
    """
