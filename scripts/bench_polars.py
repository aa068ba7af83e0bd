"""The yardstick of scripts/bench: what most people would write instead, in one process of Polars.

python bench_polars.py SOURCE TARGET: seven gzipped files in, seven zstd Parquet files out, with the
types that otjob gives them.
"""

import sys

import polars as pl

FILES = (
    "title.ratings title.episode title.crew title.basics name.basics title.akas title.principals"
)
INTEGERS = "numVotes seasonNumber episodeNumber runtimeMinutes birthYear deathYear ordering".split()
BOOLEANS = "isAdult isOriginalTitle".split()
COMMA_LISTS = "directors writers genres primaryProfession knownForTitles".split()
STX_LISTS = "types attributes".split()
# Anything but plain arrays of strings would make Polars' JSON reader fail: null instead.
PLAIN_ARRAY = r'^\["[^"\\]*"(,"[^"\\]*")*\]$'


def convert(name):
    column = pl.col(name)
    if name in INTEGERS:
        return column.cast(pl.Int32, strict=False)
    if name == "averageRating":
        return column.cast(pl.Float64, strict=False)
    if name in BOOLEANS:
        return column == "1"
    if name in COMMA_LISTS:
        return column.str.split(",")
    if name in STX_LISTS:
        return column.str.split("\x02")
    if name == "characters":
        plain = pl.when(column.str.contains(PLAIN_ARRAY)).then(column)
        return plain.str.json_decode(pl.List(pl.String)).alias(name)
    return column


def main():
    source, target = sys.argv[1:]
    for file in FILES.split():
        frame = pl.read_csv(
            f"{source}/{file}.tsv.gz",
            separator="\t",
            quote_char=None,
            null_values="\\N",
            infer_schema=False,
        )
        table = frame.select(convert(name) for name in frame.columns)
        table.write_parquet(f"{target}/{file}.parquet", compression="zstd", compression_level=1)


main()
