"""The part of the table of settings that speaks of DKIM, DNS, bounces and providers' hooks."""

from __future__ import annotations

from newsletter.config.setting import Setting

RETURNS_SETTINGS: tuple[Setting, ...] = (
    Setting(
        key="dkim.selectors",
        kind="list of selectors",
        meaning=(
            "The keys that sign every message here; each is a file `SELECTOR.pem` in `dkim.path`; "
            "`newsletter dkim keygen` makes one and prints its DNS record."
        ),
        example='["news2026", "news2026e"]',
        default="[]",
    ),
    Setting(
        key="dkim.domain",
        kind="domain",
        meaning="The domain that signs; readers' mail servers look its key up.",
        example='"example.org"',
        default="(the domain of `from`)",
    ),
    Setting(
        key="dkim.path",
        kind="path",
        meaning="Where the keys lie, relative to the newsroom's folder; to be kept out of version control.",
        example='"dkim"',
        default="(the folder `dkim`)",
    ),
    Setting(
        key="dns.addresses",
        kind="list of IP addresses",
        meaning="From which addresses your mail server sends; `doctor` looks at their names and at SPF for them.",
        example='["192.0.2.25"]',
        default="[]",
    ),
    Setting(
        key="dns.spf",
        kind="list of SPF mechanisms",
        meaning="What your mail server's owner asks you to put into the SPF record.",
        example='["include:spf.example.net"]',
        default="[]",
    ),
    Setting(
        key="dns.server",
        kind="IP address",
        meaning="The name server that `doctor` asks.",
        example='"192.0.2.53"',
        default="(that of this machine)",
    ),
    Setting(
        key="bounces.maildir",
        kind="path",
        meaning="A Maildir into which your mail server delivers what comes back to `email.bounce_domain`.",
        example='"bounces"',
        default="(none)",
    ),
    Setting(
        key="bounces.listen",
        kind="host and port of this machine",
        meaning="Where `newsletter serve` takes what comes back by LMTP or SMTP from a mail server beside it.",
        example='"127.0.0.1:8024"',
        default="(nowhere)",
    ),
    Setting(
        key="bounces.imap_host",
        kind="host",
        meaning="The IMAP server with the mailbox of what comes back.",
        example='"imap.example.org"',
        default="(none)",
    ),
    Setting(
        key="bounces.imap_port",
        kind="number",
        meaning="The port of the IMAP server.",
        example="993",
        default="993",
    ),
    Setting(
        key="bounces.imap_tls",
        kind='"implicit", "starttls" or "none"',
        meaning="How the connection to the IMAP server is encrypted.",
        example='"implicit"',
        default='"implicit"',
    ),
    Setting(
        key="bounces.imap_user",
        kind="text",
        meaning="The name to sign in to the IMAP server with.",
        example='"bounces@example.org"',
        default="(none)",
    ),
    Setting(
        key="bounces.imap_password",
        kind="text",
        meaning="The password of the IMAP user.",
        example='"…"',
        default="(none)",
        environment=True,
        secret=True,
    ),
    Setting(
        key="bounces.imap_mailbox",
        kind="text",
        meaning="Which mailbox of the IMAP user holds what comes back.",
        example='"INBOX"',
        default='"INBOX"',
    ),
    Setting(
        key="bounces.every",
        kind="duration",
        meaning="How often `newsletter serve` looks into the Maildir and the IMAP mailbox.",
        example='"5m"',
        default='"5m"',
    ),
    Setting(
        key="bounces.soft",
        kind="number",
        meaning="After how many editions that a full or failing mailbox sent back its reader counts as bounced.",
        example="5",
        default="5",
    ),
    Setting(
        key="bounces.soft_within",
        kind="duration",
        meaning="Within which time those editions have to lie.",
        example='"30d"',
        default='"30d"',
    ),
    Setting(
        key="bounces.policy",
        kind="number",
        meaning=(
            "How many reports that blame the newsroom (5.7.x) pause an edition; they never count against readers."
        ),
        example="5",
        default="5",
    ),
    Setting(
        key="hooks.ses_topic",
        kind="ARN of an SNS topic",
        meaning="Opens `/hooks/ses` for reports of Amazon SES that this SNS topic signs.",
        example='"arn:aws:sns:eu-west-1:123456789012:bounces"',
        default="(closed)",
    ),
    Setting(
        key="hooks.mailgun_key",
        kind="text",
        meaning="Opens `/hooks/mailgun` for reports signed with this HTTP webhook signing key.",
        example='"…"',
        default="(closed)",
        environment=True,
        secret=True,
    ),
    Setting(
        key="hooks.postmark_password",
        kind="text",
        meaning=(
            "Opens `/hooks/postmark` for reports with the user `postmark` and this password in their address; "
            "Postmark signs nothing."
        ),
        example='"…"',
        default="(closed)",
        environment=True,
        secret=True,
    ),
    Setting(
        key="hooks.sendgrid_key",
        kind="text",
        meaning="Opens `/hooks/sendgrid` for reports signed by this verification key, as SendGrid shows it.",
        example='"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE…"',
        default="(closed)",
    ),
)
