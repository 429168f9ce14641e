"""The part of the table of settings that speaks of transports. NAME stands for a word that the owner chooses."""

from __future__ import annotations

from newsletter.config.setting import Setting

TRANSPORT_SETTINGS: tuple[Setting, ...] = (
    Setting(
        key="delivery.transport",
        kind="name, or list of names",
        meaning=(
            "The transport that carries the mail, one of the sections `[transports.NAME]`; "
            'of several, as in `["relay", "spare"]`, a message goes by the first that works.'
        ),
        example='"outbox"',
    ),
    Setting(
        key="delivery.hours",
        kind="two clock times",
        meaning="When mail may leave, in the newsroom's time zone; `20:00-06:00` lasts over midnight.",
        example='"08:00-20:00"',
        default="(the whole day)",
    ),
    Setting(
        key="delivery.per_domain",
        kind="number",
        meaning="How many messages may be on their way to one recipient domain at once; fewer while it asks for less.",
        example="20",
        default="20",
    ),
    Setting(
        key="delivery.seeds",
        kind="list of addresses",
        meaning="Mailboxes of your own that get every edition before its readers, outside the books.",
        example='["ada@example.org"]',
        default="(none)",
    ),
    Setting(
        key="delivery.canary",
        kind="percentage",
        meaning="With which part of at least 100 readers an edition is tried first: with those who signed up first.",
        example='"1%"',
        default="(no trial)",
    ),
    Setting(
        key="delivery.canary_wait",
        kind="duration",
        meaning="How long the answers to the trial are awaited before the other readers are mailed.",
        example='"30m"',
        default='"30m"',
    ),
    Setting(
        key="delivery.canary_refused",
        kind="percentage",
        meaning="How many of the trial's readers may be refused; when there are more, the edition pauses and says so.",
        example='"5%"',
        default='"5%"',
    ),
    Setting(
        key="transports.NAME.kind",
        kind='"maildir", "smtp", "ses", "mailgun" or "postmark"',
        meaning=(
            "Whether mail is written into a folder on this machine, handed to a mail server, "
            "or to Amazon SES, Mailgun or Postmark over HTTPS."
        ),
        example='"smtp"',
    ),
    Setting(
        key="transports.NAME.path",
        kind="path",
        meaning="The Maildir of a transport of kind `maildir`, relative to the newsroom's folder.",
        example='"outbox"',
        default="(required for `maildir`)",
    ),
    Setting(
        key="transports.NAME.host",
        kind="host",
        meaning=(
            "The mail server of a transport of kind `smtp`; for a provider another host of its API, "
            "such as `api.eu.mailgun.net` for accounts in Europe."
        ),
        example='"smtp.example.org"',
        default="(required for `smtp`; else the provider's own)",
        environment=True,
    ),
    Setting(
        key="transports.NAME.port",
        kind="number",
        meaning="The port of the mail server.",
        example="587",
        default="(587 for `starttls`, 465 for `implicit`, 25 for `none`)",
        environment=True,
    ),
    Setting(
        key="transports.NAME.tls",
        kind='"starttls", "implicit" or "none"',
        meaning="How the connection is encrypted; there is no falling back to an open one.",
        example='"starttls"',
        default='"starttls"',
    ),
    Setting(
        key="transports.NAME.user",
        kind="text",
        meaning="The account on the mail server; for Amazon SES the ID of an access key.",
        example='"news"',
        default="(none; required for `ses`)",
        environment=True,
    ),
    Setting(
        key="transports.NAME.password",
        kind="secret",
        meaning=(
            "The password of that account, or the secret of the access key at Amazon, the API key at Mailgun, "
            "the token of the server at Postmark; better in the environment than in this file."
        ),
        example='"correct horse battery staple"',
        default="(none)",
        environment=True,
        secret=True,
    ),
    Setting(
        key="transports.NAME.region",
        kind="name",
        meaning="The region of Amazon in which SES sends, of a transport of kind `ses`.",
        example='"eu-west-1"',
        default="(required for `ses`)",
    ),
    Setting(
        key="transports.NAME.domain",
        kind="domain",
        meaning="The sending domain at Mailgun, of a transport of kind `mailgun`.",
        example='"mg.example.org"',
        default="(required for `mailgun`)",
    ),
    Setting(
        key="transports.NAME.stream",
        kind="text",
        meaning="The ID of the message stream at Postmark, of a transport of kind `postmark`.",
        example='"broadcast"',
        default='"broadcast"',
    ),
    Setting(
        key="transports.NAME.connections",
        kind="number",
        meaning="How many connections to the mail server or the provider may be open at once.",
        example="4",
        default="4",
    ),
    Setting(
        key="transports.NAME.messages_per_connection",
        kind="number",
        meaning="After how many messages a connection is closed and opened anew.",
        example="100",
        default="100",
    ),
    Setting(
        key="transports.NAME.chunking",
        kind="true or false",
        meaning="Whether messages travel in one write where the mail server takes that (CHUNKING, RFC 3030).",
        example="false",
        default="true",
    ),
    Setting(
        key="transports.NAME.limits",
        kind="list of limits",
        meaning=(
            "How many messages may leave in any second, minute, hour or day; all of them hold, "
            "and every program that uses the database shares them."
        ),
        example='["14/second", "50000/day"]',
        default="[]",
    ),
    Setting(
        key="transports.NAME.warm_up",
        kind="day",
        meaning=(
            "The first day of a new sending address: 200 messages leave on it, each day a fifth more than before, "
            "unless over 5 % of that day's were deferred, and 200,000 after six weeks."
        ),
        example="2026-11-24",
        default="(none)",
    ),
    Setting(
        key="transports.NAME.connect_timeout",
        kind="duration",
        meaning="How long to wait for the mail server or the provider to answer at all.",
        example='"30s"',
        default='"30s"',
    ),
    Setting(
        key="transports.NAME.command_timeout",
        kind="duration",
        meaning="How long to wait for the answer to a command (RFC 5321 §4.5.3.2 asks for 5 minutes).",
        example='"5m"',
        default='"5m"',
    ),
    Setting(
        key="transports.NAME.data_timeout",
        kind="duration",
        meaning=(
            "How long to wait for the answer to a whole message (RFC 5321 §4.5.3.2.6 asks for 10 minutes); "
            "a provider that does not answer in that time leaves the message in doubt."
        ),
        example='"10m"',
        default='"10m"',
    ),
    Setting(
        key="transports.NAME.insecure",
        kind="true or false",
        meaning="Leaves the server's certificate unchecked and allows a password without TLS; warns each time.",
        example="false",
        default="false",
    ),
)
