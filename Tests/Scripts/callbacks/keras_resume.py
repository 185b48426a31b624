"""Keras with the callback of examples/. With CRASH=1 it ends after the second epoch of a first attempt."""
import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np

import viseme_log
from keras_callback import VisemeCallback


class Crash(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if os.environ.get("CRASH") and first == 0 and epoch == 1:
            os._exit(3)


keras.utils.set_random_seed(viseme_log.seed)
x = np.random.rand(400, 10).astype("float32")
y = (x.sum(1) > 5).astype("int32")
model = keras.Sequential([keras.layers.Input((10,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2, "softmax")])
model.compile(
    keras.optimizers.Adam(viseme_log.config["lr"]), "sparse_categorical_crossentropy", metrics=["accuracy"])
report = VisemeCallback()
first = report.restore(model)
# The order of the clips must not depend on where training begins.
model.fit(x, y, epochs=5, initial_epoch=first, shuffle=False, validation_split=0.25, verbose=0,
          callbacks=[report, Crash()])
