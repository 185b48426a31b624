"""A PyTorch Lightning logger for Viseme: copy this file and viseme_log.py, and pass
`logger=VisemeLogger()` to the Trainer. Without it, `metrics: {file: '**/metrics.csv'}` reads what
Lightning's CSVLogger writes.

It reports at the end of an epoch and at a checkpoint: of a metric that was logged several times, the
last value. Lightning counts epochs from 0, Viseme from 1.
"""
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

import viseme_log


class VisemeLogger(Logger):
    name, version = "viseme", ""
    epoch, values, reported = 0, {}, set()

    @rank_zero_only
    def log_metrics(self, metrics, step=None):
        if (epoch := metrics.get("epoch", self.epoch)) != self.epoch:
            self.report()
            self.epoch, self.reported = epoch, set()
        self.values = self.values | {k: v for k, v in metrics.items() if k != "epoch"}

    @rank_zero_only
    def report(self):
        new = {k: v for k, v in self.values.items() if k not in self.reported}
        if new:
            viseme_log.log(int(self.epoch) + 1, **new)
        self.values, self.reported = {}, self.reported | set(new)

    def after_save_checkpoint(self, checkpoint_callback):
        self.report()

    def finalize(self, status):
        self.report()

    def log_hyperparams(self, params, *args, **kwargs):
        """Nothing to do: Viseme stores the configuration of the run."""
