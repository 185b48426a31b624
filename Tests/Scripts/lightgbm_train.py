import sys

import lightgbm as lgb
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

lr, leaves, seed = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
X, y = load_diabetes(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=seed)
params = {"objective": "regression", "learning_rate": lr, "num_leaves": leaves, "seed": seed, "verbose": -1}
callbacks = [lgb.log_evaluation(5), lgb.early_stopping(10)]
lgb.train(params, lgb.Dataset(X_train, y_train), 30, valid_sets=[lgb.Dataset(X_val, y_val)], callbacks=callbacks)
