#!/usr/bin/env python3
"""A PyTorch Lightning logger for Viseme, and a small module that uses it. Not run by the tests.

    pip install lightning scikit-learn safetensors
    viseme sweep examples/lightning_digits.yaml

To use the logger in another script: copy this file and viseme_log.py, and pass
`logger=VisemeLogger()` to the Trainer. Log metrics once an epoch (`on_step=False, on_epoch=True`):
Viseme rejects a second value of a metric in one epoch.
"""
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from torch import nn
from torch.nn import functional as F

import viseme_log


class VisemeLogger(Logger):
    """Writes the metrics of each epoch to Viseme. Lightning counts epochs from 0, Viseme from 1."""

    name = "viseme"
    version = ""

    @rank_zero_only
    def log_metrics(self, metrics, step=None):
        values = {name: value for name, value in metrics.items() if name != "epoch" and not name.endswith("_step")}
        if values and "epoch" in metrics:
            viseme_log.log(int(metrics["epoch"]) + 1, **values)

    def log_hyperparams(self, params, *args, **kwargs):
        """Nothing to do: Viseme stores the configuration of the run."""


class Digits(LightningModule):
    def __init__(self, data, hidden, batch_size, lr):
        super().__init__()
        self.train_set, self.val_set = data
        self.batch_size, self.lr = batch_size, lr
        self.layers = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))
        self.losses, self.hits = [], []

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), self.lr)

    def train_dataloader(self):
        # Lightning does not restore the random state: the order depends on seed and epoch only.
        order = torch.Generator().manual_seed(100_000 * viseme_log.seed + self.current_epoch)
        return torch.utils.data.DataLoader(self.train_set, self.batch_size, shuffle=True, generator=order)

    def val_dataloader(self):
        return torch.utils.data.DataLoader(self.val_set, 256, generator=torch.Generator())

    def training_step(self, batch, _):
        loss = F.cross_entropy(self.layers(batch[0]), batch[1])
        self.losses.append(loss.detach())
        return loss

    def validation_step(self, batch, _):
        self.hits.append(self.layers(batch[0]).argmax(1) == batch[1])

    def on_validation_epoch_end(self):
        # All metrics are logged here, before the checkpoint of the epoch is written.
        self.log_dict(
            {"train_loss": torch.stack(self.losses).mean(), "val_accuracy": torch.cat(self.hits).float().mean()})
        self.losses, self.hits = [], []


def main():
    from safetensors.torch import save_file
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    config = {"hidden": 32, "batch_size": 32, "lr": 0.002, "epochs": 10} | viseme_log.config
    torch.manual_seed(viseme_log.seed)
    digits = load_digits()
    train_x, val_x, train_y, val_y = train_test_split(
        torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target), test_size=0.3,
        random_state=0, stratify=digits.target)
    data = (torch.utils.data.TensorDataset(train_x, train_y), torch.utils.data.TensorDataset(val_x, val_y))
    model = Digits(data, config["hidden"], config["batch_size"], config["lr"])
    folder = viseme_log.checkpoint_folder()
    checkpoint = ModelCheckpoint(
        folder, filename="state", save_on_train_epoch_end=True, enable_version_counter=False)
    trainer = Trainer(
        accelerator="cpu", devices=1, deterministic=True, max_epochs=config["epochs"], logger=VisemeLogger(),
        callbacks=[checkpoint], num_sanity_val_steps=0, reload_dataloaders_every_n_epochs=1,
        enable_progress_bar=False, enable_model_summary=False)
    earlier = folder / "state.ckpt"
    trainer.fit(model, ckpt_path=earlier if earlier.exists() else None)
    save_file(model.state_dict(), viseme_log.weights)  # of the last epoch


if __name__ == "__main__":
    main()
