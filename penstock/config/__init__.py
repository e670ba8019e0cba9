"""The shared config: one ``pipeline.yaml`` says what a pipeline is, its profiles say where it runs."""

from penstock.config.loading import CONFIG_FILE, load_config, read_values, resolved
from penstock.config.model import Config, DataConfig, Origin, Profile

__all__ = ["CONFIG_FILE", "Config", "DataConfig", "Origin", "Profile", "load_config", "read_values", "resolved"]
