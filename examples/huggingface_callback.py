"""A Hugging Face callback for Viseme: copy this file and viseme_log.py, and pass
`callbacks=[VisemeCallback()]` to the Trainer, and `output_dir=str(viseme_log.checkpoint_folder())` to
its arguments: `trainer.train(resume_from_checkpoint=last_checkpoint())` goes on where it stopped.

Log by epochs (`logging_strategy="epoch"`): else the first loss after a resume is the mean of fewer steps.
Without it, `metrics: {stdout: huggingface}` or `{file: '**/trainer_state.json'}` do.
"""
import math

from transformers import TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

import viseme_log

TIMES = ("_runtime", "_per_second")


def last_checkpoint():
    return get_last_checkpoint(str(viseme_log.checkpoint_folder()))


class VisemeCallback(TrainerCallback):
    """Reports once an epoch: of a metric that was logged several times in it, the last value."""

    def __init__(self):
        self.values = {}

    def on_log(self, args, state, control, logs=None, **kwargs):
        self.values |= {k: v for k, v in (logs or {}).items() if k != "epoch" and not k.endswith(TIMES)}

    def on_evaluate(self, args, state, control, **kwargs):
        if self.values and state.epoch:
            viseme_log.log(math.ceil(state.epoch), **self.values)
            self.values = {}
