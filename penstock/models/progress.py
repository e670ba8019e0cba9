"""Training as it goes: a Keras callback that tells the running node's `Context` of steps and metrics."""

from __future__ import annotations

import time
from typing import Any

import keras

from penstock.dsl.context import Context

__all__ = ["ProgressCallback"]

_SECONDS_BETWEEN_REPORTS = 0.25


class ProgressCallback(keras.callbacks.Callback):
    """Reports steps done as progress, and the metrics at the end of each epoch under their Keras names.

    The Trainer puts one in ``fn_args.callbacks``.

    Args:
        context: The running node.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._epoch = 0
        self._steps = 0
        self._reported = 0.0
        self._metrics: dict[str, float] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # Keras's signature
        self._steps = 0
        self._context.progress(0, self._total(), unit="steps", text="training")
        optimizer = self.model.optimizer
        if self.model.built and optimizer is not None and not optimizer.built:
            # Keras would make these variables in the first step, and TensorFlow trace that step once more for it.
            optimizer.build(self.model.trainable_variables)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        # With steps_per_execution Keras calls once for several steps, so the count comes from the batch's number.
        epoch_steps = self.params.get("steps") or 0
        self._steps = self._epoch * epoch_steps + batch + 1
        now = time.monotonic()
        if now - self._reported >= _SECONDS_BETWEEN_REPORTS:
            self._reported = now
            self._context.progress(self._steps, self._total(), unit="steps", text="training")

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for name, value in (logs or {}).items():
            self._metrics[name] = float(value)
            self._context.metric(name, float(value), step=self._steps)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._context.progress(self._steps, self._total(), unit="steps", text="trained")

    def summary(self) -> str:
        """Steps and the last metrics in one line, those of the validation data if there are any; empty if unused."""
        if not self._metrics:
            return ""
        shown = [name for name in self._metrics if name.startswith("val_")] or list(self._metrics)
        return ", ".join([f"{self._steps:,} steps", *(f"{name} {self._metrics[name]:.4f}" for name in shown)])

    def _total(self) -> int | None:
        epochs, steps = self.params.get("epochs"), self.params.get("steps")
        return epochs * steps if epochs and steps else None
