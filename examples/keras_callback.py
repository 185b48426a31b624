"""A Keras callback for Viseme: copy this file and viseme_log.py, pass `callbacks=[VisemeCallback()]`.

It reports the metrics of each epoch, and keeps a checkpoint: `model.fit(initial_epoch=...)` goes on
where an interrupted run stopped. Without it, `metrics: {stdout: keras}` reads what Keras prints.
"""
import keras

import viseme_log


class VisemeCallback(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.file = viseme_log.checkpoint_folder() / "state.weights.h5"
        self.count = self.file.with_suffix(".epoch")

    def restore(self, model):
        """Loads the last checkpoint, after `compile`; gives the epochs that are done."""
        if not self.count.exists():
            return 0
        # Without its variables, the optimizer would begin anew.
        model.optimizer.build(model.trainable_variables)
        model.load_weights(self.file)
        return int(self.count.read_text())

    def on_epoch_end(self, epoch, logs=None):
        viseme_log.log(epoch + 1, **(logs or {}))
        self.model.save_weights(self.file, overwrite=True)
        self.count.write_text(str(epoch + 1))
