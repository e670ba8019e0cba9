"""The taxi pipeline in Python: the plan that ``pipeline.yaml`` alone gives too, to start from when it needs more."""

from __future__ import annotations

from penstock import (
    Config,
    CsvExampleGen,
    Evaluator,
    ExampleValidator,
    LatestBlessedModel,
    LatestStatistics,
    Pipeline,
    Pusher,
    SchemaGen,
    StatisticsGen,
    Trainer,
    Transform,
)


def create_pipeline(config: Config) -> Pipeline:
    """Trips to a pushed model, by way of two gates: the data's and the model's."""
    with Pipeline(config.name) as pipeline:
        examples = CsvExampleGen(
            input_base=config.data.path, splits=config.data.splits, sample=config.data.sample or 1.0
        ).outputs["examples"]
        statistics = StatisticsGen(examples=examples).outputs["statistics"]
        schema = SchemaGen(statistics=statistics).outputs["schema"]
        earlier = LatestStatistics(other_than=statistics).outputs["statistics"]
        validator = ExampleValidator(
            statistics=statistics,
            schema=schema,
            baseline_statistics=earlier,
            examples=examples,
            **config["example_validator"],
        )
        transform = Transform(examples=examples, schema=schema, **config["transform"]).after(validator)
        model = Trainer(
            examples=transform.outputs["transformed_examples"],
            schema=schema,
            transform_graph=transform.outputs["transform_graph"],
            **config["trainer"],
        ).outputs["model"]
        baseline = LatestBlessedModel(other_than=model).outputs["model"]
        blessing = Evaluator(examples=examples, model=model, baseline_model=baseline, **config["evaluator"]).outputs[
            "blessing"
        ]
        Pusher(model=model, model_blessing=blessing, **config["pusher"])
    return pipeline
