"""Texts with which somebody may try to control a mail server or the display of a letter."""

STEERING = [
    "\r\n",
    "\r",
    "\n",
    "\x00",
    "\t",
    "\x0b",
    "\x0c",
    "\x1b[2J",
    "\x1c",
    "\x7f",
    "\x85",
    "\u2028",
    "\u2029",
    "\u202e",
    "\ufeff",
    "\ud800",
    "\udc0a",
]
"""Line ends, NUL, other control characters, what turns or hides text, and lone surrogates."""

ENCODED = [
    "=?utf-8?q?Hello=0D=0ABcc:_eve@example.org?=",
    "=?utf-8?b?SGVsbG8NCkJjYzogZXZlQGV4YW1wbGUub3Jn?=",
    "=?utf-8?q?=0A=0Ahello?=",
    "=?utf-8?q?=0D?=",
    "=?utf-8?q?=00?=",
    "=?utf-8?q?=ED=A0=80?=",
    "=?utf-8?q?a=2C_eve@example.org?=",
    "=?nothing?q?=FF?=",
    "=?",
]
"""Encoded words of RFC 2047, with such characters in them, and what begins like one."""
