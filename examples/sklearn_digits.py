#!/usr/bin/env python3
"""A trainer for viseme that knows nothing of it but four environment variables: scikit-learn's digits, by SGD.

    pip install scikit-learn
    viseme sweep recipes/sklearn_digits.yaml
"""
import argparse
import json
import os

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--alpha", type=float, required=True)
arguments = parser.parse_args()
config = json.loads(os.environ["VISEME_CONFIG"])
seed = int(os.environ["VISEME_SEED"])

digits = load_digits()
# The split is the same for all seeds: what the seeds move is the training.
train_x, val_x, train_y, val_y = train_test_split(
    digits.data / 16, digits.target, test_size=0.3, random_state=0, stratify=digits.target)
model = SGDClassifier(
    loss="log_loss", learning_rate="constant", eta0=arguments.lr, alpha=arguments.alpha, random_state=seed)
order = np.random.default_rng(seed)
with open(os.environ["VISEME_METRICS"], "a") as metrics:
    for epoch in range(1, config["epochs"] + 1):
        chosen = order.permutation(len(train_x))
        model.partial_fit(train_x[chosen], train_y[chosen], classes=np.arange(10))
        line = {
            "epoch": epoch,
            "train_accuracy": model.score(train_x, train_y),
            "val_accuracy": model.score(val_x, val_y),
            "val_loss": log_loss(val_y, model.predict_proba(val_x)),
        }
        print(json.dumps(line), file=metrics, flush=True)
print(f"val_accuracy {line['val_accuracy']:.4f} after {epoch} epochs")
