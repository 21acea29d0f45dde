"""The intake: records of other systems become events, each of them once."""

from gatherlog.apps.intake.consuming import QueueIntake
from gatherlog.apps.intake.expiring import BlankRecords
from gatherlog.apps.intake.fold import CATEGORIES, entries_subscription, record_logs
from gatherlog.apps.intake.records import EVENT_TYPE, BadRecord, Fault, Record, type_check
from gatherlog.apps.intake.service import IntakeService, Offer, Result
from gatherlog.apps.intake.views import VIEWS

__all__ = [
    "CATEGORIES",
    "EVENT_TYPE",
    "VIEWS",
    "BadRecord",
    "BlankRecords",
    "Fault",
    "IntakeService",
    "Offer",
    "QueueIntake",
    "Record",
    "Result",
    "entries_subscription",
    "record_logs",
    "type_check",
]
