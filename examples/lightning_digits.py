#!/usr/bin/env python3
"""A small PyTorch Lightning module that reports to Viseme and resumes to the same bits.

    pip install lightning scikit-learn safetensors
    viseme sweep examples/lightning_digits.yaml
"""
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn
from torch.nn import functional as F

import viseme_log
from lightning_logger import VisemeLogger


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
        # Lightning does not restore the random state, and begins an epoch twice when it resumes: the order
        # is made here, by seed and epoch alone.
        source = torch.Generator().manual_seed(100_000 * viseme_log.seed + self.current_epoch)
        order = torch.randperm(len(self.train_set), generator=source).tolist()
        return torch.utils.data.DataLoader(
            self.train_set, self.batch_size, sampler=order, generator=torch.Generator())

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
