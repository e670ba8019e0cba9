"""Kubeflow Pipelines: a plan becomes its IR (`compile`), and each of its tasks runs one node (`launch`).

Only `compile` needs kfp (the extra ``kubeflow``), and only while it compiles: pods don't have it.
"""
