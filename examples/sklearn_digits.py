#!/usr/bin/env python3
"""A scikit-learn trainer for Viseme: a linear classifier of digits, trained by SGD.

    pip install scikit-learn
    viseme sweep recipes/sklearn_digits.yaml

It takes hyperparameters from its arguments, and the rest through viseme_log.py.
"""
import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from viseme_log import config, log, seed

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--alpha", type=float, required=True)
arguments = parser.parse_args()

digits = load_digits()
# The split is the same for all seeds: the seed changes the training only.
train_x, val_x, train_y, val_y = train_test_split(
    digits.data / 16, digits.target, test_size=0.3, random_state=0, stratify=digits.target)
model = SGDClassifier(
    loss="log_loss", learning_rate="constant", eta0=arguments.lr, alpha=arguments.alpha, random_state=seed)
order = np.random.default_rng(seed)
for epoch in range(1, config.get("epochs", 15) + 1):
    chosen = order.permutation(len(train_x))
    model.partial_fit(train_x[chosen], train_y[chosen], classes=np.arange(10))
    val_accuracy = model.score(val_x, val_y)
    log(epoch, train_accuracy=model.score(train_x, train_y), val_accuracy=val_accuracy,
        val_loss=log_loss(val_y, model.predict_proba(val_x)))
print(f"val_accuracy {val_accuracy:.4f} after {epoch} epochs")
