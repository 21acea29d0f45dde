"""Pages of conversations; `ConversationPages` has all their routes."""

from gatherlog.interfaces.web.conversations.routes import ConversationPages

__all__ = ["ConversationPages"]
