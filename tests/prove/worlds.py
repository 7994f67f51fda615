"""tests/prove/worlds.py

A sink, a connector to it, and the services between: the small world that most claims run in.

Flow      with World(proxied=True) as world: smtp_source(world.mailbox.smtp_port, ...)
"""

from harness import Lab
from peers import SmtpSink
from services import FrontendTransport, MailboxTransport


class World:
    def __init__(self, proxied=False, settings=None, large=False, wrapper=()):
        self.lab = Lab()
        try:
            self._build(proxied, settings or {}, large, wrapper)
        except BaseException:
            self.lab.close()
            raise

    def _build(self, proxied, settings, large, wrapper):
        self.sink = SmtpSink(self.lab, self.lab.free_port()).start()
        self.front_end = FrontendTransport(self.lab).start() if proxied else None
        self.lab.site([self.front_end.address] if proxied else ())
        limits = {"maxMessageSize": "150MB"} if large else {}
        if large:
            self.lab.write_manifest("TransportConfig", "transport-config",
                                    {"maxReceiveSize": "150MB"})
        self.lab.connector("all", ["*"], dnsRoutingEnabled=False, smartHosts=["[127.0.0.1]"],
                           port=self.sink.port, frontendProxyEnabled=proxied, **limits)
        self.mailbox = MailboxTransport(self.lab, {
            "queue.queue_glitch_retry_interval": "1s", **settings})
        self.mailbox.start(wrapper)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lab.close()

    def way(self):
        return "through the front end" if self.front_end else "directly"
