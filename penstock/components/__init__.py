"""The standard components. Each is one module: its declaration, what it does, and its documentation side by side."""

from penstock.components.big_query_example_gen import BigQueryExampleGen
from penstock.components.csv_example_gen import CsvExampleGen
from penstock.components.evaluator import Evaluator
from penstock.components.example_validator import ExampleValidator
from penstock.components.import_example_gen import ImportExampleGen
from penstock.components.import_schema_gen import ImportSchemaGen
from penstock.components.jsonl_example_gen import JsonlExampleGen
from penstock.components.latest_blessed_model import LatestBlessedModel
from penstock.components.latest_statistics import LatestStatistics
from penstock.components.latest_window import LatestWindow
from penstock.components.parquet_example_gen import ParquetExampleGen
from penstock.components.pusher import Pusher
from penstock.components.schema_gen import SchemaGen
from penstock.components.span_window import SpanWindow
from penstock.components.sql_example_gen import SqlExampleGen
from penstock.components.statistics_gen import StatisticsGen
from penstock.components.trainer import Trainer
from penstock.components.transform import Transform

__all__ = [
    "BigQueryExampleGen",
    "CsvExampleGen",
    "Evaluator",
    "ExampleValidator",
    "ImportExampleGen",
    "ImportSchemaGen",
    "JsonlExampleGen",
    "LatestBlessedModel",
    "LatestStatistics",
    "LatestWindow",
    "ParquetExampleGen",
    "Pusher",
    "SchemaGen",
    "SpanWindow",
    "SqlExampleGen",
    "StatisticsGen",
    "Trainer",
    "Transform",
]
