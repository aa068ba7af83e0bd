"""A second opinion on what a table must hold: Python's gzip, a split on tab, and the rules.

Written from the conversion rules alone, as slow and plain as can be.
"""

import gzip
import json
import math
import re

STRING, INT32, FLOAT64, BOOLEAN, JSON = "string", "int32", "float64", "boolean", "json"
COMMA, STX = ",", "\x02"

DATASETS = {
    "title_ratings": {"tconst": STRING, "averageRating": FLOAT64, "numVotes": INT32},
    "title_episode": {
        "tconst": STRING,
        "parentTconst": STRING,
        "seasonNumber": INT32,
        "episodeNumber": INT32,
    },
    "title_crew": {"tconst": STRING, "directors": COMMA, "writers": COMMA},
    "title_basics": {
        "tconst": STRING,
        "titleType": STRING,
        "primaryTitle": STRING,
        "originalTitle": STRING,
        "isAdult": BOOLEAN,
        "startYear": STRING,
        "endYear": STRING,
        "runtimeMinutes": INT32,
        "genres": COMMA,
    },
    "name_basics": {
        "nconst": STRING,
        "primaryName": STRING,
        "birthYear": INT32,
        "deathYear": INT32,
        "primaryProfession": COMMA,
        "knownForTitles": COMMA,
    },
    "title_akas": {
        "titleId": STRING,
        "ordering": INT32,
        "title": STRING,
        "region": STRING,
        "language": STRING,
        "types": STX,
        "attributes": STX,
        "isOriginalTitle": BOOLEAN,
    },
    "title_principals": {
        "tconst": STRING,
        "ordering": INT32,
        "nconst": STRING,
        "category": STRING,
        "job": STRING,
        "characters": JSON,
    },
}

DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Bad(Exception):
    """The field has no value of its type: stored as null (a list as empty) and counted."""


def to_int32(text):
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise Bad
    value = int(text)
    if not -(2**31) <= value < 2**31:
        raise Bad
    return value


def to_float64(text):
    if not DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
        raise Bad
    return float(text)


def to_boolean(text):
    if text not in ("0", "1"):
        raise Bad
    return text == "1"


def to_json_list(text):
    try:
        value = json.loads(text)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Bad
        "".join(value).encode()  # a lone surrogate has no UTF-8
    except ValueError as error:
        raise Bad from error
    return tuple(value)


SCALARS = {STRING: str, INT32: to_int32, FLOAT64: to_float64, BOOLEAN: to_boolean}


def convert(text, kind):
    if kind in SCALARS:
        return None if text == "\\N" else SCALARS[kind](text)
    if text in ("", "\\N"):
        return ()
    return to_json_list(text) if kind == JSON else tuple(text.split(kind))


class Table:
    """The rows an input file must give, and how many of its fields must count as failures."""

    def __init__(self, folder, name):
        self.name, self.columns = name, DATASETS[name]
        self.path = folder / f"{name.replace('_', '.', 1)}.tsv.gz"
        self.rows, self.failures, self.lines = [], {}, 0
        text = gzip.decompress(self.path.read_bytes()).decode()
        header, *lines = text.removesuffix("\n").split("\n")
        assert header.split("\t") == list(self.columns)
        for line in lines:
            self.lines += 1
            self.rows.append(self._row(line.split("\t")))

    def _row(self, fields):
        assert len(fields) == len(self.columns), "the sample has no rejected rows"
        row = []
        for text, (name, kind) in zip(fields, self.columns.items()):
            try:
                row.append(convert(text, kind))
            except Bad:
                row.append(None if kind in SCALARS else ())
                self.failures[name] = self.failures.get(name, 0) + 1
        return tuple(row)


def tables(folder):
    return {name: Table(folder, name) for name in DATASETS}
