"""What every test stands on: Hypothesis draws without deadlines, because machines are shared."""

from hypothesis import settings

settings.register_profile("gatherlog", deadline=None, max_examples=100)
settings.load_profile("gatherlog")
