import sys

from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

lr, alpha, seed = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
X, y = load_digits(return_X_y=True)
MLPClassifier((16,), learning_rate_init=lr, alpha=alpha, max_iter=8, random_state=seed, verbose=True).fit(X / 16, y)
