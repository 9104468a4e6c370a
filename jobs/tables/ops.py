"""ops: what happened to the rows."""

from jobs.tables.table import Column, Table

QUARANTINE = Table(
    name="ops.quarantine",
    grain="One row per row that was offered and not published.",
    owner="platform",
    key=(),
    kind="log",
    partitioned_by="table_name",
    columns=(
        Column("table_name", "string", "Table it was offered to.", nullable=False),
        Column("night", "date", "Night of the run that set it aside; for bronze, of the delivery.", nullable=False),
        Column(
            "reasons",
            "array<string>",
            "Promises it breaks, as column:promise; parked:column where it waits for another table.",
            nullable=False,
        ),
        Column(
            "record",
            "string",
            "The row as offered: the raw line for bronze, JSON otherwise.",
            nullable=False,
            personal=True,
        ),
        Column("file", "string", "File it came from, where one row comes from one file."),
        Column(
            "line",
            "bigint",
            "Line of the file that it begins on, from 1; of Parquet, the row. Null beyond the first 10,000 of a delivery, and of Parquet from which somebody was forgotten.",
        ),
        Column(
            "state",
            "string",
            "set_aside: broken, the rest was published; parked: waits for another table; refused: its publication was not made visible.",
            nullable=False,
        ),
        Column("part", "string", "Partition of the table it was offered to; empty for none.", nullable=False),
        Column("publication", "string", "The publication it was offered in.", nullable=False),
    ),
)
REFUSALS = Table(
    name="ops.refusals",
    grain="One row per publication that was refused; of several deliveries, one per delivery.",
    owner="platform",
    key=(),
    kind="log",
    columns=(
        Column("table_name", "string", "Table that was not published.", nullable=False),
        Column("night", "date", "Night that would have published it; for bronze, of the delivery.", nullable=False),
        Column(
            "problems",
            "array<string>",
            "Promises and limits that it breaks, and what was found.",
            nullable=False,
            personal=True,
        ),
        Column(
            "limits",
            "array<string>",
            "Names of the limits among them; empty if it breaks a promise too, which nobody can overrule.",
            nullable=False,
        ),
        Column("page", "string", "Its page in the Data Docs; empty if its columns were wrong.", nullable=False),
        Column("run", "string", "The Airflow run, or the command that offered it.", nullable=False),
        Column("code_version", "string", "The code that made it.", nullable=False),
        Column("publication", "string", "Its name, which its rows in ops.quarantine have too.", nullable=False),
        Column("refused_at", "timestamp", "When it was refused, UTC.", nullable=False),
    ),
)
FORGOTTEN = Table(
    name="ops.forgotten",
    grain="One row per person who was forgotten, and whose events are kept out since.",
    owner="platform",
    key=("person",),
    kind="log",
    columns=(
        Column(
            "person",
            "string",
            "HMAC-SHA256 of the user_id under the key REELHOUSE_FORGET_KEY, in hexadecimal: it names nobody.",
            nullable=False,
        ),
        Column("key_check", "string", "Tells the key from another; of no use otherwise.", nullable=False),
        Column(
            "first_night",
            "date",
            "Night of the person's first events in bronze; null if nothing was known of the person.",
        ),
        Column("forgotten_by", "string", "Who asked for it.", nullable=False),
        Column("forgotten_at", "timestamp", "Since when the person's events are kept out, UTC.", nullable=False),
    ),
)
