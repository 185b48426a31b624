import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np

keras.utils.set_random_seed(int(os.environ["SEED"]))
x = np.random.rand(400, 10).astype("float32")
y = (x.sum(1) > 5).astype("int32")
model = keras.Sequential([
    keras.layers.Input((10,)),
    keras.layers.Dense(int(os.environ["UNITS"]), "relu"),
    keras.layers.Dense(2, "softmax"),
])
model.compile(keras.optimizers.Adam(float(os.environ["LR"])), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=4, validation_split=0.25)
model.evaluate(x, y)
