"""Reads forms as browsers send them, within limits."""

import logging
import re
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from gatherlog.interfaces.bodies import MAX_BODY
from gatherlog.interfaces.problems import Malformed, UnsupportedMediaType

__all__ = ["MAX_FIELDS", "read_form", "read_upload", "text", "version"]

MAX_FIELDS: Final = 600
"""Fields that a form may have. The longest, that of a household of thirty, has some 500."""
_FORM: Final = "application/x-www-form-urlencoded"
_UPLOAD: Final = "multipart/form-data"
_UPLOAD_FIELDS: Final = 150
"""The longest has some 110: the preview of an import, with 50 questions and 50 changes."""
_VERSION: Final = re.compile(r"[0-9]{1,15}")
# Its messages about broken forms would appear in the request log, between lines of JSON.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


async def read_form(request: Request) -> FormData:
    """The fields of a form without files. Raises UnsupportedMediaType and Malformed."""
    _demand(request.headers, _FORM)
    parser = FormParser(request.headers, request.stream(), max_fields=MAX_FIELDS)
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise Malformed(error.message) from None


async def read_upload(request: Request, name: str) -> tuple[FormData, bytes]:
    """The fields of a form with at most one file, and the content of the file of that name.

    Raises UnsupportedMediaType and Malformed.
    """
    _demand(request.headers, _UPLOAD)
    parser = MultiPartParser(
        request.headers,
        request.stream(),
        max_files=1,
        max_fields=_UPLOAD_FIELDS,
        max_part_size=MAX_BODY,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError):  # KeyError: there is no boundary
        raise Malformed("This is not a form with a file.") from None
    try:
        file = form.get(name)
        return form, await file.read() if isinstance(file, UploadFile) else b""
    finally:
        await form.close()


def text(form: FormData, name: str) -> str:
    """A field as it was typed; empty if it is missing or a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def version(written: str) -> int:
    """The version that a form was made for; 0, which nothing has, if it is not a number."""
    return int(written) if _VERSION.fullmatch(written) else 0


def _demand(headers: Mapping[str, str], kind: str) -> None:
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != kind:
        raise UnsupportedMediaType(f"Send a body of type {kind}.", kind)
