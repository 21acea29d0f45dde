"""Writing to the site, which is the same in three APIs."""

from gatherlog.apps.things import Enquiry
from gatherlog.interfaces.graphql.context import Context
from gatherlog.interfaces.graphql.resolving import Args

__all__ = ["contact_us"]


async def contact_us(context: Context, given: Args) -> bool:
    """True once it was taken. Raises Invalid, and TooMany beyond the rate `contact`."""
    context.rate_limiter.contact(context.scope)
    enquiry = Enquiry(subject=given["subject"], text=given["body"], sender=given["from"])
    await context.things.enquire(enquiry, actor=context.by, once=context.once)
    return True
