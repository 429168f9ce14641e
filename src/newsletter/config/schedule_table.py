"""The part of the table of settings that speaks of schedules. NAME stands for a word that the owner chooses."""

from __future__ import annotations

from newsletter.config.setting import Setting

SCHEDULE_SETTINGS: tuple[Setting, ...] = (
    Setting(
        key="schedules.NAME.at",
        kind="days and time",
        meaning=(
            'On which days and when: `"08:00"` daily, `"mon 08:00"`, `"mon,thu 08:00"`, `"mon-fri 08:00"`, '
            '`"weekdays 08:00"`, `"1,15 08:00"` on these days of each month that has them, `"last 08:00"` '
            "on the last day of each month."
        ),
        example='"mon 08:00"',
        default='("08:00" for `daily`, "mon 08:00" for `weekly`, "1 08:00" for `monthly`; required for other names)',
    ),
    Setting(
        key="schedules.NAME.cron",
        kind="cron line",
        meaning="The same as a cron line of five fields with one minute and one hour, instead of `at`.",
        example='"0 8 * * mon"',
        default="(none)",
    ),
    Setting(
        key="schedules.NAME.hour_of",
        kind='"reader" or "newsroom"',
        meaning="Whose clock: each reader's own, or that of the newsroom for all at one moment.",
        example='"reader"',
        default='"reader"',
    ),
    Setting(
        key="schedules.NAME.zone",
        kind="time zone",
        meaning="The zone of the newsroom's clock for this schedule.",
        example='"Europe/Paris"',
        default="(that of `newsroom.time_zone`)",
    ),
    Setting(
        key="schedules.NAME.topics",
        kind="list of slugs",
        meaning="Only articles on one of these topics, each with a section `[topics.SLUG]`; none means all articles.",
        example='["diplomacy"]',
        default="[]",
    ),
    Setting(
        key="schedules.NAME.language",
        kind="language tag",
        meaning="Only articles in this language, one of the newsroom's.",
        example='"fr"',
        default="(all languages)",
    ),
    Setting(
        key="schedules.NAME.template",
        kind="slug",
        meaning="Which templates of the theme: `email/TEMPLATE.html` and `email/TEMPLATE.txt`.",
        example='"digest"',
        default='"digest"',
    ),
    Setting(
        key="schedules.NAME.min",
        kind="number",
        meaning="How many articles a digest needs; fewer wait for the next one.",
        example="3",
        default="1",
    ),
    Setting(
        key="schedules.NAME.max",
        kind="number",
        meaning="How many articles a digest shows with their summaries; further ones are named at its end.",
        example="10",
        default="10",
    ),
    Setting(
        key="schedules.NAME.empty",
        kind='"skip"',
        meaning="What becomes of a digest without articles: none is sent.",
        example='"skip"',
        default='"skip"',
    ),
    Setting(
        key="schedules.NAME.subject",
        kind="text with fields",
        meaning=(
            "The subject of the email, with the fields `{newsroom}`, `{date}`, `{lead}` (the first article's title), "
            "`{number}` (of articles) and `{schedule}`."
        ),
        example='"{newsroom}, {date}: {lead}"',
        default='"{newsroom}, {date}: {lead}"',
    ),
    Setting(
        key="schedules.NAME.grace",
        kind="duration",
        meaning="How late a digest may still go out by itself; a later one is held for you.",
        example='"6h"',
        default="(that of `email.grace`)",
    ),
    Setting(
        key="schedules.NAME.hold",
        kind="duration",
        meaning="How long before its hour a digest is gathered, so that you can look at it and stop it.",
        example='"1h"',
        default="(that of `email.hold`)",
    ),
    Setting(
        key="schedules.NAME.newcomers",
        kind="number",
        meaning="How many of the latest articles the first digest of a new reader brings, at most 20.",
        example="3",
        default="0",
    ),
)
