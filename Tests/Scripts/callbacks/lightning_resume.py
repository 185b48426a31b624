"""The Lightning example. With CRASH=1 it ends after the second epoch of a first attempt."""
import os

from lightning.pytorch import Callback, Trainer

import lightning_digits
import viseme_log

is_resumed = (viseme_log.checkpoint_folder() / "state.ckpt").exists()


class Crash(Callback):
    def on_train_epoch_start(self, trainer, module):
        if os.environ.get("CRASH") and not is_resumed and trainer.current_epoch == 2:
            os._exit(3)


def trainer(callbacks, **options):
    return Trainer(callbacks=callbacks + [Crash()], **options)


lightning_digits.Trainer = trainer
lightning_digits.main()
