"""The rows of the table of endpoints that are about conversations and accounts' profiles."""

from functools import partial
from http import HTTPStatus
from typing import Any

from gatherlog.apps.people import Action, ProfilePatch
from gatherlog.interfaces.rest import live_messages, messages, profiles
from gatherlog.interfaces.rest.endpoint import Endpoint
from gatherlog.interfaces.rest.live_messages import LiveQuery
from gatherlog.interfaces.rest.message_answers import (
    ConversationAnswer,
    CountAnswer,
    EditRequest,
    GroupRequest,
    GroupsQuery,
    MessageAnswer,
    MessagesQuery,
    ReadRequest,
    ReportAnswer,
    ReportRequest,
    SendRequest,
    SentAnswer,
    ShortUser,
)
from gatherlog.interfaces.rest.profiles import KeySet, ProfileAnswer
from gatherlog.interfaces.rest.queries import Paging
from gatherlog.interfaces.rest.sign_in import TokenAnswer

__all__ = ["MESSAGE_ENDPOINTS"]

_Row: Any = partial(Endpoint, scoped=False)
_Listed: Any = partial(_Row, lists_codes=True)
_GROUP = "/api/message_groups/{message_group_uuid}"
_MESSAGE = _GROUP + "/messages/{message_uuid}"
_USER = "/api/users/@{handle}"

