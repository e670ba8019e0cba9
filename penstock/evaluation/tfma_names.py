"""TFMA's metric classes by name, so that a config is checked without the 15 s that importing TFMA takes.

Those of numbers: what needs text, images, boxes, sets or attributions is not among them, nor what gives a plot or a
sample, nor CategoricalCrossEntropy, which makes another number of labels that are classes instead of lists of 0 and 1.
A conformance test holds the table against the classes that TFMA registers.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TFMA_CLASSES", "TfmaClass"]


@dataclass(frozen=True)
class TfmaClass:
    """What is known of a metric class without loading it.

    Attributes:
        name: What TFMA calls the metric if it is given no name.
        needs: Arguments without a default.
        query: Whether it looks at the rows of a query together.
        compares: Whether it is made of both models' predictions.
        named: Whether it can be given a name; else it has several of its own.
    """

    name: str
    needs: tuple[str, ...] = ()
    query: bool = False
    compares: bool = False
    named: bool = True


TFMA_CLASSES: dict[str, TfmaClass] = {
    "AUC": TfmaClass("auc"),
    "AUCPrecisionRecall": TfmaClass("auc_precision_recall"),
    "BalancedAccuracy": TfmaClass("balanced_accuracy"),
    "BinaryAccuracy": TfmaClass("binary_accuracy"),
    "BinaryCrossEntropy": TfmaClass("binary_crossentropy"),
    "BooleanFlipRates": TfmaClass("symmetric_flip_rate", compares=True, named=False),
    "Calibration": TfmaClass("calibration"),
    "CoefficientOfDiscrimination": TfmaClass("coefficient_of_discrimination"),
    "DiagnosticOddsRatio": TfmaClass("diagnostic_odds_ratio"),
    "ExampleCount": TfmaClass("example_count"),
    "F1Score": TfmaClass("f1_score"),
    "FN": TfmaClass("fn"),
    "FNR": TfmaClass("fnr"),
    "FP": TfmaClass("fp"),
    "FPR": TfmaClass("fpr"),
    "FallOut": TfmaClass("fall_out"),
    "FalseDiscoveryRate": TfmaClass("false_discovery_rate"),
    "FalseNegatives": TfmaClass("false_negatives"),
    "FalseOmissionRate": TfmaClass("false_omission_rate"),
    "FalsePositives": TfmaClass("false_positives"),
    "FowlkesMallowsIndex": TfmaClass("fowlkes_mallows_index"),
    "Informedness": TfmaClass("informedness"),
    "Markedness": TfmaClass("markedness"),
    "MatthewsCorrelationCoefficient": TfmaClass("matthews_correlation_coefficient"),
    "MaxRecall": TfmaClass("max_recall"),
    "MeanAbsoluteError": TfmaClass("mean_absolute_error"),
    "MeanAbsolutePercentageError": TfmaClass("mean_absolute_percentage_error"),
    "MeanLabel": TfmaClass("mean_label"),
    "MeanPrediction": TfmaClass("mean_prediction"),
    "MeanSquaredError": TfmaClass("mean_squared_error"),
    "MeanSquaredLogarithmicError": TfmaClass("mean_squared_logarithmic_error"),
    "MinLabelPosition": TfmaClass("min_label_position", query=True),
    "MissRate": TfmaClass("miss_rate"),
    "ModelCosineSimilarity": TfmaClass("model_cosine_similarity", compares=True),
    "NDCG": TfmaClass("ndcg", ("gain_key", "top_k_list"), query=True),
    "NPV": TfmaClass("npv"),
    "NegToNegFlipRate": TfmaClass("neg_to_neg_flip_rate", compares=True),
    "NegToPosFlipRate": TfmaClass("neg_to_pos_flip_rate", compares=True),
    "NegativeLikelihoodRatio": TfmaClass("negative_likelihood_ratio"),
    "NegativePredictiveValue": TfmaClass("negative_predictive_value"),
    "PPV": TfmaClass("ppv"),
    "PosToNegFlipRate": TfmaClass("pos_to_neg_flip_rate", compares=True),
    "PosToPosFlipRate": TfmaClass("pos_to_pos_flip_rate", compares=True),
    "PositiveLikelihoodRatio": TfmaClass("positive_likelihood_ratio"),
    "Precision": TfmaClass("precision"),
    "PrecisionAtRecall": TfmaClass("precision_at_recall", ("recall",)),
    "PredictedPositiveRate": TfmaClass("predicted_positive_rate"),
    "Prevalence": TfmaClass("prevalence"),
    "PrevalenceThreshold": TfmaClass("prevalence_threshold"),
    "QueryStatistics": TfmaClass("total_queries", query=True, named=False),
    "Recall": TfmaClass("recall"),
    "RecallAtFalsePositiveRate": TfmaClass("recall_at_false_positive_rate", ("false_positive_rate",)),
    "RecallAtPrecision": TfmaClass("recall_at_precision", ("precision",)),
    "RelativeCoefficientOfDiscrimination": TfmaClass("relative_coefficient_of_discrimination"),
    "SensitivityAtSpecificity": TfmaClass("sensitivity_at_specificity", ("specificity",)),
    "Specificity": TfmaClass("specificity"),
    "SpecificityAtSensitivity": TfmaClass("specificity_at_sensitivity", ("sensitivity",)),
    "SquaredPearsonCorrelation": TfmaClass("squared_pearson_correlation"),
    "SymmetricFlipRate": TfmaClass("symmetric_flip_rate", compares=True),
    "SymmetricPredictionDifference": TfmaClass("symmetric_prediction_difference", compares=True),
    "TN": TfmaClass("tn"),
    "TNR": TfmaClass("tnr"),
    "TP": TfmaClass("tp"),
    "TPR": TfmaClass("tpr"),
    "ThreatScore": TfmaClass("threat_score"),
    "ThresholdAtRecall": TfmaClass("threshold_at_recall", ("recall",)),
    "TrueNegatives": TfmaClass("true_negatives"),
    "TruePositives": TfmaClass("true_positives"),
    "WeightedExampleCount": TfmaClass("weighted_example_count"),
}
