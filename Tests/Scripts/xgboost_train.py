import argparse

import xgboost as xgb
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--eta", type=float, default=0.3)
parser.add_argument("--depth", type=int, default=3)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

X, y = load_diabetes(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=args.seed)
train, val = xgb.DMatrix(X_train, y_train), xgb.DMatrix(X_val, y_val)
params = {"eta": args.eta, "max_depth": args.depth, "seed": args.seed}
xgb.train(params, train, num_boost_round=15, evals=[(train, "train"), (val, "validation")])
