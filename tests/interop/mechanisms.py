"""tests/interop/mechanisms.py

The server's side of SASL mechanisms that aiosmtpd lacks, by the RFCs alone: a second opinion on
CRAM-MD5 (RFC 2195), SCRAM-SHA-256 (RFC 5802, RFC 7677) and XOAUTH2.

Flow      A handler of aiosmtpd that is also Mechanisms(sink); sink has users, tokens and logins.
"""

import base64
import hashlib
import hmac
import json
import secrets

from aiosmtpd.smtp import MISSING, AuthResult, auth_mechanism


REFUSED = AuthResult(success=False, handled=False)
TOLD = AuthResult(success=False, handled=True)  # the reply is said already


def sha256_under(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


class Mechanisms:
    def __init__(self, sink):
        self.sink = sink

    def _note(self, mechanism, name, good):
        self.sink.logins.append((mechanism, name, good))
        return AuthResult(success=True, auth_data=name) if good else REFUSED

    @auth_mechanism("CRAM-MD5")
    async def auth_CRAM_MD5(self, server, args):
        challenge = f"<{secrets.token_hex(8)}@aiosmtpd.test>".encode()
        answer = await server.challenge_auth(challenge)
        if answer is MISSING:
            return TOLD
        name, _, digest = answer.decode().rpartition(" ")
        right = hmac.new(self.sink.users.get(name, "").encode(), challenge, hashlib.md5)
        return self._note("CRAM-MD5", name, digest == right.hexdigest())

    @auth_mechanism("SCRAM-SHA-256")
    async def auth_SCRAM_SHA_256(self, server, args):
        header, _, bare = base64.b64decode(args[1]).decode().partition(",,")
        said = dict(part.split("=", 1) for part in bare.split(","))
        name = said["n"].replace("=2C", ",").replace("=3D", "=")
        salt, rounds = secrets.token_bytes(16), self.sink.rounds
        nonce = said["r"] + secrets.token_urlsafe(12)
        first = f"r={nonce},s={base64.b64encode(salt).decode()},i={rounds}"
        answer = await server.challenge_auth(first)
        if answer is MISSING:
            return TOLD
        final, _, proof = answer.decode().rpartition(",p=")
        salted = hashlib.pbkdf2_hmac("sha256", self.sink.users.get(name, "").encode(), salt,
                                     rounds)
        exchanged = ",".join((bare, first, final)).encode()
        key = sha256_under(salted, b"Client Key")
        signature = sha256_under(hashlib.sha256(key).digest(), exchanged)
        shown = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature))
        good = (header, shown, final) == ("n", key, f"c=biws,r={nonce}")
        if not good:
            return self._note("SCRAM-SHA-256", name, False)
        server_key = sha256_under(salted, self.sink.server_key)
        proved = base64.b64encode(sha256_under(server_key, exchanged)).decode()
        if await server.challenge_auth(f"v={proved}") is MISSING:
            self._note("SCRAM-SHA-256", name, False)
            return TOLD
        return self._note("SCRAM-SHA-256", name, True)

    @auth_mechanism("XOAUTH2")
    async def auth_XOAUTH2(self, server, args):
        said = base64.b64decode(args[1]) if len(args) > 1 else await server.challenge_auth("")
        name, token, *rest = said.decode().split("\x01")
        name = name.removeprefix("user=")
        good = rest == ["", ""] and token == f"auth=Bearer {self.sink.tokens.get(name)}"
        if not good:
            await server.challenge_auth(json.dumps({"status": "400", "schemes": "Bearer"}))
        return self._note("XOAUTH2", name, good)
