"""tests/prove/front_ends.py: the claims of tools/prove kubernetes about the front ends of sites."""

from claims import Claim, interop

_TWO_SITES = [
    ("rolling restart of all front ends under load: nothing lost, nothing twice",
     "rolling_restart_of_all_front_ends_under_load_loses_nothing", "^rolling"),
    ("all front ends of a site down: its mail waits, the other site is not concerned, the first "
     "delivery within 5 s of the first front end",
     "without_its_front_ends_the_mail_of_a_site_waits_and_the_other_is_not_concerned", "^all"),
    ("queues that were held for want of a front end go, spread, when one is there",
     "mail_that_waits_alone_goes_when_a_front_end_is_there", "^20 queues"),
    ("from 1 front end to 3: each has its share",
     "from_one_front_end_to_three_each_has_its_share", "^from"),
]

FRONT_ENDS = [
    *(Claim(f"two sites with front ends in network namespaces, found by DNS names: {title}",
            interop("front_ends", f"FrontEndsTest.test_{test}", told=told))
      for title, test, told in _TWO_SITES),
    Claim("a remote that reads 1 byte/s of 25 MB and 50 dead domains on the same streams: the "
          "others lose at most 5 %", interop("slow_remotes", told="loss")),
    Claim("sessions to one host and of one front end within their limits; a domain whose "
          "exchangers are known not to answer is not tried, the next time it is",
          interop("front_end_limits", told="^(60 messages|two domains)")),
    Claim("source addresses: each connector from its own, each under its name; name, A and PTR "
          "compared", interop("egress_addresses", told="^(bulk|names)")),
    Claim("messages of 25 MB and 150 MB through a front end of 128 MiB",
          interop("large_messages", told="128 MiB")),
    Claim("a front end refuses callers of another trust domain, site or service",
          interop("proxy_callers", told="let in")),
]
