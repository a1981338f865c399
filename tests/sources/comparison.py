"""Source and view, value by value: what docs/formats.md says of a value, as SQL, against what the view has.

Values are compared as the text of `jsonb`, which keeps every digit of a number: 1.10 is not 1.1.
"""

from dataclasses import dataclass, field

from psycopg import sql

KEYS = {"everything": ["tenant", "id"], "scratch": ["code", "day"]}
# What stands in a view as it is.
AS_IS = "{0}"
SAME = "to_jsonb({0})", AS_IS
TEXT = "to_jsonb({0}::text)", AS_IS
BASE64 = "to_jsonb(replace(encode({0}, 'base64'), E'\\n', ''))", AS_IS


def meant(kind, meaning):
    """SQL of the view: what a JSON value of this kind means; another one is as it is, and so are null and nothing."""
    return f"case jsonb_typeof({{0}}) when '{kind}' then to_jsonb(({{0}} #>> '{{{{}}}}')::{meaning}) else {{0}} end"


# Numbers with the same nearest binary value: the digits are the writer's choice.
REAL = "to_jsonb({0})", meant("number", "real")
DOUBLE = "to_jsonb({0})", meant("number", "double precision")
# Texts that say the same moment: the decimals are the writer's choice.
MOMENT = "to_jsonb({0})", meant("string", "timestamptz")


@dataclass
class Form:
    """How a source writes values: a type, or `table.column`, to SQL of the source and SQL of the view."""

    kinds: dict = field(default_factory=dict)

    def expressions(self, table, column, kind):
        return self.kinds.get(f"{table}.{column}") or self.kinds.get(kind) or SAME


COMMON = {
    "bytea": BASE64,
    "real": REAL,
    "double precision": DOUBLE,
    "json": ("{0}::jsonb", AS_IS),
    "jsonb": ("{0}", AS_IS),
    "int4range": TEXT,
    # numbers of one value are one key
    "scratch.code": ("to_jsonb(trim_scale({0}))", AS_IS),
}
DEBEZIUM_WITH_SCHEMA = Form(
    COMMON
    | {
        "time without time zone": ("to_jsonb(to_char({0}, 'HH24:MI:SS.US'))", AS_IS),
        "timestamp without time zone": ("to_jsonb(to_char({0}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'))", AS_IS),
        "timestamp with time zone": MOMENT,
        "interval": ("to_jsonb(make_interval(secs => extract(epoch from {0})::float8))", meant("string", "interval")),
        # where the type has no scale Debezium drops zeros at the end
        "everything.number": ("to_jsonb(trim_scale({0}))", AS_IS),
    }
)
DEBEZIUM_WITHOUT_SCHEMA = Form(
    COMMON
    | {
        # decimal.handling.mode=string
        "numeric": TEXT,
        "shop.amount": TEXT,
        "numeric[]": ("to_jsonb({0}::text[])", AS_IS),
        "scratch.code": TEXT,
        # time.precision.mode=isostring: all of UTC
        "date": ("to_jsonb({0}::text || 'Z')", AS_IS),
        "time without time zone": ("to_jsonb({0})", meant("string", "timetz::time")),
        "timestamp without time zone": ("to_jsonb({0} at time zone 'UTC')", MOMENT[1]),
        "timestamp with time zone": MOMENT,
        "interval": ("to_jsonb((extract(epoch from {0}) * 1000000)::bigint)", AS_IS),
    }
)
# The server's text, but for what JSON has.
WAL2JSON = Form(
    COMMON
    | dict.fromkeys(
        [
            "date",
            "time without time zone",
            "timestamp without time zone",
            "timestamp with time zone",
            "interval",
            "text[]",
            "integer[]",
            "numeric[]",
            "shop.amount",
        ],
        TEXT,
    )
)


def columns(source, table):
    """The columns of a source table and their types, without length and precision."""
    return source.query(
        "select attname, regexp_replace(format_type(atttypid, atttypmod), '\\(.*?\\)', '')"
        " from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        f"shop.{table}",
    )


def differences(source, target, table, form):
    """What is not equal, as sentences that name table, key, column and both values. None is what everybody wants."""
    key, of_source, of_view = KEYS.get(table, ["id"]), {}, {}
    for name, kind in columns(source, table):
        left, right = form.expressions(table, name, kind)
        place = "pk" if name in key else "data"
        of_source[name] = f"coalesce({left.format(sql.Identifier(name).as_string())}, 'null')"
        of_view[name] = right.format(f"({place} -> {sql.Literal(name).as_string()})")
    data = [name for name in of_source if name not in key]
    expected = rows(source, f"shop.{table}", key, of_source, f"array{sorted(data)!r}::text[]")
    members = 'array(select name from jsonb_object_keys(data) name order by name collate "C")'
    # before anything was written there is no view
    view, _ = target.targets().get(f"public.shop.{table}", (None, None))
    found = rows(target, view, key, of_view, members) if view else {}
    wrong = [f"{table} {row}: missing in the view" for row in sorted(expected.keys() - found.keys())]
    wrong += [f"{table} {row}: not in the source" for row in sorted(found.keys() - expected.keys())]
    for row in sorted(expected.keys() & found.keys()):
        names = [*of_source, "the names of the columns"]
        wrong += [
            f"{table} {row} {name}: {shown(left)} at the source, {shown(right)} in the view"
            for name, left, right in zip(names, expected[row], found[row], strict=True)
            if left != right
        ]
    return wrong


def rows(database, place, key, expressions, names):
    """The texts of a row's values, and the names of its columns, by the text of its key."""
    of_key = ", ".join(expressions[name] for name in key)
    values = ", ".join(f"({text})::text" for text in expressions.values())
    found = database.query(f"select jsonb_build_array({of_key})::text, array[{values}, ({names})::text] from {place}")
    by_key = dict(found)
    assert len(by_key) == len(found), f"{place} has a key twice"
    return by_key


def shown(text):
    if text is None:
        return "nothing"
    return text if len(text) < 300 else f"{text[:140]}… ({len(text)} characters) …{text[-140:]}"
