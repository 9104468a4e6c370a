"""Units of time that ages of events and preferences are counted in."""

SECONDS_PER_DAY = 24 * 60 * 60
MICROS_PER_SECOND = 1_000_000
