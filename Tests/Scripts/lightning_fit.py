import argparse

import lightning as L
import torch
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, TensorDataset, random_split

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--width", type=int)
parser.add_argument("--seed", type=int)
args = parser.parse_args()
L.seed_everything(args.seed)


class Net(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(5, args.width), torch.nn.ReLU(), torch.nn.Linear(args.width, 1))

    def loss(self, batch):
        return torch.nn.functional.mse_loss(self.layers(batch[0]), batch[1])

    def training_step(self, batch, _):
        loss = self.loss(batch)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, _):
        self.log("val_loss", self.loss(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=args.lr)


x = torch.rand(256, 5)
train, val = random_split(TensorDataset(x, x.sum(1, keepdim=True)), [200, 56])
trainer = L.Trainer(max_epochs=5, logger=CSVLogger("logs"), enable_progress_bar=False, accelerator="cpu", log_every_n_steps=5)
trainer.fit(Net(), DataLoader(train, 20), DataLoader(val, 56))
