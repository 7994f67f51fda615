"""tests/interop/store_edit.py

Edits a store as a newer program would have written it: the format record gets another version,
and the checksums around it are right again.

See       docs/data.md; RocksDB's log format: blocks of 32 KiB of records with crc, length, type
"""

MASK_DELTA = 0xA282EAD8
BLOCK = 32768


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def masked(crc):
    return ((crc >> 15 | crc << 17) + MASK_DELTA) & 0xFFFFFFFF


def logs(store):
    return sorted(store.glob("*.log"), key=lambda path: int(path.stem))


def newest_log(store):
    """The last log that holds anything."""
    return [path for path in logs(store) if path.stat().st_size][-1]


def make_newer(store, version=b"9"):
    """Gives the store's format record another version of one digit."""
    for path in logs(store):
        data = bytearray(path.read_bytes())
        key = data.find(b"\x06format")
        if key < 0:
            continue
        length = data[key + 7]  # of the value: its head of five bytes, "1 <database id>"
        value = key + 8
        data[value + 5:value + 6] = version
        payload = bytes(data[value + 5:value + length])
        data[value + 1:value + 5] = crc32c(b"\x01format" + payload).to_bytes(4, "little")
        _seal(data, key)
        path.write_bytes(data)
        return
    raise AssertionError(f"{store} has no format record in a log")


def _seal(data, place):
    """Sets the checksum of the log record that covers `place` again."""
    at = 0
    while at < len(data):
        if BLOCK - at % BLOCK < 7:
            at += BLOCK - at % BLOCK
        length, kind = int.from_bytes(data[at + 4:at + 6], "little"), data[at + 6]
        assert kind == 1, "the record is whole in one block"
        if at + 7 <= place < at + 7 + length:
            crc = crc32c(bytes(data[at + 6:at + 7 + length]))
            data[at:at + 4] = masked(crc).to_bytes(4, "little")
            return
        at += 7 + length
    raise AssertionError("no record covers the place")
