"""What pipeline authors write: components, pipelines, and what a running component sees."""

from penstock.dsl.annotations import Destination, Input, InputPath, InputPaths, ModuleFile, Output
from penstock.dsl.component import Component, InputSpec, OutputSpec, ParameterSpec, Query, component, resolver
from penstock.dsl.context import Context
from penstock.dsl.data_file import data_file
from penstock.dsl.graph import Channel, Node, Outputs, Pipeline, check

__all__ = [
    "Channel",
    "Component",
    "Context",
    "Destination",
    "Input",
    "InputPath",
    "InputPaths",
    "InputSpec",
    "ModuleFile",
    "Node",
    "Output",
    "OutputSpec",
    "Outputs",
    "ParameterSpec",
    "Pipeline",
    "Query",
    "check",
    "component",
    "data_file",
    "resolver",
]