MESSAGE_ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (
    _Listed(
        method="GET",
        path="/api/message_groups",
        action=Action.USE_CONVERSATIONS,
        handle=messages.list_conversations,
        summary="One's conversations; where something was written last comes first",
        query=GroupsQuery,
        answer=list[ConversationAnswer],
    ),
    _Listed(
        method="POST",
        path="/api/message_groups",
        action=Action.USE_CONVERSATIONS,
        handle=messages.start_group,
        summary="Start a group; or find, or make, the conversation with one member",
        body=GroupRequest,
        answer=ConversationAnswer,
        status=HTTPStatus.CREATED,
        refusals=("not_found", "refused", "too_many"),
    ),
    _Listed(
        method="GET",
        path=_GROUP,
        action=Action.READ_CONVERSATION,
        handle=messages.read_conversation,
        summary="One conversation",
        answer=ConversationAnswer,
    ),
    _Listed(
        method="PUT",
        path=_GROUP + "/read",
        action=Action.READ_CONVERSATION,
        handle=messages.mark_read,
        summary="Have read all up to a message; the mark never goes back",
        body=ReadRequest,
        answer=ConversationAnswer,
        refusals=("refused",),
    ),
    _Listed(
        method="PUT",
        path=_GROUP + "/mute",
        action=Action.READ_CONVERSATION,
        handle=messages.mute,
        summary="Leave the conversation out of the unread count, and of mail",
        answer=ConversationAnswer,
    ),
    _Listed(
        method="DELETE",
        path=_GROUP + "/mute",
        action=Action.READ_CONVERSATION,
        handle=messages.unmute,
        summary="Count the conversation again",
        status=HTTPStatus.NO_CONTENT,
    ),
    _Listed(
        method="PUT",
        path=_GROUP + "/leave",
        action=Action.READ_CONVERSATION,
        handle=messages.leave_conversation,
        summary="Take part no more",
        status=HTTPStatus.NO_CONTENT,
    ),
    _Listed(
        method="PUT",
        path=_GROUP + "/members/@{handle}",
        action=Action.CHANGE_MEMBERS,
        handle=messages.add_member,
        summary="Add a member to the group, who is shown what is written from now on",
        answer=ConversationAnswer,
        refusals=("refused",),
    ),
    _Listed(
        method="DELETE",
        path=_GROUP + "/members/@{handle}",
        action=Action.CHANGE_MEMBERS,
        handle=messages.remove_member,
        summary="Remove a member from the group",
        status=HTTPStatus.NO_CONTENT,
    ),
    _Listed(
        method="PATCH",
        path=_MESSAGE,
        action=Action.CHANGE_MESSAGE,
        handle=messages.edit_message,
        summary="Give one's own message another text, for a day",
        body=EditRequest,
        answer=MessageAnswer,
        refusals=("refused",),
    ),
    _Listed(
        method="DELETE",
        path=_MESSAGE,
        action=Action.CHANGE_MESSAGE,
        handle=messages.delete_message,
        summary="Take one's own message back; its place stays, without a text",
        status=HTTPStatus.NO_CONTENT,
    ),
    _Listed(
        method="POST",
        path=_MESSAGE + "/report",
        action=Action.REPORT_MESSAGE,
        handle=messages.report_message,
        summary="Show a message to the moderator",
        body=ReportRequest,
        status=HTTPStatus.NO_CONTENT,
    ),
    _Listed(
        method="POST",
        path="/api/messages",
        action=Action.USE_CONVERSATIONS,
        handle=messages.send_message,
        summary="Write to a member, or into a conversation",
        body=SendRequest,
        answer=SentAnswer,
        refusals=("not_found", "denied", "refused", "too_many"),
        keeps_key_in_commit=True,
    ),
    _Listed(
        method="GET",
        path="/api/messages/counter",
        action=Action.USE_CONVERSATIONS,
        handle=messages.count_unread,
        summary="How many messages of others are not read, in conversations that are not muted",
        answer=CountAnswer,
    ),
    _Listed(
        method="GET",
        path="/api/messages/live",
        action=Action.USE_CONVERSATIONS,
        handle=live_messages.follow_messages,
        summary="What happens in one's conversations, as server-sent events",
        query=LiveQuery,
        media="text/event-stream",
        refusals=("too_many",),
    ),
    _Listed(
        method="GET",
        path="/api/messages/reports",
        action=Action.READ_REPORTS,
        handle=messages.list_reports,
        summary="Messages that members have shown to the moderator, the latest first",
        query=Paging,
        answer=list[ReportAnswer],
    ),
    _Listed(
        method="GET",
        path="/api/messages/{message_group_uuid}",
        action=Action.READ_CONVERSATION,
        handle=messages.list_messages,
        summary="Messages of a conversation, newest first; reading the newest marks them as read",
        query=MessagesQuery,
        answer=list[MessageAnswer],
    ),
    _Listed(
        method="GET",
        path=_USER + "/short",
        action=Action.USE_CONVERSATIONS,
        handle=messages.read_user,
        summary="A member, by handle",
        answer=ShortUser,
    ),
    _Listed(
        method="PUT",
        path=_USER + "/block",
        action=Action.USE_CONVERSATIONS,
        handle=messages.block_user,
        summary="Hear no more from a member, to whom oneself is unknown from then on",
        answer=ShortUser,
    ),
    _Listed(
        method="DELETE",
        path=_USER + "/block",
        action=Action.USE_CONVERSATIONS,
        handle=messages.unblock_user,
        summary="Hear from a member again",
        status=HTTPStatus.NO_CONTENT,
    ),
    _Row(
        method="GET",
        path="/account",
        action=Action.CHANGE_PROFILE,
        handle=profiles.read_profile,
        summary="What others see of one's own account, and how it is written to",
        answer=ProfileAnswer,
        refusals=("not_found",),
    ),
    _Row(
        method="PUT",
        path="/account",
        action=Action.CHANGE_PROFILE,
        handle=profiles.change_profile,
        summary="Change one's own name, handle, time zone, language, quiet hours, read receipts",
        body=ProfilePatch,
        answer=ProfileAnswer,
        refusals=("not_found", "handle_taken"),
    ),
    _Row(
        method="POST",
        path="/auth/token",
        action=Action.ISSUE_TOKEN,
        handle=profiles.issue_token,
        summary="A token (JWT) for the session, which ends with it",
        answer=TokenAnswer,
        camel=True,
    ),
    _Row(
        method="GET",
        path="/.well-known/jwks.json",
        action=Action.READ_DESCRIPTION,
        handle=profiles.read_key_set,
        summary="The public key by which tokens are verified (RFC 7517)",
        answer=KeySet,
    ),
)
