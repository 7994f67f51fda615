"""tests/interop/hostile_faults.py

What the hostile server does wrong: at a reply, in the handshake, and while the content comes.

Flow      await FAULTS["two"](talk, b"250 ok\\r\\n"): True when the server means yes by it.
Failure   Gone ends the conversation.
Limits    A fault without an end of its own lasts until the client has gone.
See       hostile.py
"""

import asyncio

STALL_SECONDS = 10  # who does not read does not see that the client has gone


class Gone(Exception):
    """The conversation is over."""


# At a reply: each gives whether the server means yes.

async def _stall(talk, good):
    await talk.wait_for_the_end()


def _dripping(pause):
    async def drip(talk, good):
        for byte in good:
            await asyncio.sleep(pause)
            talk.say(bytes([byte]))
            await talk.writer.drain()
        return good[:1] in b"23"
    return drip


async def _close(talk, good):
    await talk.hang_up()


async def _reset(talk, good):
    talk.writer.transport.abort()
    raise Gone


def _endless(text, times=None):
    """Goes on and on, or ends well after so many times."""
    async def endless(talk, good):
        count = 0
        while times is None or count < times:
            talk.say(text)
            await talk.writer.drain()
            await asyncio.sleep(0.002)  # a client that reads fast must not keep others waiting
            count += 1
        talk.say(good)
        return good[:1] in b"23"
    return endless


def _instead(text, closes=False, yes=False):
    async def instead(talk, good):
        talk.say(text)
        if closes:
            await talk.hang_up()
        await talk.writer.drain()
        return yes
    return instead


def _wrong_class(talk, good):
    """3xx where 2xx is due; 250 where 354 is due."""
    return _instead(b"250 2.0.0 fine\r\n" if good[:1] == b"3" else b"354 go on\r\n")(talk, good)


def _changed(change):
    """The good answer, with something about its bytes."""
    async def changed(talk, good):
        talk.say(change(good))
        await talk.writer.drain()
        return True
    return changed


def _last_line(good):
    return good[good.rfind(b"\n", 0, -1) + 1:]


FAULTS = {
    "stall": _stall,
    "drip": _dripping(0.002),
    "slow": _dripping(0.4),
    "close": _close,
    "reset": _reset,
    "line": _endless(b"250 " + b"x" * 65536),
    "lines": _endless(b"250-x\r\n" * 8192),
    "million": _endless(b"250-x\r\n" * 10000, 100),
    "5xx": _instead(b"550 5.7.1 not you\r\n"),
    "4xx": _instead(b"451 4.3.0 not now\r\n"),
    "552": _instead(b"552 5.3.4 too big after all\r\n"),
    "502": _instead(b"502 5.5.1 not implemented\r\n"),
    "454": _instead(b"454 4.7.0 TLS is not to be had\r\n"),
    "421": _instead(b"421 4.3.2 closing\r\n", closes=True),
    "class": _wrong_class,
    "code": _instead(b"999 what\r\n"),
    "words": _instead(b"hello there\r\n"),
    "empty": _instead(b"\r\n"),
    "two": _changed(lambda good: good + _last_line(good)),
    "then-5xx": _changed(lambda good: good + b"550 5.7.1 on second thoughts\r\n"),
    "nul": _changed(lambda good: good[:-2] + b" \0\0 nul\r\n"),
    "high": _changed(lambda good: good[:-2] + b" \xff\xfe\xc3\xa4\x80\r\n"),
    "nul-5xx": _instead(b"550 5.7.1 n\0l and \xff\xc3 and \x1b[2J\r\n"),
    "swallow": _changed(lambda good: b""),
    "lf": _changed(lambda good: good.replace(b"\r\n", b"\n")),
    "cr": _changed(lambda good: good.replace(b"\r\n", b"\r")),
    "cr-in": _changed(lambda good: good[:-3] + b"\rx\r\n"),
    "mixed": _changed(lambda good: good[:3] + b"-one\r\n" + b"299 two\r\n"),
}


# In the handshake, and just after it

async def _garbage(talk):
    await talk.reader.read(4096)
    talk.say(b"\x16\x03\x03\x00\x40" + b"\xee" * 64)
    await talk.wait_for_the_end()


async def _alert(talk):
    await talk.reader.read(4096)
    talk.say(b"\x15\x03\x03\x00\x02\x02\x28")  # fatal: handshake_failure
    await talk.hang_up()


async def _clear_text(talk):
    await talk.reader.read(4096)
    talk.say(b"250 what TLS\r\n")
    await talk.wait_for_the_end()


async def _half_record(talk):
    await talk.reader.read(4096)
    talk.say(b"\x16\x03\x03\x3f\xff" + b"\x02" * 9)
    await talk.hang_up()


async def _endless_records(talk):
    await talk.reader.read(4096)
    while True:
        talk.say(b"\x16\x03\x03\x40\x00" + b"\0" * 16384)
        await talk.writer.drain()
        await asyncio.sleep(0.002)


HANDSHAKE_FAULTS = {
    "stall": lambda talk: talk.wait_for_the_end(),
    "close": lambda talk: talk.hang_up(),
    "reset": lambda talk: _reset(talk, b""),
    "garbage": _garbage, "alert": _alert, "clear": _clear_text, "half": _half_record,
    "endless": _endless_records,
}


# While the content comes; it is too large for the kernel to take it in.

async def _reads_nothing(talk):
    await asyncio.sleep(STALL_SECONDS)
    raise Gone


def _early(text, reads=True):
    async def early(talk):
        await talk.reader.readexactly(1000)
        talk.say(text)
        await talk.writer.drain()
        if not reads:
            await talk.hang_up()
        await talk.wait_for_the_end()
    return early


CONTENT_FAULTS = {
    "stall": _reads_nothing,
    "close": lambda talk: talk.hang_up(),
    "reset": lambda talk: _reset(talk, b""),
    "250": _early(b"250 2.0.0 taken already\r\n"),
    "4xx": _early(b"451 4.3.0 not now\r\n"),
    "5xx": _early(b"550 5.7.1 not this\r\n"),
    "5xx-close": _early(b"550 5.7.1 not this\r\n", reads=False),
    "words": _early(b"hello there\r\n"),
    "line": _early(b"x" * 5000000),
}
